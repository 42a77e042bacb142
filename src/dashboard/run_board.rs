//! The board in the scope of a run.

use leptos::prelude::*;

use crate::error::{AppError, Loaded};
use crate::origin::RunId;
use crate::traffic::engine::timeline::Timeline;
use crate::traffic::model::Run;
use crate::traffic::outcomes::RunDetails;
use crate::traffic::page::details_feed::follow_details;
use crate::traffic::page::live_failures::LiveFailures;
use crate::traffic::page::run_feed::RunFeed;
use crate::traffic::server_fns::get_run_details;
use crate::traffic::view::endpoint_table::EndpointTable;
use crate::traffic::view::run_charts::RunCharts;
use crate::traffic::view::run_tiles::RunTiles;
use crate::ui::chart::group::ChartGroup;
use crate::ui::notice::Failed;

/// The figures of one run, as its client saw it: the run that the card shows, which may be live, or any stored one.
#[component]
pub fn RunBoard(
    /// The run of the scope.
    id: RunId,
    /// The run that the card shows.
    feed: RunFeed,
    /// The run of the scope when the page was rendered, if it was in that scope.
    first: Option<Result<RunDetails, AppError>>,
) -> impl IntoView {
    let first = first.filter(|first| first.as_ref().map_or(true, |details| details.run.job_id == id));
    let is_live = feed.run.with_untracked(|run| run.as_ref().is_some_and(|run| run.job_id == id));
    if is_live {
        let details = follow_details(feed, first.and_then(Result::ok));
        return view! { <RunFigures run=feed.shown() timeline=details.timeline.into() /> }.into_any();
    }
    let stored = RwSignal::new(first);
    Effect::new(move |_| {
        if stored.with_untracked(Option::is_none) {
            leptos::task::spawn_local(async move {
                let _ = stored.try_set(Some(get_run_details(id).await));
            });
        }
    });
    (move || match stored.get() {
        None => view! { <p class="loading">"Loading the run …"</p> }.into_any(),
        Some(Err(error)) => view! { <Failed what="The run could not be loaded." error /> }.into_any(),
        Some(Ok(RunDetails { run, timeline })) => {
            let timeline: Loaded<Timeline> = Some(Ok(timeline));
            view! { <RunFigures run=Signal::stored(run) timeline=Signal::stored(timeline) /> }.into_any()
        }
    })
    .into_any()
}

#[component]
fn RunFigures(run: Signal<Run>, timeline: Signal<Loaded<Timeline>>) -> impl IntoView {
    ChartGroup::provide();
    view! {
        <RunTiles run />
        <RunCharts run timeline />
        <EndpointTable run />
        <LiveFailures run />
    }
    .into_any()
}
