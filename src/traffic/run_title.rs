//! The document's title and icon, which tell of a run also from the tab bar.

use leptos::prelude::*;
use leptos_meta::Title;
use web_sys::HtmlLinkElement;
use web_sys::wasm_bindgen::JsCast;

use super::model::{Job, Status};

/// "45 % · Peak Usage".
fn title(job: &Job) -> String {
    let state = match job.status {
        Status::Starting | Status::Running => {
            let share = u64::from(job.stats.elapsed) / (u64::from(job.duration.max(1)) * 10);
            format!("{} %", share.min(100))
        }
        _ if !job.closed => "Closing".to_owned(),
        Status::Completed => "Done".to_owned(),
        Status::Cancelled => "Stopped".to_owned(),
        Status::Error => "Failed".to_owned(),
    };
    format!("{state} · {}", job.scenario.title())
}

const IDLE: &str = "/favicon.svg";

fn icon(job: &Job) -> &'static str {
    match job.status {
        Status::Starting | Status::Running => "/favicon-running.svg",
        Status::Completed | Status::Cancelled => "/favicon-done.svg",
        Status::Error => "/favicon-failed.svg",
    }
}

/// Keeps title and icon at the state of the run, and gives them back when it leaves the page.
#[component]
pub fn RunTitle(
    /// The run.
    job: RwSignal<Job>,
) -> impl IntoView {
    let text = Memo::new(move |_| title(&job.read()));
    let icon = Memo::new(move |_| icon(&job.read()));
    Effect::new(move |_| set_icon(icon.get()));
    // In an effect, which never runs on the server: there is no icon to give back.
    Effect::new(|_| on_cleanup(|| set_icon(IDLE)));
    view! { <Title text=move || text.get() /> }
}

fn set_icon(path: &str) {
    let link = document().get_element_by_id("favicon");
    if let Some(link) = link.and_then(|link| link.dyn_into::<HtmlLinkElement>().ok()) {
        link.set_href(path);
    }
}
