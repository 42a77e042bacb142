//! What stands where data should be: nothing yet, or an error with its next step.

use leptos::prelude::*;

use super::table::escaped;

/// Something could not be loaded: what, why, and a way to try again. A script that shows it listens to clicks on
/// `data-retry`; else the page is asked for again.
pub fn failed_html(what: &str, why: &str) -> String {
    format!(
        "<div class=\"failed\" role=\"alert\"><p class=\"error-note\"><strong>{}</strong> {}</p>\
         <a class=\"button\" href=\"\" data-retry>Retry</a></div>",
        escaped(what),
        escaped(why)
    )
}

/// The same on a page.
pub fn failed(what: &str, why: &str) -> AnyView {
    view! { <div inner_html=failed_html(what, why)></div> }.into_any()
}

/// There is nothing to show, and that is no fault.
#[component]
pub fn Empty(
    /// Why, and what to do.
    children: Children,
) -> impl IntoView {
    view! { <p class="empty">{children()}</p> }
}

/// [`Empty`] as HTML, or nothing where there is something to show: the part before a table that may be empty.
pub fn empty_html(words: Option<&str>) -> String {
    let note = words.map(|words| format!("<p class=\"empty\">{}</p>", escaped(words))).unwrap_or_default();
    format!("<div class=\"if-empty\" data-part=\"if-empty\">{note}</div>")
}
