//! Parts of a page that the server renders and the browser keeps fresh by fetching their HTML again.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::chart::reader::Reader;
use super::patch::patch;

/// What makes a page fetch its HTML again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The interval is over.
    Timer,
    /// Somebody wants to read the points of one more chart.
    Reader,
}

/// Calls `refresh` at every interval while the tab is visible, and at once when the points of a chart are wanted. A timer
/// that finds the last call still running skips its turn. Goes on as long as the page lives. Called in the browser only.
pub fn keep_fresh<F>(interval: Duration, refresh: impl Fn(Trigger) -> F + Copy + 'static)
where
    F: Future<Output = ()> + 'static,
{
    let running = StoredValue::new(false);
    let on_timer = move || {
        if document().hidden() || running.get_value() {
            return;
        }
        running.set_value(true);
        spawn_local(async move {
            refresh(Trigger::Timer).await;
            running.set_value(false);
        });
    };
    set_interval(on_timer, interval);
    Reader::on_more_wanted(move || spawn_local(refresh(Trigger::Reader)));
}

/// Replaces what has changed in the first element that `selector` matches. Called in the browser only.
pub fn replace(selector: &str, html: &str) {
    if let Ok(Some(element)) = document().query_selector(selector) {
        patch(&element, html);
        Reader::refresh(&element);
    }
}
