//! What a page shows in place of data: that there is none yet, or an error and what to do about it.

use leptos::prelude::*;
use web_sys::MouseEvent;

use super::tone::Tone;
use crate::error::AppError;

/// Path and query of the current page in the browser; empty on the server.
pub fn here() -> String {
    if !cfg!(target_arch = "wasm32") {
        return String::new();
    }
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

/// A message in the page.
#[component]
pub fn Notice(
    /// Whether it is good or bad news. Screen readers are told bad news at once.
    #[prop(optional)]
    tone: Tone,
    /// The message.
    children: Children,
) -> impl IntoView {
    let role = (tone == Tone::Bad).then_some("alert");
    view! {
        <p class="notice" data-tone=tone.name() role=role>
            {children()}
        </p>
    }
    .into_any()
}

/// The link that solves the problem behind an error, if there is one.
#[component]
pub fn WayOut(
    /// The error.
    error: AppError,
) -> impl IntoView {
    let link = |(words, href): (&'static str, String)| {
        view! {
            <a class="button" href=href>
                {words}
            </a>
        }
    };
    error.way_out(&here()).map(link)
}

/// An error message in place of data that could not be loaded: what happened, why, and what to do about it.
#[component]
pub fn Failed(
    /// What could not be loaded, as a sentence.
    what: &'static str,
    /// Why.
    error: AppError,
    /// Tries again in the browser. Without it, or without a script, the page is loaded again.
    #[prop(optional)]
    retry: Option<Callback<()>>,
) -> impl IntoView {
    let can_retry = error.way_out("").is_none();
    let on_click = move |event: MouseEvent| {
        if let Some(retry) = retry {
            event.prevent_default();
            retry.run(());
        }
    };
    let retry_link = move || {
        view! {
            <a class="button" href="" on:click=on_click>
                "Retry"
            </a>
        }
    };
    view! {
        <div class="failed" role="alert">
            <p class="error-note">
                <strong>{what}</strong>
                " "
                {error.to_string()}
            </p>
            <WayOut error />
            {can_retry.then(retry_link)}
        </div>
    }
    .into_any()
}

/// A note that there is no data.
#[component]
pub fn Empty(
    /// What is missing, and what to do.
    children: Children,
) -> impl IntoView {
    view! { <p class="empty">{children()}</p> }
}
