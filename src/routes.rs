//! The pages as routes. A first visit to the dashboard needs the code of no other page, and that of a
//! run only while one goes on: built with the feature `split` and `cargo leptos … --split`, each is a
//! file of its own, which is loaded when it is needed. Built otherwise, all are one.
//!
//! A page that the server has drawn can only be brought to life when its code is there: that is what
//! `preload` waits for.

use leptos::prelude::*;
use leptos_router::LazyRoute;

use crate::dashboard::{DashboardPage, RequestDetailPage};
use crate::metrics::log_page::RequestLogPage;
use crate::traffic::compare_page::ComparePage;
use crate::traffic::run_page::RunPage;
use crate::traffic::runs_page::HistoryPage;

/// `/`, which comes with the first visit.
#[derive(Debug)]
pub struct DashboardRoute;

impl LazyRoute for DashboardRoute {
    fn data() -> Self {
        Self
    }

    async fn view(_this: Self) -> AnyView {
        view! { <DashboardPage /> }.into_any()
    }

    async fn preload() {
        #[cfg(feature = "split")]
        crate::traffic::card::preload_shown_run().await;
    }
}

#[cfg_attr(feature = "split", leptos::lazy)]
async fn history_page() -> AnyView {
    view! { <HistoryPage /> }.into_any()
}

/// `/runs`
#[derive(Debug)]
pub struct HistoryRoute;

impl LazyRoute for HistoryRoute {
    fn data() -> Self {
        Self
    }

    async fn view(_this: Self) -> AnyView {
        history_page().await
    }

    async fn preload() {
        #[cfg(feature = "split")]
        __preload_history_page().await;
    }
}

#[cfg_attr(feature = "split", leptos::lazy)]
async fn compare_page() -> AnyView {
    view! { <ComparePage /> }.into_any()
}

/// `/runs/compare`
#[derive(Debug)]
pub struct CompareRoute;

impl LazyRoute for CompareRoute {
    fn data() -> Self {
        Self
    }

    async fn view(_this: Self) -> AnyView {
        compare_page().await
    }

    async fn preload() {
        #[cfg(feature = "split")]
        __preload_compare_page().await;
    }
}

#[cfg_attr(feature = "split", leptos::lazy)]
async fn run_page() -> AnyView {
    view! { <RunPage /> }.into_any()
}

/// `/runs/{id}`
#[derive(Debug)]
pub struct RunRoute;

impl LazyRoute for RunRoute {
    fn data() -> Self {
        Self
    }

    async fn view(_this: Self) -> AnyView {
        run_page().await
    }

    async fn preload() {
        #[cfg(feature = "split")]
        __preload_run_page().await;
    }
}

#[cfg_attr(feature = "split", leptos::lazy)]
async fn request_log_page() -> AnyView {
    view! { <RequestLogPage /> }.into_any()
}

/// `/requests`
#[derive(Debug)]
pub struct RequestLogRoute;

impl LazyRoute for RequestLogRoute {
    fn data() -> Self {
        Self
    }

    async fn view(_this: Self) -> AnyView {
        request_log_page().await
    }

    async fn preload() {
        #[cfg(feature = "split")]
        __preload_request_log_page().await;
    }
}

#[cfg_attr(feature = "split", leptos::lazy)]
async fn request_page() -> AnyView {
    view! { <RequestDetailPage /> }.into_any()
}

/// `/requests/{id}`
#[derive(Debug)]
pub struct RequestRoute;

impl LazyRoute for RequestRoute {
    fn data() -> Self {
        Self
    }

    async fn view(_this: Self) -> AnyView {
        request_page().await
    }

    async fn preload() {
        #[cfg(feature = "split")]
        __preload_request_page().await;
    }
}
