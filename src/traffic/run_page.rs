//! `/runs/{id}`: a run on a page of its own; live while it runs, the same page afterwards.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::engine::sides::Sides;
use super::engine::timeline::Timeline;
use super::live::LiveRun;
use super::model::Job;
use super::run_actions::RunActions;
use super::run_charts::{Details, RunCharts, unpacked};
use super::run_panel::RunPanel;
use super::run_sides::BothSides;
use super::run_tables::{EndpointTable, FailureTable};
use super::server_fns::{get_run, get_sides, get_timeline};
use crate::error::AppError;
use crate::origin::RunId;
use crate::ui::format::utc;
use crate::ui::notice::Failed;

/// `/runs/{id}`
#[component]
pub fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse::<RunId>().ok()));
    let run = Resource::new(move || id.get(), |id| async move { get_run(id.ok_or(AppError::NotFound)?).await });
    let timeline =
        Resource::new(move || id.get(), |id| async move { get_timeline(id.ok_or(AppError::NotFound)?).await });
    let sides = Resource::new(move || id.get(), |id| async move { get_sides(id.ok_or(AppError::NotFound)?).await });
    let retry = Callback::new(move |()| {
        run.refetch();
        timeline.refetch();
        sides.refetch();
    });
    view! {
        <Title text="Run · Traffic Simulator" />
        <nav class="crumbs" aria-label="Breadcrumb">
            <a href="/">"Dashboard"</a>
            <span aria-hidden="true">"/"</span>
            <a href="/runs">"Runs"</a>
            <span aria-hidden="true">"/"</span>
            <span aria-current="page">"Run"</span>
        </nav>
        <Suspense fallback=|| view! { <p class="loading">"Loading the run…"</p> }>
            {move || Suspend::new(async move {
                match (unpacked(run.await), unpacked(timeline.await), unpacked(sides.await)) {
                    (Ok(job), timeline, sides) => view! { <Run job timeline sides /> }.into_any(),
                    (Err(error), ..) => view! { <NoRun error retry /> }.into_any(),
                }
            })}
        </Suspense>
    }
    .into_any()
}

#[component]
fn Run(job: Job, timeline: Result<Timeline, AppError>, sides: Result<Sides, AppError>) -> impl IntoView {
    // Without JavaScript the page reloads itself until the run is closed.
    let reload =
        (!job.closed).then(|| view! { <noscript inner_html=r#"<meta http-equiv="refresh" content="2">"#></noscript> });
    let started = utc(job.start_time);
    let details = Details { timeline: RwSignal::new(timeline), sides: RwSignal::new(sides) };
    let run = LiveRun::follow(job);
    details.follow(run);
    view! {
        {reload}
        <h1>"Run of " {started}</h1>
        <section class="run-page" aria-label="Run">
            <RunPanel run>
                <RunActions job=run.job />
                <div class="grid">
                    <RunCharts run details />
                    <EndpointTable job=run.job />
                    <FailureTable job=run.job />
                    <BothSides run details />
                </div>
            </RunPanel>
        </section>
    }
}

#[component]
fn NoRun(error: AppError, retry: Callback<()>) -> impl IntoView {
    not_found_status(&error);
    let heading = if error == AppError::NotFound { "No such run" } else { "The run could not be loaded" };
    view! {
        <h1>{heading}</h1>
        {if error == AppError::NotFound {
            view! { <p>{error.to_string()}</p> }.into_any()
        } else {
            view! { <Failed what="No answer." why=error.to_string() retry /> }.into_any()
        }}
        <p class="actions">
            <a class="button" href="/">
                "Go to the dashboard"
            </a>
            <a class="button" href="/runs">
                "All runs"
            </a>
        </p>
    }
}

/// The status of the page's answer; nothing in the browser.
pub(super) fn not_found_status(error: &AppError) {
    if let (AppError::NotFound, Some(answer)) = (error, use_context::<crate::app::PageAnswer>()) {
        (answer.set_status)(404);
    }
}
