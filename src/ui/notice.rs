//! What stands where data should be: nothing yet, or an error with its next step.

use leptos::prelude::*;

use super::table::escaped;
use crate::error::AppError;

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

/// An error of a call in words, with the link that leads on from the page at `here`, where there is one.
pub fn fault_html(error: &AppError, here: &str) -> String {
    let link = error.way_out(here).map(|(words, href)| format!(" <a href=\"{}\">{words}</a>", escaped(&href)));
    format!("{}{}", escaped(&error.to_string()), link.unwrap_or_default())
}

/// The same in place of what could not be loaded: the link that leads on, or else a way to try again.
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

/// Path and query of the page that is shown. Called in the browser; on the server, which names no page, it is empty.
pub fn here() -> String {
    if !cfg!(target_arch = "wasm32") {
        return String::new();
    }
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
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
