//! The accept loop, and the way down.
//!
//! Our own loop and not `axum::serve`, which has no timeout for slow headers and waits for open
//! streams for ever.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use super::compose::{ComposeError, NotStored, STORING_AT_SHUTDOWN, Shutdown, compose};
use super::config::Config;
use super::connections::{Bounds, Connections, Place};
use super::limits::no_connection_left;
use super::origin_checks::add_headers;
use super::peer::Peer;
use super::router;
use super::settings::own_url;
use super::watched;
use super::watched::WatchedStream;
use crate::platform::database::Database;
use crate::platform::problem::write_problem;
use crate::platform::request_id::RequestId;

/// How long a client may take for the head of a request; also how long an idle connection lives.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may leave what we send unread, once the kernel's buffers are full. A live
/// stream that nobody reads must not keep its place for ever.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// The most that is buffered of a request's head, and of answers that wait for their reader; hyper's
/// own limit is 400 KiB for each connection.
const BUFFER: usize = 16 * 1024;
/// How long open answers may take once the streams have been told to end.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a client for which there is no place may take for its request, whose answer is that there is none.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// How many clients are told so at a time. The others are cut off without a word.
const REFUSALS: usize = 64;

/// Serves until `stop` is ready, then goes down in order: the generator stops and its run is
/// closed; the streams say goodbye; the server drains; the writers flush; the database is folded
/// into one file.
///
/// # Errors
/// [`ServeError`]
pub async fn run(
    config: &Config,
    database: Database,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let address = listener.local_addr().map_err(ComposeError::from)?;
    let shutdown = Shutdown::default();
    let state = compose(config, &database, address, &shutdown).await?;
    tokio::spawn(database.clone().watch_identity(shutdown.streams.clone()));
    let bounds = Bounds::new(config.max_connections, config.behind_proxy.is_some());
    let serving = tokio::spawn(accept(listener, router::build(&state), bounds, shutdown.streams.clone()));
    tracing::info!(address = %own_url(address), database = %config.database_url, version = env!("CARGO_PKG_VERSION"), cap = config.max_rps, "serving");
    if let Some(path) = state.access.one_time_path() {
        tracing::info!("log in, once, within ten minutes, at {}{path}", config.url(address));
    }
    stop.await;
    tracing::info!("going down: ending the active run");
    let deadline = Instant::now() + STORING_AT_SHUTDOWN;
    shutdown.jobs.cancel();
    let stored = state.traffic.runs.shut_down().await;
    shutdown.streams.cancel();
    if let Err(error) = serving.await {
        tracing::error!(%error, "the accept loop failed");
    }
    // What could not be stored until now is not waited for again; the write-ahead log stays for the next start.
    stored?;
    let written = async {
        state.recorder.flush().await;
        state.metrics.stopped().await;
        shutdown.background.close();
        shutdown.background.wait().await;
    };
    tokio::time::timeout_at(deadline.max(Instant::now() + SHORTEST_FLUSH), written)
        .await
        .map_err(|_| ServeError::NotFlushed)?;
    drop(state);
    database.close().await;
    tracing::info!("down");
    Ok(())
}

/// Why the server does not run, or did not end as it should. Each says what that means for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The program can't be put together.
    #[error(transparent)]
    Wiring(#[from] ComposeError),
    /// It went down, but the result of its last run could not be stored.
    #[error(transparent)]
    NotStored(#[from] NotStored),
    /// It went down, but the records of its last requests could not be written.
    #[error(
        "the database could not be written within {} s, so the newest recorded requests are lost",
        STORING_AT_SHUTDOWN.as_secs()
    )]
    NotFlushed,
}

/// How long the writers get at a shutdown in any case, also after a run that took long to be stored.
const SHORTEST_FLUSH: Duration = Duration::from_secs(1);

/// How many connections may wait to be accepted, in a burst.
const BACKLOG: u32 = 1024;

/// A listener on `address`.
///
/// # Errors
/// When the address is in use, or not one of this machine.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // So that a restart need not wait for connections that were closed a moment ago.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What can be served: answers every request, and is copied for each connection.
pub trait Served:
    Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> Served for S where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

/// Accepts connections until `stop`; then waits for open answers, but not for ever. When it returns, none of its
/// connections is left.
pub async fn accept(listener: TcpListener, app: impl Served, bounds: Bounds, stop: CancellationToken) {
    let (connections, graceful) = (Connections::new(bounds), GracefulShutdown::new());
    let (tasks, cut, refusals) = (TaskTracker::new(), CancellationToken::new(), Arc::new(Semaphore::new(REFUSALS)));
    loop {
        let (stream, peer) = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file handles, most likely: the next one may be closed soon.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        // Small answers leave at once.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection is without TCP_NODELAY");
        }
        match connections.admit(Peer::of(peer.ip()), Instant::now(), &cut) {
            Some(place) => drop(tasks.spawn(serve(stream, place, app.clone(), graceful.watcher()))),
            None => {
                tracing::debug!(%peer, "there is no place for a connection");
                if let Ok(turn) = Arc::clone(&refusals).try_acquire_owned() {
                    tasks.spawn(async move {
                        refuse(stream).await;
                        drop(turn);
                    });
                }
            }
        }
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(GOODBYE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time and are cut");
        cut.cancel();
    }
    // What was cut still writes down how its request ended; then the writers flush.
    if tokio::time::timeout(GOODBYE, tasks.wait()).await.is_err() {
        tracing::warn!("some connections could not be cut");
    }
}

/// Serves one connection until it ends or has to go.
async fn serve(stream: TcpStream, place: Place, app: impl Served, watcher: Watcher) {
    let (connection, app) = (Arc::clone(place.connection()), TowerToHyperService::new(app));
    let mut stream = TimeoutStream::new(WatchedStream::new(stream, Arc::clone(&connection)));
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let of_requests = Arc::clone(&connection);
    let service = service_fn(move |request| {
        let answer = app.call(watched::request(request, &of_requests));
        let connection = Arc::clone(&of_requests);
        async move { answer.await.map(|response| watched::response(response, connection)) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    tokio::select! {
        biased;
        () = connection.closed().cancelled() => tracing::debug!("a connection is closed to make room"),
        ended = watcher.watch(serving) => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
        }
    }
}

/// Answers one request with what its client can do, for want of a place.
async fn refuse(stream: TcpStream) {
    let full = service_fn(async |_| {
        let id = RequestId::draw();
        let mut response = write_problem(no_connection_left().into_response(), id, true).await;
        add_headers(response.headers_mut(), id, true);
        Ok::<_, Infallible>(response)
    });
    let refusing = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), full);
    if tokio::time::timeout(REFUSAL_TIMEOUT, refusing).await.is_err() {
        tracing::debug!("a client for which there is no place sent no request");
    }
}
