//! The table of the history, with its links to other orders and pages.

use leptos::prelude::*;

use super::delete_run::DeleteRunForm;
use crate::origin::RunId;
use crate::traffic::history_query::{HistoryQuery, Order};
use crate::traffic::model::RunSummary;
use crate::traffic::view::run_badge::badge;
use crate::traffic::view::settings_text::in_a_list;
use crate::traffic::view::verdict::{Tone, short};
use crate::ui::format::{count, millis, utc};

/// The runs of one page.
#[component]
pub fn RunsTable(
    /// The runs, in the order of the address.
    runs: Vec<RunSummary>,
    /// Filter, order and page.
    address: HistoryQuery,
    /// The run that is ticked as A.
    a: Option<RunId>,
    /// The run that is ticked as B.
    b: Option<RunId>,
    /// The run whose deletion failed.
    not_deleted: Option<RunId>,
) -> impl IntoView {
    let head = |order: Order| order_head(&address, order);
    let back = address.query();
    let rows = runs.into_iter().map(|run| {
        let id = Some(run.job_id);
        view! { <Row run is_a=a == id is_b=b == id open=not_deleted == id back=back.clone() /> }
    });
    view! {
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
    }
}

/// A column header that orders the history.
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
    /// Did its deletion fail? Then the question stays open.
    open: bool,
    /// The query of this page, to come back to.
    back: String,
) -> impl IntoView {
    let id = run.job_id.to_string();
    let started = utc(run.start_time);
    let (state, word) = badge(run.status, run.closed, run.unstored);
    let tone = if run.failed_requests > 0 { "bad" } else { "" };
    let verdict = short(&run);
    let verdict_tone = if verdict.tone == Tone::Bad { "bad" } else { "" };
    let name = format!("{} of {started}", run.scenario.title());
    let deletion = run.closed.then(|| view! { <DeleteRunForm id=id.clone() name open back /> });
    let radio = |name: &'static str, checked: bool| {
        let label = format!("Run {}: {started}", name.to_uppercase());
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
                <span class="badge" data-state=state>{word}</span>
            </td>
            <td>{count(run.sent)}</td>
            <td data-tone=tone>{count(run.failed_requests)}</td>
            <td>{millis(run.p95)}</td>
            <td data-tone=verdict_tone>{verdict.text()}</td>
            <td>{deletion}</td>
        </tr>
    }
}

/// The buttons to compare runs, and the links to the first and the next page. `next` is the cursor of the next page.
pub(super) fn page_links(address: &HistoryQuery, next: Option<&str>, can_compare: bool) -> AnyView {
    let next = next.and_then(|next| next.parse().ok());
    let next = next.map(|next| HistoryQuery { cursor: Some(next), ..address.clone() }.link());
    let first = address.cursor.map(|_| HistoryQuery { cursor: None, ..address.clone() }.link());
    let (first_words, next_words) = match (address.order, address.ascending) {
        (Order::Started, false) => ("Newest", "Older"),
        _ => ("First page", "Next page"),
    };
    let several_pages = next.is_some() || first.is_some();
    let compare = || view! { <button class="button" type="submit" form="compare">"Compare A and B"</button> };
    let keep_a = || {
        view! {
            <button class="button" type="submit" form="compare" formaction="/runs">
                "Keep A, choose B on another page"
            </button>
        }
    };
    view! {
        <div class="actions">
            {can_compare.then(compare)}
            {(can_compare && several_pages).then(keep_a)}
            {first.map(|link| view! { <a class="button" href=link>{first_words}</a> })}
            {next.map(|link| view! { <a class="button" href=link>{next_words}</a> })}
        </div>
    }
    .into_any()
}
