//! `/runs/{id}`: the page of a run, live while the run is active.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::run_actions::actions_html;
use super::run_details::follow_details;
use super::run_feed::RunFeed;
use super::run_panel::RunPanel;
use super::run_title::title;
use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::model::Run;
use crate::traffic::server_fns::{get_run, get_run_details};
use crate::traffic::view::run_details::RunDetails;
use crate::ui::format::utc;
use crate::ui::notice::failed;
use crate::ui::page_answer::PageAnswer;

/// `/runs/{id}`
#[component]
pub fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let id = params.read_untracked().get("id").and_then(|id| id.parse::<RunId>().ok());
    let stop_fault = use_query_map().read_untracked().get("stop").and_then(|why| AppError::of_wire_name(&why));
    let content = async move {
        match run_and_details(id).await {
            Ok((run, details)) => run_view(run, details),
            Err(error) => no_run(&error),
        }
    };
    view! {
        <Title text="Run · Traffic Simulator" />
        <nav class="crumbs" aria-label="Breadcrumb">
            <a href="/">"Dashboard"</a>
            <span aria-hidden="true">"/"</span>
            <a href="/runs">"Runs"</a>
            <span aria-hidden="true">"/"</span>
            <span aria-current="page">"Run"</span>
        </nav>
        {stop_fault.map(|why| view! { <p class="error-note" role="alert">{format!("The run was not stopped. {why}")}</p> })}
        <Suspense>{Suspend::new(content)}</Suspense>
    }
    .into_any()
}

async fn run_and_details(id: Option<RunId>) -> Result<(Run, RunDetails), AppError> {
    let id = id.ok_or(AppError::NotFound)?;
    Ok((get_run(id).await?, get_run_details(id, "all".to_owned(), true).await?))
}

fn run_view(run: Run, details: RunDetails) -> AnyView {
    // Without JavaScript the page reloads itself until the run is closed.
    let reload =
        (!run.closed).then(|| view! { <noscript inner_html=r#"<meta http-equiv="refresh" content="2">"#></noscript> });
    let guarded = use_context::<PageAnswer>().is_some_and(|answer| answer.guarded);
    let started = utc(run.start_time);
    let actions = actions_html(&run, guarded);
    view! {
        <Title text=title(&run) />
        {reload}
        <h1>"Run of " {started}</h1>
        <section class="run-page" aria-label="Run">
            <RunView run>
                <div class="actions" inner_html=actions></div>
                <div class="grid run-details" inner_html=details.charts></div>
                <div class="grid run-both-sides" inner_html=details.sides></div>
            </RunView>
        </section>
    }
    .into_any()
}

/// The interactive part of the page. It keeps its children fresh, too.
#[island]
fn RunView(
    /// The run when the page was rendered.
    run: Run,
    /// What the page shows below the panel.
    children: Children,
) -> impl IntoView {
    let feed = RunFeed::follow(run);
    follow_details(feed);
    view! { <RunPanel feed>{children()}</RunPanel> }
}

fn no_run(error: &AppError) -> AnyView {
    not_found_status(error);
    let heading = if *error == AppError::NotFound { "No such run" } else { "The run could not be loaded" };
    view! {
        <h1>{heading}</h1>
        {if *error == AppError::NotFound {
            view! { <p>{error.to_string()}</p> }.into_any()
        } else {
            failed("The server sent no run.", &error.to_string())
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
    .into_any()
}

/// Sets the HTTP status of the page to 404 if the error says that something does not exist.
pub(crate) fn not_found_status(error: &AppError) {
    if let (AppError::NotFound, Some(answer)) = (error, use_context::<PageAnswer>()) {
        (answer.set_status)(404);
    }
}
