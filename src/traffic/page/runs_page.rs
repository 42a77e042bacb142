//! `/runs`: the history. Filter, order, page and the run to compare are in the address.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::compare_choice::{CompareChoice, FORM};
use super::delete_run::unreadable_runs;
use super::name_form::NamingNote;
use super::runs_filter::RunsFilter;
use super::runs_table::{EarlierForm, RunsTable, page_links};
use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::history_query::HistoryQuery;
use crate::traffic::model::{RunSummary, RunsPage};
use crate::traffic::naming::NamingResult;
use crate::traffic::server_fns::{get_run, get_runs};
use crate::ui::notice::{Empty, Failed};

/// `/runs`
#[component]
pub fn HistoryPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let address = HistoryQuery::of_address(|name| query.get(name));
    let (deleted, not_deleted) = deletion_notes(query.get("deletion").as_deref());
    let naming = NamingResult::of_address(|name| query.get(name));
    let failed_deletion = not_deleted.as_ref().and(query.get("of"));
    let earlier =
        EarlierForm { not_deleted: failed_deletion.and_then(|id| id.parse::<RunId>().ok()), naming: naming.clone() };
    let filtered = address.clone();
    let content = async move {
        match get_runs(address.form()).await {
            Ok(page) => {
                let (pinned, page) = pin(page, address.a).await;
                view! { <RunsList page pinned address earlier /> }.into_any()
            }
            Err(error) => view! { <Failed what="The runs could not be loaded." error /> }.into_any(),
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
            <RunsFilter address=filtered />
            {deleted
                .map(|words| {
                    view! {
                        <p class="status-note" role="status">
                            {words}
                        </p>
                    }
                })}
            {not_deleted
                .map(|why| {
                    view! {
                        <p class="error-note" role="alert">
                            {why}
                        </p>
                    }
                })}
            <NamingNote result=naming />
            <Suspense>{Suspend::new(content)}</Suspense>
        </section>
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

/// The run that is chosen to be compared, or why it could not be loaded.
type Pinned = Option<Result<RunSummary, AppError>>;

/// Takes the chosen run out of the page, or loads it if it is not there.
async fn pin(mut page: RunsPage, chosen: Option<RunId>) -> (Pinned, RunsPage) {
    let Some(id) = chosen else { return (None, page) };
    let pinned = match page.runs.iter().position(|run| run.job_id == id) {
        Some(place) => Ok(page.runs.remove(place)),
        None => get_run(id).await.map(|run| RunSummary::from(&run)),
    };
    (Some(pinned), page)
}

/// One page of the history.
#[component]
fn RunsList(page: RunsPage, pinned: Pinned, address: HistoryQuery, earlier: EarlierForm) -> impl IntoView {
    let without = HistoryQuery { a: None, ..address.clone() };
    let chosen = pinned.as_ref().map(|pinned| chosen_note(pinned, &without));
    let pinned = pinned.and_then(Result::ok);
    let empty = page.runs.is_empty() && page.unreadable.is_empty();
    let nothing = empty.then(|| no_runs(&without));
    let links = page_links(&address, page.next.as_deref());
    let elsewhere = links.is_some().then(|| without.link());
    let unreadable = unreadable_runs(page.unreadable, earlier.not_deleted, address.query());
    let runs = page.runs;
    let table = (pinned.is_some() || !runs.is_empty()).then(|| {
        view! {
            <form id=FORM method="get" action="/runs/compare"></form>
            <CompareChoice elsewhere>
                <RunsTable pinned runs address earlier />
            </CompareChoice>
        }
    });
    view! {
        {chosen}
        {table}
        {nothing}
        {unreadable}
        {links}
    }
    .into_any()
}

/// Says that one run is chosen already, or why it is not.
fn chosen_note(pinned: &Result<RunSummary, AppError>, without: &HistoryQuery) -> AnyView {
    let (class, words) = match pinned {
        Ok(_) => ("help", "The first run is chosen. Tick the one to compare it with.".to_owned()),
        Err(AppError::NotFound) => ("error-note", "The run to compare does not exist any more.".to_owned()),
        Err(error) => ("error-note", format!("The run to compare could not be loaded. {error}")),
    };
    view! { <p class=class>{words}" "<a href=without.link()>"Choose another one"</a></p> }.into_any()
}

fn no_runs(address: &HistoryQuery) -> AnyView {
    let (words, href, link) = if *address == HistoryQuery::default() {
        ("No runs yet. ", "/", "Set up the first run")
    } else {
        ("No runs match this filter. ", "/runs", "Show all runs")
    };
    view! { <Empty>{words} <a href=href>{link}</a></Empty> }.into_any()
}
