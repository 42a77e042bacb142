//! The state of something as a small label.

use leptos::prelude::*;

/// A label in the colours of a state.
#[component]
pub fn Badge(
    /// The name of the state in the style sheet.
    #[prop(into)]
    state: Signal<&'static str>,
    /// The state in words.
    #[prop(into)]
    label: Signal<&'static str>,
) -> impl IntoView {
    view! {
        <span class="badge" data-state=state>
            {label}
        </span>
    }
}
