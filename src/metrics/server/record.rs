//! What records `/api/v1`: one row per request, whatever becomes of it.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use tokio::time::Instant;

use crate::metrics::engine::rollup::{Durations, Seconds, by_second, tallied};
use crate::metrics::engine::{Sample, Source};
use crate::origin::Origin;
use crate::platform::request_id::RequestId;
use crate::platform::row_writer::RowWriter;

/// The status of a request whose client went away before the answer (as nginx counts it).
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// A recorded request.
#[derive(Clone, Debug)]
pub struct Row {
    /// As in the answer's `x-request-id` and in the log. Says when it arrived, too.
    pub id: RequestId,
    /// The HTTP method; `OTHER` for one that is not of RFC 9110 or PATCH, so that the numbers by
    /// method stay few, whatever clients make up.
    pub method: &'static str,
    /// The route template, never the raw path.
    pub route: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// How long the answer took, in microseconds; more than 71 minutes count as that.
    pub duration: u32,
    /// Who made it.
    pub origin: Origin,
}

impl Row {
    /// When it arrived, in epoch microseconds.
    pub fn at(&self) -> i64 {
        self.id.arrival()
    }

    /// What the numbers need of it.
    pub fn sample(&self) -> Sample<'static> {
        Sample {
            at: self.at(),
            method: self.method,
            route: self.route,
            status: self.status,
            duration: self.duration,
            source: Source::from(self.origin),
        }
    }
}

/// As a number of microseconds that fits; more than 71 minutes count as that.
pub(super) fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

/// Rows to be written together, and the same by second: counted once, for all that counts.
#[derive(Debug)]
pub struct Batch<'a> {
    rows: &'a [Row],
    durations: Durations<'static>,
    seconds: Seconds<'static>,
}

impl<'a> Batch<'a> {
    /// Of these rows.
    pub fn of(rows: &'a [Row]) -> Self {
        let durations = by_second(rows.iter().map(Row::sample));
        Self { rows, seconds: tallied(&durations), durations }
    }

    /// The rows.
    pub fn rows(&self) -> &'a [Row] {
        self.rows
    }

    /// Their durations by second.
    pub fn durations(&self) -> &Durations<'static> {
        &self.durations
    }

    /// The same as tallies.
    pub fn seconds(&self) -> &Seconds<'static> {
        &self.seconds
    }
}

fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("OTHER")
}

/// Records one request: writes its row when it is dropped, because hyper drops a handler in the middle
/// when its client goes away, and what runs after the handler would never run.
pub struct Recording<'a> {
    id: RequestId,
    method: &'static str,
    route: &'static str,
    status: u16,
    origin: Origin,
    arrived: Instant,
    writer: &'a RowWriter<Row>,
}

impl<'a> Recording<'a> {
    /// Begins. The request counts as real until it is recognised as something else.
    pub fn begin(
        writer: &'a RowWriter<Row>,
        (id, arrived): (RequestId, Instant),
        method: &Method,
        route: &'static str,
    ) -> Self {
        let (method, status, origin) = (method_name(method), CLIENT_CLOSED_REQUEST, Origin::Real);
        Self { id, method, route, status, origin, arrived, writer }
    }

    /// It was made by this origin.
    pub fn recognised(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// It was answered with this status.
    pub fn answered(&mut self, status: StatusCode) {
        self.status = status.as_u16();
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        let Self { id, method, route, status, origin, arrived, writer } = *self;
        writer.push(Row { id, method, route, status, duration: micros(arrived.elapsed()), origin });
    }
}
