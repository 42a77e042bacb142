//! The log-in page.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use leptos::prelude::*;

use super::paths::local;
use super::plain_page::plain_page;

/// The page that follows the log-in: a page of this server, but not the log-in page itself.
pub(super) fn destination(next: &str) -> &str {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    local(next).filter(|_| !["/login", "/logout"].contains(&path)).unwrap_or("/")
}

/// The page with the form. `fault` says what was wrong with the last attempt; it never contains input of a user.
pub(super) fn form(style: &str, status: StatusCode, fault: &'static str, next: &str) -> Response {
    let fault = (!fault.is_empty()).then_some(fault);
    let fields = move || {
        view! {
            {fault
                .map(|fault| {
                    view! {
                        <p class="error-note" role="alert">
                            {fault}
                        </p>
                    }
                })}
            <p>
                <label for="token">"Token"</label>
                " "
                <input
                    id="token"
                    name="token"
                    type="password"
                    autocomplete="current-password"
                    required
                    autofocus
                    aria-describedby="token-help"
                />
            </p>
            <p id="token-help" class="help">
                "The ADMIN_TOKEN that this server was started with. For ten minutes after its start, its log also has an address that logs one browser in, once."
            </p>
        }
    };
    login_page(style, status, fields, next)
}

/// A page with a form of these fields, which logs in and goes to `next`. No cache may keep it.
pub(super) fn login_page<V: IntoView + 'static>(
    style: &str,
    status: StatusCode,
    fields: impl FnOnce() -> V,
    next: &str,
) -> Response {
    let next = destination(next).to_owned();
    let form = || {
        view! {
            <form class="card login" method="post" action="/login">
                {fields()}
                <input type="hidden" name="next" value=next />
                <p>
                    <button class="button primary" type="submit">
                        "Log in"
                    </button>
                </p>
            </form>
        }
    };
    let mut page = plain_page(status, style, "Log in", form);
    page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    page
}
