//! The pages whose code is loaded when they are visited. A first visit to the dashboard needs none of
//! them. Built with the feature `split` and `cargo leptos … --split`, each is a file of its own;
//! otherwise they are part of the whole.

use leptos::prelude::*;
use leptos_router::LazyRoute;

use crate::dashboard::RequestDetailPage;
use crate::metrics::log_page::RequestLogPage;
use crate::traffic::compare_page::ComparePage;
use crate::traffic::run_page::RunPage;
use crate::traffic::runs_page::HistoryPage;

#[cfg_attr(feature = "split", leptos::lazy)]
async fn history_page() -> AnyView {
    view! { <HistoryPage /> }.into_any()
}

#[cfg_attr(feature = "split", leptos::lazy)]
async fn compare_page() -> AnyView {
    view! { <ComparePage /> }.into_any()
}

#[cfg_attr(feature = "split", leptos::lazy)]
async fn run_page() -> AnyView {
    view! { <RunPage /> }.into_any()
}

#[cfg_attr(feature = "split", leptos::lazy)]
async fn request_log_page() -> AnyView {
    view! { <RequestLogPage /> }.into_any()
}

#[cfg_attr(feature = "split", leptos::lazy)]
async fn request_page() -> AnyView {
    view! { <RequestDetailPage /> }.into_any()
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
}
