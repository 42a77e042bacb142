//! The routes of the page.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::SsrMode;
use leptos_router::components::{A, Route, Router, Routes};
use leptos_router::path;

use crate::dashboard::{DashboardPage, NotFoundPage, RequestDetailPage};
use crate::metrics::page::log_page::RequestLogPage;
use crate::traffic::page::compare_page::ComparePage;
use crate::traffic::page::run_page::RunPage;
use crate::traffic::page::runs_page::HistoryPage;
use crate::ui::call_fault::CallFault;
use crate::ui::page_answer::PageAnswer;

/// The logo beside the name.
const BRAND: &str =
    r#"<svg viewBox="0 0 24 24" width="24" height="24"><path class="brand-mark" d="M3 17 L8 11 L12 14 L21 5"/></svg>"#;

/// The app: a header, and the page of the current path.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let guarded = use_context::<PageAnswer>().is_some_and(|answer| answer.guarded);
    let log_out =
        guarded.then(|| view! { <form method="post" action="/logout"><button type="submit">"Log out"</button></form> });
    view! {
        <Router>
            <a class="skip" href="#main">"Skip to content"</a>
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
                // Every page is rendered completely: it has the right title and status, and works without JavaScript.
                <Routes fallback=NotFoundPage>
                    <Route path=path!("/") view=DashboardPage ssr=SsrMode::Async />
                    <Route path=path!("/runs") view=HistoryPage ssr=SsrMode::Async />
                    // Before `/runs/:id`, because the router takes the first path that matches.
                    <Route path=path!("/runs/compare") view=ComparePage ssr=SsrMode::Async />
                    <Route path=path!("/runs/:id") view=RunPage ssr=SsrMode::Async />
                    <Route path=path!("/requests") view=RequestLogPage ssr=SsrMode::Async />
                    <Route path=path!("/requests/:id") view=RequestDetailPage ssr=SsrMode::Async />
                </Routes>
            </main>
        </Router>
    }
}
