//! Calls that a page repeats, so that it stays fresh.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::clock::within;
use super::lifecycle::on_return;
use crate::error::AppError;

/// After this time without an answer a call is given up, so that it does not keep the next one waiting for ever.
const PATIENCE: Duration = Duration::from_secs(6);

/// The answer of a call, or that the server can't be reached if none comes within six seconds.
///
/// # Errors
/// The error of the call, or [`AppError::Unreachable`].
pub async fn answered<T>(call: impl Future<Output = Result<T, AppError>>) -> Result<T, AppError> {
    within(PATIENCE, call).await.unwrap_or(Err(AppError::Unreachable))
}

/// Calls `fetch` at an interval, which may change; `None` pauses. It never overlaps: a turn that finds the last call still
/// under way is skipped. A hidden tab makes no calls, and one that comes back makes one at once. What is returned makes a
/// call at once, too. Calls inside of `fetch` should be [`answered`]. Does nothing on the server.
pub fn poll<F>(every: Signal<Option<Duration>>, fetch: impl Fn() -> F + Copy + Send + Sync + 'static) -> Callback<()>
where
    F: Future<Output = ()> + 'static,
{
    let is_busy = StoredValue::new(false);
    let take_turn = move || {
        // The owner may be gone by now, and its values with it.
        if document().hidden() || is_busy.try_get_value().unwrap_or(true) {
            return;
        }
        is_busy.set_value(true);
        spawn_local(async move {
            fetch().await;
            is_busy.try_set_value(false);
        });
    };
    Effect::new(move |_| {
        let Some(every) = every.get() else { return };
        if let Ok(timer) = set_interval_with_handle(take_turn, every) {
            on_cleanup(move || timer.clear());
        }
        on_return(take_turn);
    });
    Callback::new(move |()| take_turn())
}
