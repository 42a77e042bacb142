//! The live stream of a job: server-sent events, one serialisation per tick for all subscribers.
//!
//! A subscriber holds a `watch` receiver and nothing else: one that reads slowly skips frames and
//! delays nobody; what waits for it is bounded by its connection's buffer, and after a while it is cut. axum's own `Event` can't share finished bytes, hence the plain body.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_util::sync::CancellationToken;

use super::live_run::Frame;

/// A comment, when there is nothing else to say for this long: a proxy cuts what is silent.
const KEEP_ALIVE: (Duration, &str) = (Duration::from_secs(15), ": keep-alive\n\n");
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
                () = tokio::time::sleep(KEEP_ALIVE.0) => {
                    return Some((Ok(Bytes::from_static(KEEP_ALIVE.1.as_bytes())), self));
                }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    fn frame(id: u64, done: bool) -> Frame {
        Frame { bytes: Bytes::from(format!("id: {id}\n\n")), id, done }
    }

    async fn subscribe(receiver: watch::Receiver<Frame>) -> impl stream::Stream<Item = String> {
        let place = Arc::new(Semaphore::new(1)).acquire_owned().await.expect("a place");
        let response = respond(receiver, &HeaderMap::new(), CancellationToken::new(), place);
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
        assert_eq!(stream.next().await.as_deref(), Some(": keep-alive\n\n"));
        assert_eq!(began.elapsed(), KEEP_ALIVE.0);
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
