//! The accept loop, and the steps of a shutdown.
//!
//! This is not `axum::serve`, which has no timeout for slow headers and waits for open streams for ever.

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

use super::compose::{ComposeError, Composition, NotStored, STORING_AT_SHUTDOWN, Shutdown, compose};
use super::config::Config;
use super::connections::{AdmittedConnection, Bounds, Connections};
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

/// How long a client may take for the head of a request, and how long an idle connection stays open.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may leave what we send unread, once the kernel's buffers are full. A live stream that nobody reads
/// must not keep its place for ever.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// How many bytes are buffered of a request's head, and of responses that wait for their reader. hyper's own limit is
/// 400 KiB for each connection.
const BUFFER: usize = 16 * 1024;
/// How long open responses may take once the streams have been told to end.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a client that gets no connection may take for its request, which is answered with the reason.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// How many clients get such an answer at the same time. Further ones are disconnected without an answer.
const REFUSALS: usize = 64;
/// How long the writers may take at a shutdown in any case, even after a run that took long to be stored.
const SHORTEST_FLUSH: Duration = Duration::from_secs(1);
/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Why the server does not run, or did not end as it should. Each text says what that means for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The program can't be put together.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The server has shut down, but the result of its last run could not be stored.
    #[error(transparent)]
    NotStored(#[from] NotStored),
    /// The server has shut down, but the records of its last requests could not be written.
    #[error(
        "the database could not be written within {} s, so the newest recorded requests are lost",
        STORING_AT_SHUTDOWN.as_secs()
    )]
    NotFlushed,
}

/// Serves until `stop` is ready, and then shuts down in this order: the active run is ended and stored, the streams end,
/// the connections drain, the writers flush, the database is closed.
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
    let composition = compose(config, &database, address, &shutdown).await?;
    tokio::spawn(database.clone().watch_identity(shutdown.streams.clone()));
    let bounds = Bounds::new(config.max_connections, config.behind_proxy.is_some());
    let serving = tokio::spawn(accept(listener, router::build(&composition), bounds, shutdown.streams.clone()));
    log_start(config, address, &composition);
    stop.await;
    tracing::info!("shutting down: the active run is ended");
    let deadline = Instant::now() + STORING_AT_SHUTDOWN;
    shutdown.runs.cancel();
    let stored = composition.traffic.runs.shut_down().await;
    shutdown.streams.cancel();
    if let Err(error) = serving.await {
        tracing::error!(%error, "the accept loop failed");
    }
    // If the run is not stored by now, the write-ahead log is left for the next start.
    stored?;
    let deadline = deadline.max(Instant::now() + SHORTEST_FLUSH);
    tokio::time::timeout_at(deadline, composition.flush(&shutdown)).await.map_err(|_| ServeError::NotFlushed)?;
    drop(composition);
    database.close().await;
    tracing::info!("shut down");
    Ok(())
}

fn log_start(config: &Config, address: SocketAddr, composition: &Composition) {
    let database = &config.database_url;
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(address = %own_url(address), %database, version, cap = config.cap, "serving");
    if let Some(path) = composition.site.access.one_time_path() {
        tracing::info!("log in, once, within ten minutes, at {}{path}", config.url(address));
    }
}

/// A listener on `address`.
///
/// # Errors
/// If the address is in use, or is none of this machine.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Otherwise a restart would have to wait for connections that were closed a moment ago.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A service that answers every request, and is cloned for each connection.
pub trait HttpService:
    Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> HttpService for S where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

/// Accepts connections until `stop`, and then waits a limited time for open responses. When it returns, no connection is
/// open.
pub async fn accept(listener: TcpListener, service: impl HttpService, bounds: Bounds, stop: CancellationToken) {
    let connections = Connections::new(bounds);
    let graceful = GracefulShutdown::new();
    let tasks = TaskTracker::new();
    let cut = CancellationToken::new();
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    while let Some((stream, address)) = next_connection(&listener, &stop).await {
        match connections.admit(Peer::of(address.ip()), Instant::now(), &cut) {
            Some(admitted) => {
                tasks.spawn(serve(stream, admitted, service.clone(), graceful.watcher()));
            }
            None => {
                tracing::debug!(%address, "there is no place for a connection");
                if let Ok(permit) = Arc::clone(&refusals).try_acquire_owned() {
                    tasks.spawn(async move {
                        refuse(stream).await;
                        drop(permit);
                    });
                }
            }
        }
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time and are cut");
        cut.cancel();
    }
    // The tasks of cut connections still record how their requests ended; the writers flush after that.
    if tokio::time::timeout(DRAIN_TIMEOUT, tasks.wait()).await.is_err() {
        tracing::warn!("some connections could not be cut");
    }
}

/// The next connection. `None` after `stop`.
async fn next_connection(listener: &TcpListener, stop: &CancellationToken) -> Option<(TcpStream, SocketAddr)> {
    loop {
        match stop.run_until_cancelled(listener.accept()).await? {
            Ok((stream, address)) => {
                // Small responses leave at once.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection is without TCP_NODELAY");
                }
                return Some((stream, address));
            }
            Err(error) => {
                // Most likely all file handles are in use, and one is closed soon.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Serves one connection until it ends or has to be closed.
async fn serve(stream: TcpStream, admitted: AdmittedConnection, service: impl HttpService, watcher: Watcher) {
    let connection = Arc::clone(&admitted.0);
    let mut stream = TimeoutStream::new(WatchedStream { stream, connection: Arc::clone(&connection) });
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let service = TowerToHyperService::new(service);
    let shared = Arc::clone(&connection);
    let service = service_fn(move |request| {
        let response = service.call(watched::request(request, &shared));
        let connection = Arc::clone(&shared);
        async move { response.await.map(|response| watched::response(response, connection)) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    tokio::select! {
        biased;
        () = connection.state.closed.cancelled() => tracing::debug!("a connection is closed to make room"),
        ended = watcher.watch(serving) => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
        }
    }
}

/// Answers one request with the reason why there is no connection for its client.
async fn refuse(stream: TcpStream) {
    let full = service_fn(async |_| {
        let id = RequestId::generate();
        let mut response = write_problem(no_connection_left().into_response(), id, true).await;
        add_headers(response.headers_mut(), id, true);
        Ok::<_, Infallible>(response)
    });
    let refusing = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), full);
    if tokio::time::timeout(REFUSAL_TIMEOUT, refusing).await.is_err() {
        tracing::debug!("a client that gets no connection sent no request");
    }
}
