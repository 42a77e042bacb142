//! Asking the server again and again, while somebody looks.

use std::pin::Pin;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

/// A question under way. It takes its own answer.
pub type Asking = Pin<Box<dyn Future<Output = ()>>>;

/// Asks every so often while the tab is visible, until the owner is gone. A question that is still open
/// is not asked twice. Nothing happens on the server.
pub fn poll(every: Duration, ask: impl Fn() -> Asking + Send + Sync + 'static) {
    poll_boxed(every, Box::new(ask));
}

fn poll_boxed(every: Duration, ask: Box<dyn Fn() -> Asking + Send + Sync>) {
    let open = StoredValue::new(false);
    let ask = StoredValue::new(ask);
    let tick = move || {
        if document().hidden() || open.try_get_value() != Some(false) {
            return;
        }
        open.set_value(true);
        let Some(asking) = ask.try_with_value(|ask| ask()) else { return };
        spawn_local(async move {
            asking.await;
            // The page may have been left meanwhile.
            let _left = open.try_set_value(false);
        });
    };
    Effect::new(move |_| {
        if let Ok(timer) = set_interval_with_handle(tick, every) {
            on_cleanup(move || timer.clear());
        }
    });
}
