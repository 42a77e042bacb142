//! The live stream of a run: server-sent events, serialised once per tick for all subscribers.
//!
//! A subscriber holds a `watch` receiver and nothing else. One that reads slowly skips frames and delays nobody: its
//! connection's buffer limits what waits for it, and after a while its connection is cut. The body is plain bytes,
//! because axum's own `Event` can't share them between subscribers.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_util::sync::CancellationToken;

use super::frame::Frame;

/// After this time without an event the stream sends a comment, because proxies close silent connections.
const SILENCE: Duration = Duration::from_secs(15);
/// The comment, which browsers ignore.
const KEEP_ALIVE: &str = ": keep-alive\n\n";
/// Tells the browser to wait for a second before it reconnects.
const RETRY: &str = "retry: 1000\n\n";

struct Subscriber {
    receiver: watch::Receiver<Frame>,
    shutdown: CancellationToken,
    /// Released when the subscriber is gone.
    _permit: OwnedSemaphorePermit,
    is_first: bool,
    is_over: bool,
}

impl Subscriber {
    /// The present frame at once, then each newer one until the last. A shutdown ends the stream.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.is_over {
            return None;
        }
        if !std::mem::take(&mut self.is_first) {
            tokio::select! {
                biased;
                // Comes first, so that the last frame is not lost to a shutdown at the same moment.
                changed = self.receiver.changed() => changed.ok()?,
                () = self.shutdown.cancelled() => return None,
                () = tokio::time::sleep(SILENCE) => {
                    return Some((Ok(Bytes::from_static(KEEP_ALIVE.as_bytes())), self));
                }
            }
        }
        let frame = self.receiver.borrow_and_update().clone();
        self.is_over = frame.done;
        Some((Ok(frame.bytes), self))
    }
}

/// The answer to a new or returning subscriber. 204 tells a browser that has seen the last event, by its header
/// `last-event-id`, not to reconnect.
pub fn respond(
    receiver: watch::Receiver<Frame>,
    headers: &HeaderMap,
    shutdown: CancellationToken,
    permit: OwnedSemaphorePermit,
) -> Response {
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse::<u64>().ok());
    let (done, id) = {
        let frame = receiver.borrow();
        (frame.done, frame.id)
    };
    if done && seen == Some(id) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let subscriber = Subscriber { receiver, shutdown, _permit: permit, is_first: true, is_over: false };
    let retry = stream::iter([Ok(Bytes::from_static(RETRY.as_bytes()))]);
    let body = Body::from_stream(retry.chain(stream::unfold(subscriber, Subscriber::next)));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    fn frame(id: u64, done: bool) -> Frame {
        Frame { bytes: Bytes::from(format!("id: {id}\n\n")), id, done }
    }

    async fn subscribe(receiver: watch::Receiver<Frame>) -> impl stream::Stream<Item = String> {
        let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.expect("a permit");
        let response = respond(receiver, &HeaderMap::new(), CancellationToken::new(), permit);
        let text = |part: Result<Bytes, axum::Error>| String::from_utf8(part.expect("a part").to_vec()).expect("text");
        Box::pin(response.into_body().into_data_stream().map(text))
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_is_kept_alive() {
        let (sender, receiver) = watch::channel(frame(1, false));
        let mut stream = subscribe(receiver).await;
        assert_eq!(stream.next().await.as_deref(), Some(RETRY));
        assert_eq!(stream.next().await.as_deref(), Some("id: 1\n\n"));
        let began = tokio::time::Instant::now();
        assert_eq!(stream.next().await.as_deref(), Some(KEEP_ALIVE));
        assert_eq!(began.elapsed(), SILENCE);
        sender.send_replace(frame(2, true));
        assert_eq!(stream.next().await.as_deref(), Some("id: 2\n\n"));
        assert_eq!(stream.next().await, None, "the last frame ends it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_subscribers_share_the_same_bytes_and_a_slow_one_skips() {
        let (sender, receiver) = watch::channel(frame(1, false));
        let mut receivers: Vec<_> = (0..1000).map(|_| receiver.clone()).collect();
        let made = frame(2, false);
        sender.send_replace(made.clone());
        for receiver in &mut receivers {
            assert_eq!(receiver.borrow_and_update().bytes.as_ptr(), made.bytes.as_ptr(), "no copy");
        }
        let mut slow = subscribe(receiver).await;
        (3..50).for_each(|id| drop(sender.send_replace(frame(id, false))));
        assert_eq!(slow.next().await.as_deref(), Some(RETRY));
        assert_eq!(slow.next().await.as_deref(), Some("id: 49\n\n"), "the newest one only");
    }
}
