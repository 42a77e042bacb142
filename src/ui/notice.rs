//! What a page shows in place of data: that there is none yet, or an error and what to do about it.

use leptos::prelude::*;

use super::table::escaped;
use crate::error::AppError;

/// An error message for data that could not be loaded, with a Retry link as HTML. A script may handle clicks on `data-retry`;
/// otherwise the link reloads the page.
pub fn failed_html(what: &str, why: &str) -> String {
    format!(
        "<div class=\"failed\" role=\"alert\"><p class=\"error-note\"><strong>{}</strong> {}</p>\
         <a class=\"button\" href=\"\" data-retry>Retry</a></div>",
        escaped(what),
        escaped(why)
    )
}

/// The message of a failed call, with the link that solves the problem, if there is one. `here` is the page to come back to.
pub fn fault_html(error: &AppError, here: &str) -> String {
    let link = error.way_out(here).map(|(words, href)| format!(" <a href=\"{}\">{words}</a>", escaped(&href)));
    format!("{}{}", escaped(&error.to_string()), link.unwrap_or_default())
}

/// An error message for data that a failed call should have brought, with the link that solves the problem, or else a Retry link.
pub fn failed_call_html(what: &str, error: &AppError, here: &str) -> String {
    match error.way_out(here) {
        None => failed_html(what, &error.to_string()),
        Some((words, href)) => format!(
            "<div class=\"failed\" role=\"alert\"><p class=\"error-note\"><strong>{}</strong> {}</p>\
             <a class=\"button\" href=\"{}\">{words}</a></div>",
            escaped(what),
            escaped(&error.to_string()),
            escaped(&href)
        ),
    }
}

/// Path and query of the current page in the browser; empty on the server.
pub fn here() -> String {
    if !cfg!(target_arch = "wasm32") {
        return String::new();
    }
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

/// [`failed_html`] as a view.
pub fn failed(what: &str, why: &str) -> AnyView {
    view! { <div inner_html=failed_html(what, why)></div> }.into_any()
}

/// A note that there is no data.
#[component]
pub fn Empty(
    /// What is missing, and what to do.
    children: Children,
) -> impl IntoView {
    view! { <p class="empty">{children()}</p> }
}

/// The place of an [`Empty`] note in HTML; `words` is `None` while there is data.
pub fn empty_html(words: Option<&str>) -> String {
    let note = words.map(|words| format!("<p class=\"empty\">{}</p>", escaped(words))).unwrap_or_default();
    format!("<div class=\"if-empty\" data-part=\"if-empty\">{note}</div>")
}
