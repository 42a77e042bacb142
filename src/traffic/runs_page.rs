//! `/runs`: the history. Filter, order and page are in the address.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::engine::scenario::Scenario;
use super::model::{RunSummary, RunsPage, Status};
use super::run_badge::words;
use super::runs_query::{Order, RunsAddress};
use super::server_fns::{DeleteRun, get_runs};
use super::settings_words::in_a_list;
use super::verdict::{Tone, short};
use crate::origin::RunId;
use crate::ui::format::{count, millis, utc};
use crate::ui::notice::{Empty, failed};

/// `/runs`
#[component]
pub fn HistoryPage() -> impl IntoView {
    let query = use_query_map();
    let address = RunsAddress::read(|name| query.read_untracked().get(name));
    let deletion = query.read_untracked().get("deletion").map(|outcome| deletion_words(&outcome));
    let filter = filter(&address);
    let content = async move {
        match get_runs(address.form()).await {
            Ok(page) => view! { <List page address /> }.into_any(),
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
            <Suspense>{Suspend::new(content)}</Suspense>
        </section>
    }
    .into_any()
}

fn filter(address: &RunsAddress) -> AnyView {
    let (scenario, status) = (address.scenario, address.status);
    let choice = |value: &'static str, text: &'static str, chosen: bool| view! { <option value=value selected=chosen>{text}</option> };
    view! {
        <form class="filter" method="get" action="/runs">
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

/// What came of a deletion, as the address has it.
fn deletion_words(outcome: &str) -> &'static str {
    match outcome {
        "deleted" => "The run is deleted.",
        "active" => "The run is active; stop it first, and delete it then.",
        "gone" => "The run was deleted already.",
        _ => "",
    }
}

#[component]
fn List(page: RunsPage, address: RunsAddress) -> impl IntoView {
    let mut runs = page.runs;
    if runs.is_empty() && page.unreadable.is_empty() {
        let filtered = address != RunsAddress::default();
        let next = if filtered { ("/runs", "Show all runs") } else { ("/", "Set up the first run") };
        return view! {
            <Empty>
                {if filtered { "No run fits. " } else { "No run yet. " }} <a href=next.0>{next.1}</a>
            </Empty>
        }
        .into_any();
    }
    address.sort(&mut runs);
    let a = address.a.filter(|a| runs.iter().any(|run| run.job_id == *a)).or_else(|| runs.get(1).map(|run| run.job_id));
    let b = runs.iter().map(|run| run.job_id).find(|id| Some(*id) != a);
    let head = |order: Order| order_head(&address, order);
    let next = page.next.map(|next| RunsAddress { cursor: Some(next), ..address.clone() }.link());
    let newest = address.cursor.map(|_| RunsAddress { cursor: None, ..address.clone() }.link());
    let rows = runs.into_iter().map(|run| {
        let (is_a, is_b) = (a == Some(run.job_id), b == Some(run.job_id));
        view! { <Row run is_a is_b /> }
    });
    let several = b.is_some() && a.is_some();
    let unreadable = unreadable(page.unreadable);
    view! {
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
            {newest.map(|link| view! { <a class="button" href=link>"Newest"</a> })}
            {next.map(|link| view! { <a class="button" href=link>"Older"</a> })}
        </div>
    }
    .into_any()
}

/// Stored runs of which only the name is known.
fn unreadable(runs: Vec<RunId>) -> Option<impl IntoView> {
    let item = |run: RunId| {
        let name = format!("run {run}");
        view! {
            <li>
                <code>{run.to_string()}</code>
                " "
                <Delete id=run.to_string() name />
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

fn order_head(address: &RunsAddress, order: Order) -> impl IntoView + use<> {
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
fn Row(run: RunSummary, is_a: bool, is_b: bool) -> impl IntoView {
    let (id, started, words) =
        (run.job_id.to_string(), utc(run.start_time), words(run.status, run.closed, run.unstored));
    let tone = if run.failed_requests > 0 { "bad" } else { "" };
    let verdict = short(&run);
    let verdict_tone = if verdict.tone == Tone::Bad { "bad" } else { "" };
    let deletion =
        run.closed.then(|| view! { <Delete id=id.clone() name=format!("{} of {started}", run.scenario.title()) /> });
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
fn Delete(id: String, name: String) -> impl IntoView {
    view! {
        <details class="confirm">
            <summary aria-label=format!("Delete {name} …")>"Delete …"</summary>
            <form method="post" action=DeleteRun::url()>
                <input type="hidden" name="job_id" value=id />
                <button class="button danger" type="submit">
                    "Delete for good"
                </button>
            </form>
        </details>
    }
}
