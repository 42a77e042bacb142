//! Panics in request handlers become errors of the one request.

use std::panic::AssertUnwindSafe;

use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use super::problem::ApiError;

/// Waits for a response. If its future panics, the response is a 500, and the log gets the message of the panic.
pub async fn catching_panics(response: impl Future<Output = Response>) -> Response {
    // Unwind safe: what a handler leaves half done is its own, because all shared state is behind locks whose content is
    // consistent after each step.
    AssertUnwindSafe(response).catch_unwind().await.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let message = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        ApiError::internal(format_args!("a handler panicked: {message}")).into_response()
    })
}
