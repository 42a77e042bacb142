//! The legend of a chart.

use leptos::prelude::*;

use super::{Chart, Key};

/// The names of the marks, each beside a piece that looks like them.
#[component]
pub(super) fn Legend(chart: Memo<Chart>) -> impl IntoView {
    let keys = Memo::new(move |_| chart.read().keys.clone());
    let entry = |key: Key| {
        view! {
            <li class="key">
                <Swatch class=key.class />
                {key.name}
            </li>
        }
    };
    view! {
        <ul class="legend">
            <For each=move || keys.get() key=|key| (key.class, key.name.clone()) children=entry />
        </ul>
    }
}

/// A piece in the look of a mark: a line, or a block for an area. The style sheet shows one of the two.
#[component]
pub(super) fn Swatch(class: &'static str) -> impl IntoView {
    view! {
        <svg class="swatch" viewBox="0 0 24 10" aria-hidden="true">
            <path class=class d="M0 5H24"></path>
            <path class=format!("{class} block") d="M4 1H20V9H4Z"></path>
        </svg>
    }
}
