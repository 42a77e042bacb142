//! `/runs`: the history. Filter, order, page and the run that is to be compared are in the address.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::engine::scenario::Scenario;
use crate::traffic::history_query::HistoryQuery;
use crate::traffic::model::{Run, RunSummary, RunsPage, Status};
use crate::traffic::run_order::Order;
use crate::traffic::server_fns::{DeleteRun, get_run, get_runs};
use crate::traffic::view::run_badge::words;
use crate::traffic::view::settings_words::in_a_list;
use crate::traffic::view::verdict::{Tone, short};
use crate::ui::format::{count, millis, utc};
use crate::ui::notice::{Empty, failed};

/// `/runs`
#[component]
pub fn HistoryPage() -> impl IntoView {
    let query = use_query_map();
    let address = HistoryQuery::of_address(|name| query.read_untracked().get(name));
    let (deletion, not_deleted) = deletion_notes(query.read_untracked().get("deletion").as_deref());
    // Of a run that could not be deleted the question stays open.
    let asked = query.read_untracked().get("of").and_then(|id| id.parse::<RunId>().ok());
    let filter = filter(&address);
    let content = async move {
        match get_runs(address.form()).await {
            Ok(page) => {
                let elsewhere = address.a.filter(|a| page.runs.iter().all(|run| run.job_id != *a));
                let a = match elsewhere {
                    Some(a) => Some(get_run(a).await),
                    None => None,
                };
                view! { <List page address a asked /> }.into_any()
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
    let (scenario, status) = (address.scenario, address.status);
    let choice = |value: &'static str, text: &'static str, chosen: bool| view! { <option value=value selected=chosen>{text}</option> };
    // What the form does not ask for stays as it is.
    let others = HistoryQuery { scenario: None, status: None, cursor: None, ..address.clone() }.pairs();
    let kept = others.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> });
    view! {
        <form class="filter" method="get" action="/runs">
            {kept.collect_view()}
            <label>
                "Scenario "
                <select name="scenario">
                    {choice("", "All", false)}
                    {Scenario::ALL.map(|one| choice(one.wire_name(), one.title(), scenario == Some(one))).collect_view()}
                </select>
            </label>
            <label>
                "State "
                <select name="status">
                    {choice("", "All", false)}
                    {Status::ALL.map(|one| choice(one.wire_name(), one.wire_name(), status == Some(one))).collect_view()}
                </select>
            </label>
            <button class="button" type="submit">
                "Filter"
            </button>
        </form>
    }
    .into_any()
}

/// What came of a deletion, as the address has it: a note, or why the run is still there.
fn deletion_notes(outcome: Option<&str>) -> (Option<&'static str>, Option<String>) {
    match outcome {
        Some("deleted") => (Some("The run is deleted."), None),
        Some("gone") => (Some("The run was deleted already."), None),
        Some("active") => (None, Some("The run is active; stop it first, and delete it then.".to_owned())),
        Some(why) => (None, AppError::of_wire_name(why).map(|error| format!("The run was not deleted. {error}"))),
        None => (None, None),
    }
}

/// The run that is to be compared with another one, when it is not on this page, as one more choice for A.
fn chosen_elsewhere(a: &Result<Run, AppError>, address: &HistoryQuery) -> AnyView {
    let without = HistoryQuery { a: None, ..address.clone() }.link();
    match a {
        Ok(job) => {
            let words = format!("run of {} · {}", utc(job.start_time), job.scenario.title());
            let (id, run) = (job.job_id.to_string(), format!("/runs/{}", job.job_id));
            view! {
                <p class="chosen">
                    <label>
                        <input type="radio" form="compare" name="a" value=id checked />
                        " A: "
                        {words}
                    </label>
                    " "
                    <a href=run>"This run's page"</a>
                    " "
                    <a href=without>"Choose another A"</a>
                </p>
            }
            .into_any()
        }
        Err(error) => {
            let why = match error {
                AppError::NotFound => "The run that was to be compared is not there any more.".to_owned(),
                error => format!("The run that is to be compared could not be loaded. {error}"),
            };
            view! { <p class="error-note" role="alert">{why}" "<a href=without>"Choose another A"</a></p> }.into_any()
        }
    }
}

#[component]
fn List(
    page: RunsPage,
    address: HistoryQuery,
    /// The run that is to be compared, when it is not on this page.
    a: Option<Result<Run, AppError>>,
    /// The run whose deletion was asked for and failed.
    asked: Option<RunId>,
) -> impl IntoView {
    let runs = page.runs;
    let chosen = a.as_ref().map(|a| chosen_elsewhere(a, &address));
    if runs.is_empty() && page.unreadable.is_empty() {
        let filtered = address != HistoryQuery::default();
        let next = if filtered { ("/runs", "Show all runs") } else { ("/", "Set up the first run") };
        return view! {
            {chosen}
            <Empty>
                {if filtered { "No run fits. " } else { "No run yet. " }} <a href=next.0>{next.1}</a>
            </Empty>
        }
        .into_any();
    }
    let elsewhere = a.as_ref().is_some_and(Result::is_ok);
    let on_page = |id: &RunId| runs.iter().any(|run| run.job_id == *id);
    let a = match elsewhere {
        true => address.a,
        false => address.a.filter(on_page).or_else(|| runs.get(1).map(|run| run.job_id)),
    };
    let b = runs.iter().map(|run| run.job_id).find(|id| Some(*id) != a);
    let head = |order: Order| order_head(&address, order);
    let next = page.next.and_then(|next| next.parse().ok());
    let next = next.map(|next| HistoryQuery { cursor: Some(next), ..address.clone() }.link());
    let first = address.cursor.map(|_| HistoryQuery { cursor: None, ..address.clone() }.link());
    let (first_words, next_words) = match (address.order, address.ascending) {
        (Order::Started, false) => ("Newest", "Older"),
        _ => ("First page", "Next page"),
    };
    let several_pages = next.is_some() || first.is_some();
    let back = address.query();
    let unreadable_back = back.clone();
    let rows = runs.into_iter().map(|run| {
        let (is_a, is_b, open) = (a == Some(run.job_id), b == Some(run.job_id), asked == Some(run.job_id));
        view! { <Row run is_a is_b open back=back.clone() /> }
    });
    let several = b.is_some() && a.is_some();
    let unreadable = unreadable(page.unreadable, asked, &unreadable_back);
    view! {
        {chosen}
        <form id="compare" method="get" action="/runs/compare"></form>
        <div class="table-scroll" role="region" tabindex="0" aria-label="Runs as a table">
            <table class="runs-table">
                <thead>
                    <tr>
                        <th scope="col">"A"</th>
                        <th scope="col">"B"</th>
                        {head(Order::Started)}
                        <th scope="col">"Scenario"</th>
                        <th scope="col">"State"</th>
                        {head(Order::Sent)}
                        {head(Order::Failed)}
                        {head(Order::P95)}
                        <th scope="col">"Verdict"</th>
                        <th scope="col">
                            <span class="visually-hidden">"Delete"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
        {unreadable}
        <div class="actions">
            {several.then(|| view! { <button class="button" type="submit" form="compare">"Compare A and B"</button> })}
            {(several && several_pages)
                .then(|| {
                    view! {
                        <button class="button" type="submit" form="compare" formaction="/runs">
                            "Keep A, choose B on another page"
                        </button>
                    }
                })}
            {first.map(|link| view! { <a class="button" href=link>{first_words}</a> })}
            {next.map(|link| view! { <a class="button" href=link>{next_words}</a> })}
        </div>
    }
    .into_any()
}

/// Stored runs of which only the name is known.
fn unreadable(runs: Vec<RunId>, asked: Option<RunId>, back: &str) -> Option<impl IntoView> {
    let item = |run: RunId| {
        let name = format!("run {run}");
        view! {
            <li>
                <code>{run.to_string()}</code>
                " "
                <Delete id=run.to_string() name open=asked == Some(run) back=back.to_owned() />
            </li>
        }
    };
    let items = (!runs.is_empty()).then(|| runs.into_iter().map(item).collect_view());
    items.map(|items| {
        view! {
            <section class="unreadable" aria-label="Runs that can't be read">
                <p class="error-note">"These stored runs can't be read: they are damaged, or of a newer version of this program."</p>
                <ul>{items}</ul>
            </section>
        }
    })
}

fn order_head(address: &HistoryQuery, order: Order) -> impl IntoView + use<> {
    let sorted = match (address.order == order, address.ascending) {
        (false, _) => None,
        (true, true) => Some("ascending"),
        (true, false) => Some("descending"),
    };
    view! {
        <th scope="col" aria-sort=sorted>
            <a class="order" href=address.ordered_by(order).link()>
                {order.title()}
                <span aria-hidden="true">{sorted.map(|sorted| if sorted == "ascending" { " ▲" } else { " ▼" })}</span>
            </a>
        </th>
    }
}

#[component]
fn Row(
    run: RunSummary,
    is_a: bool,
    is_b: bool,
    /// Its deletion failed: the question stays open.
    open: bool,
    /// The query of this page.
    back: String,
) -> impl IntoView {
    let (id, started, words) =
        (run.job_id.to_string(), utc(run.start_time), words(run.status, run.closed, run.unstored));
    let tone = if run.failed_requests > 0 { "bad" } else { "" };
    let verdict = short(&run);
    let verdict_tone = if verdict.tone == Tone::Bad { "bad" } else { "" };
    let name = format!("{} of {started}", run.scenario.title());
    let deletion = run.closed.then(|| view! { <Delete id=id.clone() name open back /> });
    let radio = |name: &'static str, checked: bool| {
        let label = format!("{} is run {}", started, name.to_uppercase());
        view! { <input type="radio" form="compare" name=name value=id.clone() checked=checked aria-label=label /> }
    };
    view! {
        <tr>
            <td>{radio("a", is_a)}</td>
            <td>{radio("b", is_b)}</td>
            <th scope="row">
                <a href=format!("/runs/{id}")>{started.clone()}</a>
            </th>
            <td>{in_a_list(&run)}</td>
            <td>
                <span class="badge" data-state=words.0>{words.1}</span>
            </td>
            <td>{count(run.sent)}</td>
            <td data-tone=tone>{count(run.failed_requests)}</td>
            <td>{millis(run.p95)}</td>
            <td data-tone=verdict_tone>{verdict.text()}</td>
            <td>{deletion}</td>
        </tr>
    }
}

/// A deletion takes two presses: one that opens, one that deletes. Also without JavaScript.
#[component]
fn Delete(id: String, name: String, open: bool, back: String) -> impl IntoView {
    view! {
        <details class="confirm" open=open>
            <summary aria-label=format!("Delete {name} …")>"Delete …"</summary>
            <form method="post" action=DeleteRun::url()>
                <input type="hidden" name="job_id" value=id />
                <input type="hidden" name="back" value=back />
                <button class="button danger" type="submit">
                    "Delete for good"
                </button>
            </form>
        </details>
    }
}
