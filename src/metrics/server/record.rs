//! What records `/api/v1`: one row per request, whatever becomes of it.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use tokio::time::Instant;

use crate::metrics::engine::rollup::{Seconds, by_second};
use crate::metrics::engine::{Sample, Source};
use crate::origin::Origin;
use crate::server::batch_writer::BatchWriter;
use crate::server::request_id::RequestId;

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
    /// How long the answer took.
    pub duration: Duration,
    /// Who made it.
    pub origin: Origin,
}

impl Row {
    /// When it arrived, in epoch microseconds.
    pub fn at(&self) -> i64 {
        self.id.arrival()
    }

    /// Its duration in microseconds, as it is stored; more than 71 minutes count as that.
    pub fn micros(&self) -> u32 {
        u32::try_from(self.duration.as_micros()).unwrap_or(u32::MAX)
    }

    /// What the numbers need of it.
    pub fn sample(&self) -> Sample<'_> {
        Sample {
            at: self.at(),
            method: self.method,
            route: self.route,
            status: self.status,
            duration: self.micros(),
            source: Source::from(self.origin),
        }
    }
}

/// Rows to be written together, and the same by second: counted once, for all that counts.
#[derive(Debug)]
pub struct Batch<'a> {
    rows: &'a [Row],
    seconds: Seconds<'a>,
}

impl<'a> Batch<'a> {
    /// Of these rows.
    pub fn of(rows: &'a [Row]) -> Self {
        Self { rows, seconds: by_second(rows.iter().map(Row::sample)) }
    }

    /// The rows.
    pub fn rows(&self) -> &'a [Row] {
        self.rows
    }

    /// The same by second.
    pub fn seconds(&self) -> &Seconds<'a> {
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
    /// Taken when it is written.
    row: Option<Row>,
    started: Instant,
    writer: &'a BatchWriter<Row>,
}

impl<'a> Recording<'a> {
    /// Begins. The request counts as real until it is recognised as something else.
    pub fn begin(writer: &'a BatchWriter<Row>, id: RequestId, method: &Method, route: &'static str) -> Self {
        let row = Row {
            id,
            method: method_name(method),
            route,
            status: CLIENT_CLOSED_REQUEST,
            duration: Duration::ZERO,
            origin: Origin::Real,
        };
        Self { row: Some(row), started: Instant::now(), writer }
    }

    /// It was made by this origin.
    pub fn recognised(&mut self, origin: Origin) {
        if let Some(row) = &mut self.row {
            row.origin = origin;
        }
    }

    /// It was answered with this status.
    pub fn answered(mut self, status: StatusCode) {
        if let Some(row) = &mut self.row {
            row.status = status.as_u16();
        }
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        if let Some(row) = self.row.take() {
            self.writer.push(Row { duration: self.started.elapsed(), ..row });
        }
    }
}
