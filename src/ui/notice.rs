//! What stands where data should be: nothing yet, or an error with its next step.

use leptos::prelude::*;

use super::table::escaped;

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

/// [`Failed`] as HTML. Who shows it listens to clicks on `data-retry`.
pub fn failed_html(what: &str, why: &str) -> String {
    format!(
        "<div class=\"failed\" role=\"alert\"><p class=\"error-note\"><strong>{}</strong> {}</p>\
         <button class=\"button\" type=\"button\" data-retry>Retry</button></div>",
        escaped(what),
        escaped(why)
    )
}

/// [`Empty`] as HTML, or nothing where there is something to show: the part before a table that may be empty.
pub fn empty_html(words: Option<&str>) -> String {
    let note = words.map(|words| format!("<p class=\"empty\">{}</p>", escaped(words))).unwrap_or_default();
    format!("<div class=\"if-empty\" data-part=\"if-empty\">{note}</div>")
}
