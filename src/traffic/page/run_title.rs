//! The document's title and icon, which tell of a run also from the tab bar.

use leptos::prelude::*;
use web_sys::HtmlLinkElement;
use web_sys::wasm_bindgen::JsCast;

use super::run_feed::RunFeed;
use crate::traffic::model::{Run, Status};

/// Of a page that shows no run.
pub const TITLE: &str = "Traffic Simulator";

/// "45 % · Peak Usage".
pub fn title(job: &Run) -> String {
    let state = match job.status {
        Status::Starting | Status::Running => {
            let share = u64::from(job.stats.elapsed) / (u64::from(job.duration.max(1)) * 10);
            format!("{} %", share.min(100))
        }
        _ if job.unstored => "Not stored yet".to_owned(),
        _ if !job.closed => "Closing".to_owned(),
        Status::Completed => "Done".to_owned(),
        Status::Cancelled => "Stopped".to_owned(),
        Status::Error => "Failed".to_owned(),
    };
    format!("{state} · {}", job.scenario.title())
}

fn icon(job: &Run) -> &'static str {
    match job.status {
        Status::Starting | Status::Running => "/favicon-running.svg",
        Status::Completed | Status::Cancelled => "/favicon-done.svg",
        Status::Error => "/favicon-failed.svg",
    }
}

/// Keeps title and icon at the state of the run, and gives them back when it leaves the page. Nothing happens on the server.
pub fn follow_title(run: RunFeed) {
    let shown = Memo::new(move |_| {
        let job = run.job.read();
        (title(&job), icon(&job))
    });
    Effect::new(move |_| {
        let (title, icon) = shown.get();
        show(&title, icon);
    });
    // In an effect, which never runs on the server: there is nothing to give back.
    Effect::new(|_| on_cleanup(|| show(TITLE, "/favicon.svg")));
}

fn show(title: &str, icon: &str) {
    document().set_title(title);
    let link = document().get_element_by_id("favicon");
    if let Some(link) = link.and_then(|link| link.dyn_into::<HtmlLinkElement>().ok()) {
        link.set_href(icon);
    }
}
