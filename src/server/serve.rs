//! The accept loop, and the way down.
//!
//! Our own loop and not `axum::serve`, which has no timeout for slow headers and waits for open
//! streams for ever.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::config::Config;
use super::database::Database;
use super::peer::FromPeer;
use super::router;
use super::settings::own_url;
use super::wiring::{Shutdown, WiringError, connect};

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

/// Serves until `stop` is ready, then goes down in order: the generator stops and its run is
/// closed; the streams say goodbye; the server drains; the writers flush; the database is folded
/// into one file.
///
/// # Errors
/// [`WiringError`], when the program can't be put together.
pub async fn run(
    config: &Config,
    database: Database,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), WiringError> {
    let address = listener.local_addr()?;
    let shutdown = Shutdown::default();
    let state = connect(config, &database, address, &shutdown).await?;
    let places = Arc::new(Semaphore::new(config.max_connections as usize));
    let serving = tokio::spawn(accept(listener, router::build(&state), places, shutdown.streams.clone()));
    tracing::info!(address = %own_url(address), database = %config.database_url, version = env!("CARGO_PKG_VERSION"), cap = config.max_rps, "serving");
    if let Some(path) = state.access.one_time_path() {
        tracing::info!("log in, once, within ten minutes, at {}{path}", config.url(address));
    }
    stop.await;
    tracing::info!("going down: ending the active run");
    shutdown.jobs.cancel();
    state.traffic.jobs.shut_down().await;
    shutdown.streams.cancel();
    if let Err(error) = serving.await {
        tracing::error!(%error, "the accept loop failed");
    }
    state.recorder.flush().await;
    state.metrics.stopped().await;
    drop(state);
    database.close().await;
    tracing::info!("down");
    Ok(())
}

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
    Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> Served for S where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

/// Accepts connections until `stop`; then waits for open answers, but not for ever.
pub async fn accept(listener: TcpListener, app: impl Served, places: Arc<Semaphore>, stop: CancellationToken) {
    let connections = GracefulShutdown::new();
    loop {
        // One connection too many waits in the listener's queue until another one ends.
        let place = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
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
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_TIMEOUT));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(BUFFER)
            .serve_connection(
                TokioIo::new(Box::pin(stream)),
                TowerToHyperService::new(FromPeer::new(app.clone(), peer.ip())),
            );
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(GOODBYE, connections.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time and are cut");
    }
}
