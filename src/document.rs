//! The HTML document around the app, and the files that it loads.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::app::App;
use crate::ui::page_answer::PageAnswer;

/// The addresses of the files that a page loads. The server alone knows them: a release has a hash in each name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    /// The style sheet.
    pub style: Arc<str>,
    /// The script that loads the browser's half.
    loader: Arc<str>,
}

impl Assets {
    /// From paths on this server, free of what has a meaning in HTML or in a script.
    pub fn new(style: String, script: String, wasm: String) -> Self {
        Self { style: style.into(), loader: LOADER.replace("SCRIPT", &script).replace("WASM", &wasm).into() }
    }
}

/// Loads the browser's half once the page is painted: it is 50 times the rest, and the page can be read and its form
/// be sent without it. A page that nobody sees is not painted. Both files at once, and no `preload` that a browser
/// without JavaScript would follow for nothing. A page where nothing lives, and no chart is to be read, needs none of it.
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
    // The page is HTML; what lives in the browser are its islands, each of which brings itself to life.
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
                <meta name="description" content="Live dashboard of a users API, with a traffic simulator that proves what it did." />
                <link rel="stylesheet" id="leptos" href=Arc::clone(&assets.style) />
                <link rel="icon" id="favicon" type="image/svg+xml" href="/favicon.svg" />
                <AutoReload options=options />
                // Leptos' own `HydrationScripts` writes the nonce into `crossorigin`, too, which Firefox takes for a
                // different request, and loads the file twice.
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
