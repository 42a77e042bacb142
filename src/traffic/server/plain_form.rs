//! Forms that a browser sends without JavaScript: their answer is a redirect.

use axum::http::header;
use axum::http::request::Parts;
use leptos::prelude::use_context;

/// Sends a browser without JavaScript to `path`. A hydrated page must stay where it is, and
/// `redirect` would move it too.
pub(crate) fn redirect_plain_form(path: &str) {
    if is_plain_form() {
        leptos_axum::redirect(path);
    }
}

/// Does the answer of the current server function go to a browser without JavaScript, which shows it as a page?
pub(crate) fn is_plain_form() -> bool {
    use_context::<Parts>()
        .and_then(|parts| parts.headers.get(header::ACCEPT)?.to_str().ok().map(|accept| accept.contains("text/html")))
        .unwrap_or(false)
}
