//! What the tests of several views and pages show.

use uuid::Uuid;

use crate::metrics::log_model::LoggedRequest;

/// A real request that was answered with 200 after a millisecond.
pub(crate) fn request(number: u128) -> LoggedRequest {
    LoggedRequest {
        request_id: Uuid::from_u128(number),
        at: 0,
        method: "GET".into(),
        route: "/x".into(),
        status: 200,
        duration: 1.0,
        run: None,
        seq: None,
    }
}
