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
        Self { style: style.into(), loader: LOADER.replace("SCRIPT", &script).replace("WASM", &wasm).into() }
    }
}

/// Loads the WebAssembly after the first paint, because it is 50 times the size of the page, which works without it. A hidden
/// page is never painted, so it does not wait. Both files are fetched at once, without a `preload`, which browsers without
/// JavaScript would follow for nothing. A page without islands and charts loads neither.
const LOADER: &str = "{
let begun = !document.querySelector('leptos-island, [data-chart]');
const begin = () => {
  if (begun) return;
  begun = true;
  const wasm = fetch('WASM');
  import('SCRIPT').then(page => page.default({ module_or_path: wasm }).then(() => {
    page.hydrate();
    for (const island of document.querySelectorAll('leptos-island')) page[island.dataset.component](island);
  }));
};
if (document.hidden || !PerformanceObserver.supportedEntryTypes.includes('paint')) begin();
else {
  new PerformanceObserver(begin).observe({ type: 'paint', buffered: true });
  setTimeout(begin, 1000);
}
}";

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
                <meta name="description" content="Live dashboard of a users API, with a traffic simulator that accounts for every request it sends." />
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
                <App />
            </body>
        </html>
    }
}
