//! `/runs/{id}`: the page of a run, live while the run is active.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map, use_url};

use super::announcer::Announcer;
use super::details_feed::follow_details;
use super::live_failures::LiveFailures;
use super::name_form::{NameForm, NamingNote};
use super::run_feed::RunFeed;
use super::run_strip::RunStrip;
use super::run_title::{follow_title, title};
use crate::error::{AppError, Loaded};
use crate::origin::RunId;
use crate::traffic::engine::sides::Sides;
use crate::traffic::model::Run;
use crate::traffic::naming::{BACK_TO_RUN, NamingForm, NamingResult};
use crate::traffic::outcomes::RunDetails;
use crate::traffic::server_fns::{get_run_details, get_sides};
use crate::traffic::view::endpoint_table::EndpointTable;
use crate::traffic::view::result_sentence::ResultSentence;
use crate::traffic::view::run_actions::RunActions;
use crate::traffic::view::run_charts::RunCharts;
use crate::traffic::view::run_settings::RunSettings;
use crate::traffic::view::run_sides::SidesCard;
use crate::traffic::view::run_tiles::RunTiles;
use crate::traffic::view::verdict_panel::VerdictPanel;
use crate::ui::card::Card;
use crate::ui::chart::group::ChartGroup;
use crate::ui::chart::table::TableLinks;
use crate::ui::connection_banner::ConnectionBanner;
use crate::ui::format::utc;
use crate::ui::notice::{Failed, Notice};
use crate::ui::page_answer::PageAnswer;
use crate::ui::tone::Tone;

/// `/runs/{id}`
#[component]
pub fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id = params.read_untracked().get("id").and_then(|id| id.parse::<RunId>().ok());
    let stop_fault = query.read_untracked().get("stop").and_then(|why| AppError::of_wire_name(&why));
    let naming = NamingResult::of_address(|name| query.read_untracked().get(name));
    let refused = id.and_then(|id| naming.as_ref()?.form_of(id));
    let tables = TableLinks::new(use_url().read_untracked().path().to_owned(), query.read_untracked().get("table"));
    let content = async move {
        let Some(id) = id else { return no_run(AppError::NotFound) };
        match get_run_details(id).await {
            Ok(details) => run_view(details, get_sides(id).await, tables, refused),
            Err(error) => no_run(error),
        }
    };
    view! {
        <Title text="Run · Traffic Simulator" />
        <NamingNote result=naming />
        {stop_fault.map(|why| view! { <Notice tone=Tone::Bad>{format!("The run was not stopped. {why}")}</Notice> })}
        <Suspense>{Suspend::new(content)}</Suspense>
    }
    .into_any()
}

fn run_view(
    details: RunDetails,
    sides: Result<Sides, AppError>,
    tables: TableLinks,
    refused: Option<NamingForm>,
) -> AnyView {
    let run = &details.run;
    // Without JavaScript the page reloads itself until the run is closed.
    let reload =
        (!run.closed).then(|| view! { <noscript inner_html=r#"<meta http-equiv="refresh" content="2">"#></noscript> });
    let guarded = use_context::<PageAnswer>().is_some_and(|answer| answer.guarded);
    // A plain form outside of the island: it is the same on every page, and the browser posts it.
    let form = view! {
        <NameForm
            run=run.job_id
            title=called(run)
            name=run.name.clone()
            note=run.note.clone()
            back=BACK_TO_RUN.to_owned()
            refused
        />
    };
    view! {
        <Title text=title(run) />
        {reload}
        <LiveRunPage details sides tables guarded />
        <div class="card run-naming">{form}</div>
    }
    .into_any()
}

/// The page of a run in the browser.
#[island]
fn LiveRunPage(
    /// The run when the page was rendered.
    details: RunDetails,
    /// Client and server compared.
    sides: Result<Sides, AppError>,
    /// The links that open the charts' tables.
    tables: TableLinks,
    /// Does the server require a token?
    guarded: bool,
) -> impl IntoView {
    provide_context(tables);
    ChartGroup::provide();
    let feed = RunFeed::new(Some(details.run.clone()));
    let first: Loaded<Sides> = Some(sides);
    let details = follow_details(feed, Some(details));
    details.sides.set(first);
    follow_title(feed);
    let run = feed.shown();
    let fault = Signal::derive(move || feed.connection.read().fault());
    view! {
        <ConnectionBanner quiet_for=feed.quiet_for() fault retry=Callback::new(move |()| feed.retry()) />
        <RunStrip feed />
        <Announcer feed />
        <RunHead run guarded />
        <div class="run-page">
            <ResultSentence run />
            <VerdictPanel run />
            <RunTiles run />
            <RunCharts run timeline=details.timeline.into() />
            <div class="grid">
                <EndpointTable run />
                <LiveFailures run />
            </div>
            <SidesCard sides=details.sides.into() />
            <Card id="settings-title" title="Settings">
                <RunSettings run />
            </Card>
        </div>
    }
    .into_any()
}

/// The run's name, or else its scenario and when it started.
fn called(run: &Run) -> String {
    run.name.clone().unwrap_or_else(|| format!("{} of {}", run.scenario.title(), utc(run.start_time)))
}

/// Name or scenario, when it ran, its note, and what can be done with it.
#[component]
fn RunHead(run: Signal<Run>, guarded: bool) -> impl IntoView {
    let heading = Memo::new(move |_| run.with(called));
    let note = Memo::new(move |_| run.with(|run| run.note.clone()));
    view! {
        <div class="page-head">
            <div>
                <nav class="crumbs" aria-label="Breadcrumb">
                    <a href="/runs">"Runs"</a>
                    <span aria-hidden="true">"/"</span>
                    <span aria-current="page">{move || run.with(|run| utc(run.start_time))}</span>
                </nav>
                <h1>{heading}</h1>
                {move || note.get().map(|note| view! { <p class="run-note">{note}</p> })}
            </div>
            <RunActions run guarded />
        </div>
    }
    .into_any()
}

fn no_run(error: AppError) -> AnyView {
    not_found_status(&error);
    let not_found = error == AppError::NotFound;
    let heading = if not_found { "No such run" } else { "The run could not be loaded" };
    view! {
        <h1>{heading}</h1>
        {if not_found {
            view! { <p>{error.to_string()}</p> }.into_any()
        } else {
            view! { <Failed what="The server sent no run." error /> }.into_any()
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
