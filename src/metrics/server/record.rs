//! The record layer around `/api/v1`: one row per request, whatever becomes of it.

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use uuid::Uuid;

use crate::origin::{Origin, OriginTag};
use crate::server::batch_writer::BatchWriter;
use crate::server::database::epoch_micros;
use crate::server::request_id::RequestId;

/// The status of a request whose client went away before the answer (as nginx counts it).
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// A recorded request.
#[derive(Clone, Debug)]
pub struct Row {
    /// When it arrived, in epoch microseconds.
    pub at: i64,
    /// The HTTP method.
    pub method: String,
    /// The route template, never the raw path.
    pub route: String,
    /// The HTTP status.
    pub status: u16,
    /// How long the answer took.
    pub duration: Duration,
    /// Who made it.
    pub origin: Origin,
    /// As in the answer's `x-request-id` and in the log.
    pub request_id: Option<Uuid>,
}

/// Writes its row when it is dropped: hyper drops a handler in the middle when its client goes
/// away, and what runs after the handler would never run.
struct Recording {
    row: Row,
    started: Instant,
    tag: OriginTag,
    writer: BatchWriter<Row>,
}

impl Drop for Recording {
    fn drop(&mut self) {
        let mut row = self.row.clone();
        row.duration = self.started.elapsed();
        row.origin = self.tag.get();
        self.writer.push(row);
    }
}

/// The layer. Outside of everything that may refuse or fail, so that refusals and panics have a row too.
pub async fn record(State(writer): State<BatchWriter<Row>>, mut request: Request, next: Next) -> Response {
    let tag = OriginTag::default();
    request.extensions_mut().insert(tag.clone());
    let route = request.extensions().get::<MatchedPath>().map_or("(no such path)", MatchedPath::as_str);
    let mut recording = Recording {
        row: Row {
            at: epoch_micros(),
            method: request.method().to_string(),
            route: route.to_owned(),
            status: CLIENT_CLOSED_REQUEST,
            duration: Duration::ZERO,
            origin: Origin::Real,
            request_id: request.extensions().get::<RequestId>().map(|id| id.0),
        },
        started: Instant::now(),
        tag,
        writer,
    };
    let response = next.run(request).await;
    recording.row.status = response.status().as_u16();
    response
}
