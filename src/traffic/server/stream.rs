//! The live stream of a job: server-sent events, one serialisation per tick for all subscribers.
//!
//! A subscriber holds a `watch` receiver and nothing else: one that reads slowly skips frames, and
//! costs nothing. axum's own `Event` can't share finished bytes, hence the plain body.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::job::Frame;

/// The browser's wait before it connects again.
const RETRY: &str = "retry: 1000\n\n";

/// The first frame at once, then each newer one until the last; ends at a shutdown.
fn frames(
    receiver: watch::Receiver<Frame>,
    shutdown: CancellationToken,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold((receiver, shutdown, false, true), |(mut receiver, shutdown, over, first)| async move {
        if over {
            return None;
        }
        if !first {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return None,
                changed = receiver.changed() => changed.ok()?,
            }
        }
        let frame = receiver.borrow_and_update().clone();
        Some((Ok(frame.bytes), (receiver, shutdown, frame.done, false)))
    })
}

/// The answer to a subscriber that last saw event `last_event_id`. 204 tells a browser that has
/// seen the end not to connect again.
pub fn respond(receiver: watch::Receiver<Frame>, headers: &HeaderMap, shutdown: CancellationToken) -> Response {
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse::<u64>().ok());
    let (done, id) = {
        let frame = receiver.borrow();
        (frame.done, frame.id)
    };
    if done && seen == Some(id) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let hello = stream::iter([Ok(Bytes::from_static(RETRY.as_bytes()))]);
    let body = Body::from_stream(futures_util::StreamExt::chain(hello, frames(receiver, shutdown)));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
