//! The table of the history, with its links to other orders and pages.

use leptos::prelude::*;

use super::compare_choice::FORM;
use super::delete_run::DeleteRunForm;
use super::name_form::NameForm;
use crate::origin::RunId;
use crate::traffic::history_query::{HistoryQuery, Order};
use crate::traffic::model::RunSummary;
use crate::traffic::naming::{NamingForm, NamingResult};
use crate::traffic::view::run_badge::badge;
use crate::traffic::view::run_figures::{failed, failed_tone, lasted, missed, sent, title, title_and_start};
use crate::traffic::view::settings_text::beside_name;
use crate::traffic::view::verdict::short;
use crate::ui::badge::Badge;
use crate::ui::format::millis;
use crate::ui::moment::Moment;
use crate::ui::table::DataTable;

/// What an earlier form did, which its row shows.
#[derive(Clone, Debug, Default)]
pub struct EarlierForm {
    /// The run whose deletion failed: its question stays open.
    pub(super) not_deleted: Option<RunId>,
    /// The attempt to name a run.
    pub(super) naming: Option<NamingResult>,
}

/// The runs of one page.
#[component]
pub fn RunsTable(
    /// The run that is chosen to be compared: it comes first, and is ticked.
    pinned: Option<RunSummary>,
    /// The other runs, in the order of the address.
    runs: Vec<RunSummary>,
    /// Filter, order and page.
    address: HistoryQuery,
    /// What an earlier form did.
    earlier: EarlierForm,
) -> impl IntoView {
    let [started, duration, sent, failed, p95] = Order::ALL.map(|order| order_head(&address, order));
    let back = address.query();
    let first = pinned.into_iter().map(|run| (run, true));
    let rows = first.chain(runs.into_iter().map(|run| (run, false))).map(|(run, pinned)| {
        view! { <Row run pinned earlier=earlier.clone() back=back.clone() /> }
    });
    let rows = rows.collect_view();
    view! {
        <DataTable label="Runs as a table" class="runs-table">
            <thead>
                <tr>
                    <th scope="col">
                        <span class="visually-hidden">"Compare"</span>
                    </th>
                    <th scope="col">"Run"</th>
                    {started}
                    <th scope="col">"State"</th>
                    {duration}
                    {sent}
                    {failed}
                    {p95}
                    <th scope="col">"Verdict"</th>
                    <th scope="col">
                        <span class="visually-hidden">"Delete"</span>
                    </th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </DataTable>
    }
}

/// A column header that orders the history.
fn order_head(address: &HistoryQuery, order: Order) -> impl IntoView + use<> {
    let sorted = match (address.order == order, address.ascending) {
        (false, _) => None,
        (true, true) => Some("ascending"),
        (true, false) => Some("descending"),
    };
    let zone = (order == Order::Started).then_some(" (UTC)");
    view! {
        <th scope="col" aria-sort=sorted>
            <a class="order" href=address.ordered_by(order).link()>
                {order.title()}
                {zone}
                <span aria-hidden="true">
                    {sorted.map(|sorted| if sorted == "ascending" { " ▲" } else { " ▼" })}
                </span>
            </a>
        </th>
    }
}

#[component]
fn Row(
    run: RunSummary,
    /// Is it the run that is chosen to be compared?
    pinned: bool,
    earlier: EarlierForm,
    /// The query of this page, to come back to.
    back: String,
) -> impl IntoView {
    let (state, word) = badge(run.status, run.closed, run.unstored);
    let verdict = short(&run);
    let (id, start) = (run.job_id, run.start_time);
    let [lasted, sent, failed] = [lasted(&run), sent(&run), failed(&run)];
    let p95 = millis(run.p95);
    let missed = missed(&run).map(|missed| view! { <span class="run-missed">{missed}</span> });
    let failed_tone = failed_tone(&run).name();
    let deletion = run.closed.then(|| {
        let open = earlier.not_deleted == Some(id);
        view! { <DeleteRunForm id=id.to_string() name=title_and_start(&run) open back=back.clone() /> }
    });
    view! {
        <tr class=pinned.then_some("pinned")>
            <td class="run-tick">
                <input
                    type="checkbox"
                    form=FORM
                    name="run"
                    value=id.to_string()
                    checked=pinned
                    aria-label=format!("Compare {}", title_and_start(&run))
                />
            </td>
            <RunCell run=run refused=earlier.naming.and_then(|naming| naming.form_of(id)) back />
            <td data-head="Started (UTC)">
                <Moment at=Signal::stored(start) />
            </td>
            <td data-head="State">
                <Badge state=Signal::stored(state) label=Signal::stored(word) />
            </td>
            <td data-head="Duration">{lasted}</td>
            <td data-head="Sent">{sent} {missed}</td>
            <td data-head="Failed" data-tone=failed_tone>
                {failed}
            </td>
            <td data-head="p95">{p95}</td>
            <td data-head="Verdict" data-tone=verdict.tone.name()>
                {verdict.text()}
            </td>
            <td class="run-delete">{deletion}</td>
        </tr>
    }
}

/// What the run is called, its settings, its note, and the form for name and note.
#[component]
fn RunCell(run: RunSummary, refused: Option<NamingForm>, back: String) -> impl IntoView {
    let in_short = beside_name(&run);
    let label = title_and_start(&run);
    let note = run.note.clone().map(|note| {
        view! {
            <span class="run-note" title=note.clone()>
                <span aria-hidden="true">"✎ "</span>
                <span class="visually-hidden">"Note: "</span>
                {note.clone()}
            </span>
        }
    });
    view! {
        <th scope="row">
            <a href=format!("/runs/{}", run.job_id)>{title(run.name.as_deref(), run.scenario)}</a>
            <span class="run-in-short">{in_short}</span>
            {note}
            <NameForm run=run.job_id title=label name=run.name note=run.note back refused />
        </th>
    }
}

/// The links to the first and the next page. `next` is the cursor of the next page.
pub(super) fn page_links(address: &HistoryQuery, next: Option<&str>) -> Option<AnyView> {
    let next = next.and_then(|next| next.parse().ok());
    let next = next.map(|next| HistoryQuery { cursor: Some(next), ..address.clone() }.link());
    let first = address.cursor.map(|_| HistoryQuery { cursor: None, ..address.clone() }.link());
    if next.is_none() && first.is_none() {
        return None;
    }
    let (first_words, next_words) = match (address.order, address.ascending) {
        (Order::Started, false) => ("Newest", "Older"),
        _ => ("First page", "Next page"),
    };
    let link = |href: String, words| {
        view! {
            <a class="button" href=href>
                {words}
            </a>
        }
    };
    let links = view! {
        <nav class="actions" aria-label="Pages of runs">
            {first.map(|href| link(href, first_words))}
            {next.map(|href| link(href, next_words))}
        </nav>
    };
    Some(links.into_any())
}
