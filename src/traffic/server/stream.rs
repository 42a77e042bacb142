//! The live stream of a job: server-sent events, one serialisation per tick for all subscribers.
//!
//! A subscriber holds a `watch` receiver and nothing else: one that reads slowly skips frames, and
//! costs nothing. axum's own `Event` can't share finished bytes, hence the plain body.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_util::sync::CancellationToken;

use super::job::Frame;

/// The browser's wait before it connects again.
const RETRY: &str = "retry: 1000\n\n";

struct Subscriber {
    receiver: watch::Receiver<Frame>,
    shutdown: CancellationToken,
    /// Free again when the subscriber is gone.
    _place: OwnedSemaphorePermit,
    first: bool,
    over: bool,
}

impl Subscriber {
    /// The first frame at once, then each newer one until the last; ends at a shutdown.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.over {
            return None;
        }
        if !std::mem::take(&mut self.first) {
            tokio::select! {
                biased;
                // First, so that the last frame is not lost to a shutdown in the same moment.
                changed = self.receiver.changed() => changed.ok()?,
                () = self.shutdown.cancelled() => return None,
            }
        }
        let frame = self.receiver.borrow_and_update().clone();
        self.over = frame.done;
        Some((Ok(frame.bytes), self))
    }
}

/// The answer to a subscriber that last saw event `last_event_id`. 204 tells a browser that has
/// seen the end not to connect again.
pub fn respond(
    receiver: watch::Receiver<Frame>,
    headers: &HeaderMap,
    shutdown: CancellationToken,
    place: OwnedSemaphorePermit,
) -> Response {
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse::<u64>().ok());
    let (done, id) = {
        let frame = receiver.borrow();
        (frame.done, frame.id)
    };
    if done && seen == Some(id) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let subscriber = Subscriber { receiver, shutdown, _place: place, first: true, over: false };
    let hello = stream::iter([Ok(Bytes::from_static(RETRY.as_bytes()))]);
    let body = Body::from_stream(hello.chain(stream::unfold(subscriber, Subscriber::next)));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
