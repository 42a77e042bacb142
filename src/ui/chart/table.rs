//! The numbers of a chart as a table.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use web_sys::MouseEvent;

use super::Chart;
use super::point::ChartPoint;
use crate::ui::table::DataTable;

/// The links of "Show as table" on a page. They work without JavaScript: the page is loaded again with one table open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableLinks {
    /// The address of the page, with its query but without the parameter `table`.
    address: String,
    /// The chart whose table is open.
    open: Option<String>,
}

impl TableLinks {
    /// For a page at `address`, which has its query but not the parameter `table`, whose value is `open`.
    pub fn new(address: String, open: Option<String>) -> Self {
        Self { address, open }
    }

    fn link(&self, id: &str) -> String {
        let separator = if self.address.contains('?') { '&' } else { '?' };
        format!("{}{separator}table={id}#{id}", self.address)
    }
}

/// The table of a chart behind a link that opens it, or, where the context has no [`TableLinks`], in a `<details>`.
#[component]
pub(super) fn ChartTable(id: &'static str, chart: Memo<Chart>) -> impl IntoView {
    let Some(links) = use_context::<TableLinks>() else {
        return view! {
            <details class="as-table">
                <summary>"Show as table"</summary>
                <Numbers chart />
            </details>
        }
        .into_any();
    };
    let open = RwSignal::new(links.open.as_deref() == Some(id));
    let on_click = move |event: MouseEvent| {
        event.prevent_default();
        open.update(|open| *open = !*open);
    };
    let label = move || if open.get() { "Hide table" } else { "Show as table" };
    view! {
        <div class="as-table">
            <a href=links.link(id) aria-expanded=move || open.get().to_string() on:click=on_click>
                {label}
            </a>
            {move || open.get().then(|| view! { <Numbers chart /> })}
        </div>
    }
    .into_any()
}

#[component]
fn Numbers(chart: Memo<Chart>) -> impl IntoView {
    let heads = Memo::new(move |_| chart.with(|chart| chart.heads().map(str::to_owned).collect::<Vec<_>>()));
    let points = Memo::new(move |_| chart.read().points.clone());
    let left_out = move || Some(chart.read().left_out).filter(|note| !note.is_empty());
    let head = |name: String| view! { <th scope="col">{name}</th> };
    view! {
        {move || left_out().map(|note| view! { <p class="left-out">{note}</p> })}
        <DataTable label=move || format!("{} as a table", chart.read().title)>
            <thead>
                <tr>{move || heads.get().into_iter().map(head).collect_view()}</tr>
            </thead>
            <tbody>
                <For each=move || points.get() key=|point| point.cells.clone() children=row />
            </tbody>
        </DataTable>
    }
    .into_any()
}

/// The row of a point. A value that is absent is a dash.
fn row(point: ChartPoint) -> impl IntoView {
    let text = |cell: String| if cell.is_empty() { "–".to_owned() } else { cell };
    let mut cells = point.cells.into_iter();
    let time = cells.next();
    view! {
        <tr>
            <th scope="row">{time}</th>
            {cells.map(|cell| view! { <td>{text(cell)}</td> }).collect_view()}
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_keeps_the_query_of_the_page() {
        let link = |address: &str| TableLinks::new(address.to_owned(), None).link("rate");
        assert_eq!(link("/runs/7"), "/runs/7?table=rate#rate");
        assert_eq!(link("/?range=1h"), "/?range=1h&table=rate#rate");
    }
}
