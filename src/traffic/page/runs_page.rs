//! `/runs`: the history. Filter, order, page and the run to compare are in the address.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::delete_run::unreadable_runs;
use super::runs_table::{RunsTable, page_links};
use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::engine::scenario::Scenario;
use crate::traffic::history_query::HistoryQuery;
use crate::traffic::model::{Run, RunSummary, RunsPage, Status};
use crate::traffic::server_fns::{get_run, get_runs};
use crate::traffic::view::run_badge::status_label;
use crate::ui::format::utc;
use crate::ui::notice::{Empty, failed};

/// `/runs`
#[component]
pub fn HistoryPage() -> impl IntoView {
    let query = use_query_map();
    let address = HistoryQuery::of_address(|name| query.read_untracked().get(name));
    let (deletion, not_deleted) = deletion_notes(query.read_untracked().get("deletion").as_deref());
    let not_deleted_run = query.read_untracked().get("of").and_then(|id| id.parse::<RunId>().ok());
    let filter = filter(&address);
    let content = async move {
        match get_runs(address.form()).await {
            Ok(page) => {
                let elsewhere = address.a.filter(|a| page.runs.iter().all(|run| run.job_id != *a));
                let a = match elsewhere {
                    Some(a) => Some(get_run(a).await),
                    None => None,
                };
                list(page, address, a, not_deleted_run)
            }
            Err(error) => failed("The runs could not be loaded.", &error.to_string()),
        }
    };
    view! {
        <Title text="Runs · Traffic Simulator" />
        <nav class="crumbs" aria-label="Breadcrumb">
            <a href="/">"Dashboard"</a>
            <span aria-hidden="true">"/"</span>
            <span aria-current="page">"Runs"</span>
        </nav>
        <h1>"Runs"</h1>
        <section class="card" aria-label="Runs">
            {filter}
            <p class="status-note" role="status">
                {deletion}
            </p>
            {not_deleted.map(|why| view! { <p class="error-note" role="alert">{why}</p> })}
            <Suspense>{Suspend::new(content)}</Suspense>
        </section>
    }
    .into_any()
}

fn filter(address: &HistoryQuery) -> AnyView {
    let choice = |value: &'static str, text: &'static str, chosen: bool| {
        view! { <option value=value selected=chosen>{text}</option> }
    };
    let scenarios = Scenario::ALL.map(|one| choice(one.wire_name(), one.title(), address.scenario == Some(one)));
    let statuses = Status::ALL.map(|one| choice(one.wire_name(), status_label(one), address.status == Some(one)));
    // The rest of the address stays as it is.
    let others = HistoryQuery { scenario: None, status: None, cursor: None, ..address.clone() }.pairs();
    let kept = others.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> });
    view! {
        <form class="filter" method="get" action="/runs">
            {kept.collect_view()}
            <label>
                "Scenario "
                <select name="scenario">
                    {choice("", "All", false)}
                    {scenarios.collect_view()}
                </select>
            </label>
            <label>
                "State "
                <select name="status">
                    {choice("", "All", false)}
                    {statuses.collect_view()}
                </select>
            </label>
            <button class="button" type="submit">
                "Filter"
            </button>
        </form>
    }
    .into_any()
}

/// The outcome of a deletion, from its word in the address: a note, or an error message.
fn deletion_notes(outcome: Option<&str>) -> (Option<&'static str>, Option<String>) {
    match outcome {
        Some("deleted") => (Some("The run was deleted."), None),
        Some("gone") => (Some("The run had already been deleted."), None),
        Some("active") => (None, Some("The run is active. Stop it first, then delete it.".to_owned())),
        Some(why) => (None, AppError::of_wire_name(why).map(|error| format!("The run was not deleted. {error}"))),
        None => (None, None),
    }
}

/// The run that is chosen as A, if it is not in the table, as one more choice.
fn chosen_elsewhere(a: &Result<Run, AppError>, address: &HistoryQuery) -> AnyView {
    let without = HistoryQuery { a: None, ..address.clone() }.link();
    match a {
        Ok(run) => {
            let name = format!("run of {} · {}", utc(run.start_time), run.scenario.title());
            let id = run.job_id.to_string();
            let page = format!("/runs/{id}");
            view! {
                <p class="chosen">
                    <label>
                        <input type="radio" form="compare" name="a" value=id checked />
                        " A: "
                        {name}
                    </label>
                    " "
                    <a href=page>"This run's page"</a>
                    " "
                    <a href=without>"Choose another A"</a>
                </p>
            }
            .into_any()
        }
        Err(error) => {
            let why = match error {
                AppError::NotFound => "The run to compare does not exist any more.".to_owned(),
                error => format!("The run to compare could not be loaded. {error}"),
            };
            view! { <p class="error-note" role="alert">{why}" "<a href=without>"Choose another A"</a></p> }.into_any()
        }
    }
}

/// One page of the history. `elsewhere` is the run chosen as A, if it is not on this page. The deletion of
/// `not_deleted` failed, so its question stays open.
fn list(
    page: RunsPage,
    address: HistoryQuery,
    elsewhere: Option<Result<Run, AppError>>,
    not_deleted: Option<RunId>,
) -> AnyView {
    let chosen = elsewhere.as_ref().map(|a| chosen_elsewhere(a, &address));
    if page.runs.is_empty() && page.unreadable.is_empty() {
        return view! { {chosen} {no_runs(&address)} }.into_any();
    }
    let a_is_elsewhere = elsewhere.is_some_and(|a| a.is_ok());
    let (a, b) = preselected(&page.runs, address.a, a_is_elsewhere);
    let can_compare = a.is_some() && b.is_some();
    let links = page_links(&address, page.next.as_deref(), can_compare);
    let unreadable = unreadable_runs(page.unreadable, not_deleted, address.query());
    view! {
        {chosen}
        <form id="compare" method="get" action="/runs/compare"></form>
        <RunsTable runs=page.runs address a b not_deleted />
        {unreadable}
        {links}
    }
    .into_any()
}

fn no_runs(address: &HistoryQuery) -> AnyView {
    let (words, href, link) = if *address == HistoryQuery::default() {
        ("No runs yet. ", "/", "Set up the first run")
    } else {
        ("No runs match this filter. ", "/runs", "Show all runs")
    };
    view! { <Empty>{words} <a href=href>{link}</a></Empty> }.into_any()
}

/// The runs of this page that are ticked as A and B at first: the chosen A or else the second run, and the newest other one.
fn preselected(runs: &[RunSummary], a: Option<RunId>, a_is_elsewhere: bool) -> (Option<RunId>, Option<RunId>) {
    let on_page = |id: &RunId| runs.iter().any(|run| run.job_id == *id);
    let a = if a_is_elsewhere { a } else { a.filter(on_page).or_else(|| runs.get(1).map(|run| run.job_id)) };
    let b = runs.iter().map(|run| run.job_id).find(|id| Some(*id) != a);
    (a, b)
}
