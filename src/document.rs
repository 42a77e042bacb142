//! The HTML document around the app, and the files that it loads.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::app::App;
use crate::ui::page_answer::PageAnswer;

/// The addresses of the files that a page loads. Only the server knows them, because a release has a hash in each name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    /// The style sheet.
    pub style: Arc<str>,
    /// The script that loads the WebAssembly.
    loader: Arc<str>,
}

impl Assets {
    /// From paths on this server, which must contain nothing that has a meaning in HTML or in a script.
    pub fn new(style: String, script: String, wasm: String) -> Self {
        let loader = without_comments(LOADER).replace("SCRIPT", &script).replace("WASM", &wasm);
        Self { style: style.into(), loader: loader.into() }
    }
}

/// Loads the WebAssembly, and falls back to the page without a script where that fails.
const LOADER: &str = include_str!("loader.js");

/// The script as pages carry it. Its comments stand on lines of their own.
fn without_comments(script: &str) -> String {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The HTML document around the app.
pub fn shell(options: LeptosOptions, assets: Assets) -> impl IntoView {
    // Only the islands are hydrated, and each of them separately.
    if let Some(shared) = Owner::current_shared_context() {
        shared.set_is_hydrating(false);
    }
    let nonce = use_nonce();
    if let (Some(nonce), Some(answer)) = (&nonce, use_context::<PageAnswer>()) {
        (answer.set_policy)(nonce);
    }
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta
                    name="description"
                    content="Live dashboard of a users API, with a traffic simulator that accounts for every request it sends."
                />
                <link rel="stylesheet" id="leptos" href=Arc::clone(&assets.style) />
                <link rel="icon" id="favicon" type="image/svg+xml" href="/favicon.svg" />
                <AutoReload options=options />
                // Not Leptos' own `HydrationScripts`: it also writes the nonce into `crossorigin`, which makes Firefox load
                // the file twice.
                <script type="module" nonce=nonce>
                    {assets.loader}
                </script>
                <MetaTags />
            </head>
            <body>
                <PlainPageNote />
                <App />
            </body>
        </html>
    }
}

/// The note of a page whose script does not come alive, which the loader shows then.
#[component]
fn PlainPageNote() -> impl IntoView {
    view! {
        <p class="plain-page" id="plain-page" role="alert" hidden>
            "This page can't update itself in this browser: "
            <span data-why></span>
            ". Its forms and links work, and it reloads every "
            <span data-seconds></span>
            " s while a run is active. "
            <a href="">"Reload"</a>
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_knows_its_files_and_carries_no_comments() {
        let assets = Assets::new("/pkg/a.css".to_owned(), "/pkg/a.js".to_owned(), "/pkg/a.wasm".to_owned());
        for call in ["fetch('/pkg/a.wasm')", "import('/pkg/a.js')"] {
            assert_eq!(assets.loader.matches(call).count(), 1, "{call}");
        }
        for left in ["//", "SCRIPT", "'WASM"] {
            assert!(!assets.loader.contains(left), "{left} in {}", assets.loader);
        }
        assert!(assets.loader.len() < 3_500, "{} bytes in each page", assets.loader.len());
    }
}
