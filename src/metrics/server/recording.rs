//! Records `/api/v1`: one row for each request, however it ends.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use tokio::time::Instant;
use uuid::Uuid;

use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::origin::Origin;
use crate::platform::request_id::RequestId;
use crate::platform::row_writer::RowWriter;
use crate::platform::wall_clock::epoch_micros;

/// The status of a request whose client went away before the answer (as nginx counts it).
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// A duration as a number of microseconds that fits; anything above 71 minutes counts as 71 minutes.
pub(super) fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("OTHER")
}

/// Records one request. The row is written when this is dropped: hyper drops a handler in the middle when its client
/// goes away, and code after the handler would never run.
pub struct Recording<'a> {
    id: Uuid,
    arrived_at: i64,
    method: &'static str,
    route: &'static str,
    status: u16,
    origin: Origin,
    arrived: Instant,
    writer: &'a RowWriter<RecordedRequest>,
}

impl<'a> Recording<'a> {
    /// Begins to record a request. It counts as real until [`Recording::set_origin`] is called.
    pub fn begin(
        writer: &'a RowWriter<RecordedRequest>,
        (RequestId(id), arrived): (RequestId, Instant),
        method: &Method,
        route: &'static str,
    ) -> Self {
        Self {
            id,
            arrived_at: epoch_micros(),
            method: method_name(method),
            route,
            status: CLIENT_CLOSED_REQUEST,
            origin: Origin::Real,
            arrived,
            writer,
        }
    }

    /// Notes who made the request.
    pub fn set_origin(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// Notes the status of the answer.
    pub fn set_status(&mut self, status: StatusCode) {
        self.status = status.as_u16();
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        self.writer.push(RecordedRequest {
            id: self.id,
            arrived_at: self.arrived_at,
            method: Cow::Borrowed(self.method),
            route: Cow::Borrowed(self.route),
            status: self.status,
            duration_us: micros(self.arrived.elapsed()),
            origin: self.origin,
        });
    }
}
