//! The document's title and icon, which show the state of a run in the tab bar.

use leptos::prelude::*;
use web_sys::HtmlLinkElement;
use web_sys::wasm_bindgen::JsCast;

use super::run_feed::RunFeed;
use crate::traffic::model::{Run, Status};

/// The title of a page without a run.
pub const TITLE: &str = "Traffic Simulator";

/// The title of a page with a run: "45 % · Peak Usage".
pub fn title(run: &Run) -> String {
    let state = match run.status {
        Status::Starting | Status::Running => {
            let share = u64::from(run.stats.elapsed) / (u64::from(run.duration.max(1)) * 10);
            format!("{} %", share.min(100))
        }
        _ if run.unstored => "Not stored yet".to_owned(),
        _ if !run.closed => "Closing".to_owned(),
        Status::Completed => "Completed".to_owned(),
        Status::Cancelled => "Stopped".to_owned(),
        Status::Error => "Error".to_owned(),
    };
    format!("{state} · {}", run.scenario.title())
}

fn icon(run: &Run) -> &'static str {
    match run.status {
        Status::Starting | Status::Running => "/favicon-running.svg",
        Status::Completed | Status::Cancelled => "/favicon-done.svg",
        Status::Error => "/favicon-failed.svg",
    }
}

/// Shows the state of the run in title and icon, also while the tab is hidden, and resets both when the run leaves the
/// page. Does nothing on the server.
pub fn follow_title(feed: RunFeed) {
    let shown = Memo::new(move |_| {
        feed.run.with(|run| run.as_ref().map_or((TITLE.to_owned(), "/favicon.svg"), |run| (title(run), icon(run))))
    });
    Effect::new(move |_| {
        let (title, icon) = shown.get();
        show(&title, icon);
    });
    // In an effect, because those do not run on the server, where there is nothing to reset.
    Effect::new(|_| on_cleanup(|| show(TITLE, "/favicon.svg")));
}

fn show(title: &str, icon: &str) {
    document().set_title(title);
    let link = document().get_element_by_id("favicon");
    if let Some(link) = link.and_then(|link| link.dyn_into::<HtmlLinkElement>().ok()) {
        link.set_href(icon);
    }
}
