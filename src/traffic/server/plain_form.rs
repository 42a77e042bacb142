//! Forms that a browser without JavaScript sends: they are answered with a redirect.

use axum::http::header;
use axum::http::request::Parts;
use leptos::prelude::use_context;

/// Redirects a browser without JavaScript to `path`. A hydrated page must stay where it is, but
/// `leptos_axum::redirect` alone would navigate it too.
pub(crate) fn redirect_plain_form(path: &str) {
    if is_plain_form() {
        leptos_axum::redirect(path);
    }
}

/// Does a browser without JavaScript, which shows the answer as a page, call the current server function?
pub(crate) fn is_plain_form() -> bool {
    use_context::<Parts>()
        .and_then(|parts| parts.headers.get(header::ACCEPT)?.to_str().ok().map(|accept| accept.contains("text/html")))
        .unwrap_or(false)
}
