//! How much of the users API may be busy at once.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::problem::Refusal;

/// How many requests to `/api/v1` may be under way.
pub const IN_FLIGHT: usize = 256;

/// Refuses at once what is too much, instead of letting it queue. Status, stop and health are outside of it.
pub async fn in_flight(State(places): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    match places.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_full) => {
            let detail = "The API is busy with as many requests as it takes at once. Come back in a second.";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(1).into_response()
        }
    }
}
