//! The document's shell and the page's routes.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{A, Route, Router, Routes};
use leptos_router::path;

use crate::dashboard::{DashboardPage, NotFoundPage, RequestDetailPage};
use crate::metrics::log_page::RequestLogPage;
use crate::traffic::compare_page::ComparePage;
use crate::traffic::run_page::RunPage;
use crate::traffic::runs_page::HistoryPage;
use crate::ui::call_fault::CallFault;

/// The page's answer, for what only the server can say of it. In the context on the server only.
#[derive(Clone)]
pub struct PageAnswer {
    /// Does the server want a token? Then whoever sees the page has shown it.
    pub guarded: bool,
    /// Sets the HTTP status.
    pub set_status: Arc<dyn Fn(u16) + Send + Sync>,
    /// Sets the content security policy that goes with this nonce.
    pub set_policy: Arc<dyn Fn(&str) + Send + Sync>,
}

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

/// The mark beside the name.
const BRAND: &str =
    r#"<svg viewBox="0 0 24 24" width="24" height="24"><path class="brand-mark" d="M3 17 L8 11 L12 14 L21 5"/></svg>"#;

/// The app: a header, and the page that the path names.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let guarded = use_context::<PageAnswer>().is_some_and(|answer| answer.guarded);
    let log_out =
        guarded.then(|| view! { <form method="post" action="/logout"><button type="submit">"Log out"</button></form> });
    view! {
        <Router>
            <a class="skip" href="#main">"Skip to the content"</a>
            <header class="top">
                <a class="brand" href="/">
                    <span class="brand-icon" aria-hidden="true" inner_html=BRAND></span>
                    "Traffic Simulator"
                </a>
                <nav class="top-nav" aria-label="Main">
                    <A href="/" exact=true>"Dashboard"</A>
                    <A href="/runs">"Runs"</A>
                    <A href="/requests">"Requests"</A>
                    <a href="/docs">"API"</a>
                    {log_out}
                </nav>
            </header>
            <main id="main">
                <CallFault />
                // Every page is complete HTML: right title and status, and all of it there without JavaScript.
                <Routes fallback=NotFoundPage>
                    <Route path=path!("/") view=DashboardPage ssr=SsrMode::Async />
                    <Route path=path!("/runs") view=HistoryPage ssr=SsrMode::Async />
                    // Before the run: the router takes the first path that fits.
                    <Route path=path!("/runs/compare") view=ComparePage ssr=SsrMode::Async />
                    <Route path=path!("/runs/:id") view=RunPage ssr=SsrMode::Async />
                    <Route path=path!("/requests") view=RequestLogPage ssr=SsrMode::Async />
                    <Route path=path!("/requests/:id") view=RequestDetailPage ssr=SsrMode::Async />
                </Routes>
            </main>
        </Router>
    }
}
