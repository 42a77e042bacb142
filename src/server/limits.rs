//! How much of the users API may be busy at once.

use axum::http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::problem::Refusal;

/// How many requests to `/api/v1` may be under way.
pub const IN_FLIGHT: usize = 256;

/// A place for a request, until it is dropped.
///
/// # Errors
/// Refuses at once what is too much, instead of letting it queue. Status, stop and health are outside of it.
pub fn in_flight(places: &Semaphore) -> Result<SemaphorePermit<'_>, Refusal> {
    places.try_acquire().map_err(|_full| {
        let detail = "The API is busy with as many requests as it takes at once. Come back in a second.";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(1)
    })
}
