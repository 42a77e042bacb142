//! The state of a run in a word.

use leptos::prelude::*;

use super::model::Status;

/// Machine word and human word of a state.
pub fn words(status: Status, closed: bool) -> (&'static str, &'static str) {
    match status {
        Status::Starting => ("running", "starting"),
        Status::Running => ("running", "running"),
        _ if !closed => ("closing", "closing the books"),
        Status::Completed => ("completed", "completed"),
        Status::Cancelled => ("cancelled", "cancelled"),
        Status::Error => ("error", "error"),
    }
}

/// The state as a badge; the word says what the colour says.
#[component]
pub fn RunBadge(
    /// State, and whether the run is closed.
    #[prop(into)]
    state: Signal<(Status, bool)>,
) -> impl IntoView {
    let words = move || {
        let (status, closed) = state.get();
        words(status, closed)
    };
    view! {
        <span class="badge" data-state=move || words().0>
            {move || words().1}
        </span>
    }
}
