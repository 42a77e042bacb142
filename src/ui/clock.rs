//! The browser's steady clock. Called in the browser only.
//!
//! Browsers slow the timers of hidden tabs down to one a minute, so nothing counts how often a timer fired: it compares
//! what this clock says.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use leptos::prelude::window;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::Promise;

/// Milliseconds since the page was opened. Setting the computer's clock does not change it.
pub fn now() -> u64 {
    window().performance().map_or(0, |clock| clock.now() as u64)
}

/// Waits. In a hidden tab it may take longer.
async fn sleep(time: Duration) {
    let millis = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    let timer = Promise::new(&mut |wake, _| {
        // It fails only where there are no timers, and then nothing is worth waiting for.
        window().set_timeout_with_callback_and_timeout_and_arguments_0(&wake, millis).ok();
    });
    // This promise is never rejected.
    JsFuture::from(timer).await.ok();
}

/// What the work results in. `None` if that takes longer than the limit: the work is dropped then, and a request that it
/// waits for is cancelled.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut timer = pin!(sleep(limit));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => timer.as_mut().poll(context).map(|()| None),
    })
    .await
}
