//! Pages outside of the app: they show no data, load only the style sheet, and run no script.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use leptos::prelude::*;

const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page with this heading and content. `style` is the address of the style sheet.
pub fn plain_page(
    status: StatusCode,
    style: &str,
    heading: &'static str,
    content: impl IntoView + 'static,
) -> Response {
    let style = style.to_owned();
    let page = Owner::new().with(|| {
        let page = view! {
            <!DOCTYPE html>
            <html lang="en">
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1" />
                    <meta name="color-scheme" content="light dark" />
                    <title>{format!("{heading} · Traffic Simulator")}</title>
                    <link rel="stylesheet" href=style />
                    <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                </head>
                <body>
                    <header class="top">
                        <a class="brand" href="/">
                            "Traffic Simulator"
                        </a>
                    </header>
                    <main id="main">
                        <h1>{heading}</h1>
                        {content}
                    </main>
                </body>
            </html>
        };
        page.to_html()
    });
    let policy = [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))];
    (status, policy, Html(page)).into_response()
}

/// The page for paths at which there is nothing.
pub fn nothing_here(style: &str) -> Response {
    let content = view! {
        <p>"The address may be mistyped."</p>
        <p class="actions">
            <a class="button" href="/">
                "Go to the dashboard"
            </a>
        </p>
    };
    plain_page(StatusCode::NOT_FOUND, style, "There is nothing here", content)
}

/// The page for an error, for a person who sees it in a browser.
pub fn refused(status: StatusCode, style: &str, detail: String) -> Response {
    let content = view! { <p class="error-note">{detail}</p> };
    plain_page(status, style, "This request was refused", content)
}
