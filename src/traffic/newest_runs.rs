//! The newest runs, for the dashboard.

use leptos::prelude::*;

use super::model::RunSummary;
use super::run_badge::words;
use super::runs_feed::RunsFeed;
use crate::ui::erased::live;
use crate::ui::format::{count, duration, millis, utc};
use crate::ui::notice::{Empty, Failed};
use crate::ui::table::{Cell, DataTable, heads, row};

/// How many are listed.
const LISTED: usize = 5;

/// The newest runs as a table.
#[component]
pub fn NewestRuns(
    /// Where they come from.
    feed: RunsFeed,
) -> impl IntoView {
    let state = Memo::new(move |_| feed.runs.read().as_ref().map(Vec::is_empty).map_err(ToString::to_string));
    let rows = Signal::derive(move || {
        feed.runs
            .read()
            .as_ref()
            .map(|runs| runs.iter().take(LISTED).map(run_row).collect::<String>())
            .unwrap_or_default()
    });
    let content = live(move || match state.get() {
        Err(why) => view! { <Failed what="The runs could not be loaded." why retry=feed.retry() /> }.into_any(),
        Ok(true) => {
            view! { <Empty>"No run yet. Set one up above; it stays here with its numbers and its proof."</Empty> }
                .into_any()
        }
        Ok(false) => {
            let heads = heads(["Started", "Scenario", "State", "Sent", "Failed", "p95"]);
            view! { <DataTable label="Newest runs as a table" heads rows /> }.into_any()
        }
    });
    view! {
        <section class="card newest" aria-labelledby="newest-title">
            <div class="card-head">
                <h2 id="newest-title" class="card-title">"Newest runs"</h2>
                <a href="/runs">"All runs"</a>
            </div>
            {content}
        </section>
    }
    .into_any()
}

fn run_row(run: &RunSummary) -> String {
    row([
        Cell::text(utc(run.start_time)).linked(format!("/runs/{}", run.job_id)),
        Cell::text(format!("{} · {}", run.scenario.title(), duration(run.duration))),
        Cell::badge(words(run.status, run.closed)),
        Cell::text(count(run.sent)),
        Cell::text(count(run.failed_requests)).bad(run.failed_requests > 0),
        Cell::text(millis(run.p95)),
    ])
}
