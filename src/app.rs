//! The document's shell and the page's routes.

use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{A, Route, Router, Routes};
use leptos_router::{Lazy, path};

use crate::dashboard::NotFoundPage;
use crate::routes::{CompareRoute, DashboardRoute, HistoryRoute, RequestLogRoute, RequestRoute, RunRoute};

/// The page's answer, for what only the server can say of it. In the context on the server only.
#[derive(Clone)]
pub struct PageAnswer {
    /// Sets the HTTP status.
    pub set_status: std::sync::Arc<dyn Fn(u16) + Send + Sync>,
    /// Sets the content security policy that goes with this nonce.
    pub set_policy: std::sync::Arc<dyn Fn(&str) + Send + Sync>,
}

/// The HTML document around the app.
pub fn shell(options: LeptosOptions) -> impl IntoView {
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
                <link rel="stylesheet" id="leptos" href="/pkg/traffic-simulator.css" />
                <link rel="icon" id="favicon" type="image/svg+xml" href="/favicon.svg" />
                <AutoReload options=options />
                <HydrationScript />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Loads the browser's half. Leptos' own `HydrationScripts` writes the nonce into `crossorigin`, too,
/// which Firefox takes for a different request, and loads the file twice.
#[component]
fn HydrationScript() -> impl IntoView {
    const SCRIPT: &str = "import('/pkg/traffic-simulator.js').then(page => \
        page.default({ module_or_path: '/pkg/traffic-simulator.wasm' }).then(() => page.hydrate()));";
    view! {
        <link rel="modulepreload" href="/pkg/traffic-simulator.js" />
        <link rel="preload" href="/pkg/traffic-simulator.wasm" r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
        <script type="module" nonce=use_nonce()>
            {SCRIPT}
        </script>
    }
}

/// The mark beside the name.
const BRAND: &str =
    r#"<svg viewBox="0 0 24 24" width="24" height="24"><path class="brand-mark" d="M3 17 L8 11 L12 14 L21 5"/></svg>"#;

/// The app: a header, and the page that the path names.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
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
                    // Made by the server alone: the router must not look for it here.
                    <a href="/docs" rel="external">
                        "API"
                    </a>
                </nav>
            </header>
            <main id="main">
                // Every page is complete HTML: right title and status, and all of it there without JavaScript.
                <Routes fallback=NotFoundPage>
                    <Route path=path!("/") view={Lazy::<DashboardRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/runs") view={Lazy::<HistoryRoute>::new()} ssr=SsrMode::Async />
                    // Before the run: the router takes the first path that fits.
                    <Route path=path!("/runs/compare") view={Lazy::<CompareRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/runs/:id") view={Lazy::<RunRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/requests") view={Lazy::<RequestLogRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/requests/:id") view={Lazy::<RequestRoute>::new()} ssr=SsrMode::Async />
                </Routes>
            </main>
        </Router>
    }
}
