//! The routes of the page.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::SsrMode;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::path;

use crate::dashboard::{DashboardPage, NotFoundPage, RequestDetailPage};
use crate::metrics::page::log_page::RequestLogPage;
use crate::traffic::page::compare_page::ComparePage;
use crate::traffic::page::run_page::RunPage;
use crate::traffic::page::runs_page::HistoryPage;
use crate::ui::call_fault::CallFault;
use crate::ui::page_answer::PageAnswer;
use crate::ui::site_head::SiteHead;

/// The app: a head, and the page of the current path.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <AppHead />
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

/// The head of the page at the current path. Whoever sees a page of a guarded server has logged in.
#[component]
fn AppHead() -> impl IntoView {
    let log_out = use_context::<PageAnswer>().is_some_and(|answer| answer.guarded);
    let path = use_location().pathname.get_untracked();
    view! { <SiteHead path log_out /> }
}
