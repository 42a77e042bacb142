//! Asking the server again and again, while somebody looks.

use std::pin::Pin;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

/// A question under way. It takes its own answer.
pub type Asking = Pin<Box<dyn Future<Output = ()>>>;

/// Asks every so often while the tab is visible, as long as the page lives. A question that is still open is not asked
/// twice. Called in the browser only.
pub fn poll(every: Duration, ask: impl Fn() -> Asking + Send + Sync + 'static) {
    let open = StoredValue::new(false);
    set_interval(
        move || {
            if document().hidden() || open.get_value() {
                return;
            }
            open.set_value(true);
            let asking = ask();
            spawn_local(async move {
                asking.await;
                open.set_value(false);
            });
        },
        every,
    );
}
