//! Tables of data.

use leptos::prelude::*;
use leptos::text_prop::TextProp;

/// A table in a region that scrolls when the table is wider than the page. On a phone its rows become lines of text: see
/// `style/table.css`, which names each cell by its `data-head`.
#[component]
pub fn DataTable(
    /// What the table shows, for people who can't see it.
    #[prop(into)]
    label: TextProp,
    /// The class of the table.
    #[prop(optional)]
    class: &'static str,
    /// [`Heads`] and the `<tbody>`.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="table-scroll" role="region" tabindex="0" aria-label=move || label.get()>
            <table class=class>{children()}</table>
        </div>
    }
    .into_any()
}

/// The headers of a table's columns.
#[component]
pub fn Heads(
    /// The names of the columns.
    names: Vec<&'static str>,
) -> impl IntoView {
    let head = |name| view! { <th scope="col">{name}</th> };
    view! {
        <thead>
            <tr>{names.into_iter().map(head).collect_view()}</tr>
        </thead>
    }
}
