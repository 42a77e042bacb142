//! How much of the users API may be busy at once: of all together, and of each peer.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::peer::Peer;
use super::per_peer::{PerPeer, UnderWay};
use crate::platform::problem::{ApiError, read_body};

/// How many requests to `/api/v1` may be under way, of all peers together.
const IN_FLIGHT: usize = 256;
/// How many bodies one peer may be sending.
const BODIES: u32 = 64;
/// How many writes of one peer may be under way.
const WRITES: u32 = 64;

/// What is busy.
#[derive(Debug)]
pub struct Limits {
    places: Semaphore,
    bodies: PerPeer,
    writes: PerPeer,
}

/// A place in the users API, until it is dropped.
#[derive(Debug)]
pub struct Admitted<'a> {
    _place: SemaphorePermit<'a>,
    _write: Option<UnderWay<'a>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { places: Semaphore::new(IN_FLIGHT), bodies: PerPeer::new(BODIES), writes: PerPeer::new(WRITES) }
    }
}

impl Limits {
    /// The same request with all of its body, so that no place is taken while a client sends slowly. It counts as the
    /// peer's; `None`: nowhere.
    ///
    /// # Errors
    /// A body that is too large or too slow, or one too many of its peer, is refused.
    pub async fn with_body(&self, peer: Option<Peer>, request: Request) -> Result<Request, ApiError> {
        if request.body().is_end_stream() {
            return Ok(request);
        }
        let too_many = || busy(format!("{BODIES} requests of this address are still sending their bodies."));
        let _being_read = peer.map(|peer| self.bodies.begin(peer).ok_or_else(too_many)).transpose()?;
        let (parts, body) = request.into_parts();
        let bytes = read_body(Request::from_parts(parts.clone(), body)).await?;
        Ok(Request::from_parts(parts, Body::from(bytes)))
    }

    /// A place for a request of this peer.
    ///
    /// # Errors
    /// Refuses at once what is too much, instead of letting it queue. Status, stop and health are outside of it.
    pub fn admit(&self, peer: Peer, request: &Request) -> Result<Admitted<'_>, ApiError> {
        let too_many = || busy(format!("{WRITES} writes of this address are under way."));
        let writes = !request.method().is_safe();
        let write = writes.then(|| self.writes.begin(peer).ok_or_else(too_many)).transpose()?;
        let full = |_| busy("The API is busy with as many requests as it takes at once.".to_owned());
        Ok(Admitted { _place: self.places.try_acquire().map_err(full)?, _write: write })
    }
}

/// What is said to a client for which there is no connection left.
pub fn no_connection_left() -> ApiError {
    busy("The server has as many connections as it takes, and answers all of them.".to_owned())
}

fn busy(why: String) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, format!("{why} Come back in a second.")).retry_after(1)
}
