//! Limits on what the users API does at the same time, for all peers together and for each of them.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::peer::Peer;
use super::per_peer::{PerPeer, UnderWay};
use crate::platform::extract::read_body;
use crate::platform::problem::ApiError;

/// How many requests to `/api/v1` may be in flight, of all peers together.
const IN_FLIGHT: usize = 256;
/// How many bodies one peer may be sending.
const BODIES: u32 = 64;
/// How many writes of one peer may be under way.
const WRITES: u32 = 64;

/// The limits of the users API, and what counts against them now.
#[derive(Debug)]
pub struct Limits {
    in_flight: Semaphore,
    bodies: PerPeer,
    writes: PerPeer,
}

/// A request that was admitted. It counts against the limits until this is dropped.
#[derive(Debug)]
pub struct Admitted<'a> {
    _in_flight: SemaphorePermit<'a>,
    _write: Option<UnderWay<'a>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { in_flight: Semaphore::new(IN_FLIGHT), bodies: PerPeer::new(BODIES), writes: PerPeer::new(WRITES) }
    }
}

impl Limits {
    /// Reads the whole body of a request, so that a client that sends slowly takes no place in the API. `peer` is whose
    /// limit it counts against, if any.
    ///
    /// # Errors
    /// If the body is too large or too slow, or if the peer is sending too many bodies.
    pub async fn with_body(&self, peer: Option<Peer>, request: Request) -> Result<Request, ApiError> {
        if request.body().is_end_stream() {
            return Ok(request);
        }
        let too_many = || busy(format!("{BODIES} requests of this address are still sending their bodies."));
        let _under_way = peer.map(|peer| self.bodies.begin(peer).ok_or_else(too_many)).transpose()?;
        let (parts, body) = request.into_parts();
        let bytes = read_body(Request::from_parts(parts.clone(), body)).await?;
        Ok(Request::from_parts(parts, Body::from(bytes)))
    }

    /// Admits a request of this peer.
    ///
    /// # Errors
    /// If a limit is reached. The request is refused at once, instead of waiting in a queue.
    pub fn admit(&self, peer: Peer, request: &Request) -> Result<Admitted<'_>, ApiError> {
        let too_many = || busy(format!("{WRITES} writes of this address are under way."));
        let writes = !request.method().is_safe();
        let write = writes.then(|| self.writes.begin(peer).ok_or_else(too_many)).transpose()?;
        let full = |_| busy("The API is busy with as many requests as it takes at once.".to_owned());
        Ok(Admitted { _in_flight: self.in_flight.try_acquire().map_err(full)?, _write: write })
    }
}

/// The error for a client for which there is no connection left.
pub fn no_connection_left() -> ApiError {
    busy("The server has as many connections as it takes, and answers all of them.".to_owned())
}

fn busy(why: String) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, format!("{why} Come back in a second.")).retry_after(1)
}
