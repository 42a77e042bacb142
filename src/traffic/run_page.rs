//! `/runs/{id}`: a run on a page of its own; live while it runs, the same page afterwards.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::model::Job;
use super::run_panel::RunPanel;
use super::server_fns::get_run;
use crate::error::AppError;
use crate::origin::RunId;

/// `/runs/{id}`
#[component]
pub fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse::<RunId>().ok()));
    let run = Resource::new(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => get_run(id).await,
                None => Err(AppError::NotFound),
            }
        },
    );
    view! {
        <Title text="Run · Traffic Simulator" />
        <nav class="crumbs" aria-label="Breadcrumb">
            <a href="/">"Dashboard"</a>
            " / "
            <span aria-current="page">"Run"</span>
        </nav>
        <Suspense fallback=|| view! { <p class="loading">"Loading the run…"</p> }>
            {move || Suspend::new(async move {
                match run.await {
                    Ok(job) => view! { <Run job /> }.into_any(),
                    Err(error) => view! { <NoRun error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Run(job: Job) -> impl IntoView {
    // Without JavaScript the page reloads itself until the run is closed.
    let reload =
        (!job.closed).then(|| view! { <noscript inner_html=r#"<meta http-equiv="refresh" content="2">"#></noscript> });
    view! {
        {reload}
        <h1>"Run"</h1>
        <section class="card" aria-label="Run">
            <RunPanel first=job />
        </section>
        <p>
            <a class="button" href="/">
                "Set up another run"
            </a>
        </p>
    }
}

#[component]
fn NoRun(error: AppError) -> impl IntoView {
    not_found_status(&error);
    view! {
        <h1>"No such run"</h1>
        <p>{error.to_string()}</p>
        <p>
            <a class="button" href="/">
                "Go to the dashboard"
            </a>
        </p>
    }
}

/// The status of the page's answer; nothing in the browser.
fn not_found_status(error: &AppError) {
    if let (AppError::NotFound, Some(answer)) = (error, use_context::<crate::app::PageAnswer>()) {
        (answer.set_status)(404);
    }
}
