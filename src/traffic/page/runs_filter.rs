//! The form that filters the history.

use leptos::prelude::*;

use crate::traffic::engine::scenario::Scenario;
use crate::traffic::history_query::HistoryQuery;
use crate::traffic::model::{LONGEST_NAME, Status};
use crate::traffic::view::run_badge::status_label;

/// The filter. What it does not ask for stays as it is in the address.
#[component]
pub fn RunsFilter(
    /// Filter, order and page.
    address: HistoryQuery,
) -> impl IntoView {
    let choice = |value: &'static str, text: &'static str, chosen: bool| {
        view! {
            <option value=value selected=chosen>
                {text}
            </option>
        }
    };
    let scenarios = Scenario::ALL.map(|one| choice(one.wire_name(), one.title(), address.scenario == Some(one)));
    let statuses = Status::ALL.map(|one| choice(one.wire_name(), status_label(one), address.status == Some(one)));
    let all = HistoryQuery { scenario: None, status: None, name: None, cursor: None, ..address.clone() };
    let is_filtered = address.scenario.is_some() || address.status.is_some() || address.name.is_some();
    let show_all = is_filtered.then(|| view! { <a href=all.link()>"Show all"</a> });
    let kept = all.pairs().into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> });
    view! {
        <form class="filter" method="get" action="/runs">
            {kept.collect_view()}
            <label>
                "Scenario " <select name="scenario">{choice("", "All", false)} {scenarios.collect_view()}</select>
            </label>
            <label>"State " <select name="status">{choice("", "All", false)} {statuses.collect_view()}</select></label>
            <label>
                "Name contains "
                <input type="search" name="name" value=address.name maxlength=LONGEST_NAME.to_string() />
            </label>
            <button class="button" type="submit">
                "Filter"
            </button>
            {show_all}
        </form>
    }
    .into_any()
}
