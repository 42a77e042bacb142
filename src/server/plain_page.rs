//! Pages outside of the app: they load only the style sheet, and run no script.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use leptos::prelude::*;

use crate::ui::document_title::DocumentTitle;
use crate::ui::site_head::SiteHead;

const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a page without a script says about itself.
#[derive(Clone, Copy)]
pub(super) struct PlainHead<'a> {
    /// The address of the style sheet.
    pub(super) style: &'a str,
    /// The title of the page.
    pub(super) title: &'a str,
    /// The path of the page; empty for one that is at no place of the menu.
    pub(super) path: &'a str,
    /// Whether this browser has a session that it can end.
    pub(super) log_out: bool,
}

/// The response with a whole page around `content`, which is a function because all of a page has to be rendered below
/// one owner.
pub(super) fn respond<V: IntoView + 'static>(
    status: StatusCode,
    head: PlainHead<'_>,
    content: impl FnOnce() -> V,
) -> Response {
    let page = Owner::new().with(|| document(head, content().into_any()).to_html());
    let policy = [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))];
    (status, policy, Html(page)).into_response()
}

fn document(head: PlainHead<'_>, content: AnyView) -> impl IntoView + use<> {
    let PlainHead { style, title, path, log_out } = head;
    let style = style.to_owned();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <DocumentTitle text=format!("{title} · Traffic Simulator") />
                <link rel="stylesheet" href=style />
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
            </head>
            <body>
                <SiteHead path log_out />
                <main id="main">{content}</main>
            </body>
        </html>
    }
}

/// A page with this heading and content, which shows no data. `style` is the address of the style sheet.
pub(super) fn plain_page<V: IntoView + 'static>(
    status: StatusCode,
    style: &str,
    heading: &'static str,
    content: impl FnOnce() -> V,
) -> Response {
    let head = PlainHead { style, title: heading, path: "", log_out: false };
    let content = || {
        view! {
            <h1>{heading}</h1>
            {content()}
        }
    };
    respond(status, head, content)
}

/// The page for paths at which there is nothing.
pub(super) fn nothing_here(style: &str) -> Response {
    let content = || {
        view! {
            <p>"The address may be mistyped."</p>
            <p class="actions">
                <a class="button" href="/">
                    "Go to the dashboard"
                </a>
            </p>
        }
    };
    plain_page(StatusCode::NOT_FOUND, style, "There is nothing here", content)
}

/// The page for an error, for a person who sees it in a browser.
pub(super) fn refused(status: StatusCode, style: &str, detail: String) -> Response {
    let content = || view! { <p class="error-note">{detail}</p> };
    plain_page(status, style, "This request was refused", content)
}
