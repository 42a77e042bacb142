//! What stands where data should be: nothing yet, or an error with its next step.

use leptos::prelude::*;

/// Something could not be loaded: what, why, and a button to try again.
#[component]
pub fn Failed(
    /// What is missing.
    what: &'static str,
    /// What happened, and what can be done.
    why: String,
    /// Tries again.
    retry: Callback<()>,
) -> impl IntoView {
    view! {
        <div class="failed" role="alert">
            <p class="error-note">
                <strong>{what}</strong>
                " "
                {why}
            </p>
            <button class="button" type="button" on:click=move |_| retry.run(())>
                "Retry"
            </button>
        </div>
    }
}

/// There is nothing to show, and that is no fault.
#[component]
pub fn Empty(
    /// Why, and what to do.
    children: Children,
) -> impl IntoView {
    view! { <p class="empty">{children()}</p> }
}
