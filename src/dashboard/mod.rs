//! The pages that combine components of several features.

pub mod board;
pub mod live_board;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_fns;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::live_board::{LiveBoard, failed_board, fetch_board};
use crate::metrics::address::read_view;
use crate::metrics::log_model::LoggedRequest;
use crate::metrics::page::request_page::RequestPage;
use crate::traffic::page::card::TrafficSimulatorCard;
use crate::traffic::page::exchange_card::ExchangeCard;

/// `/`
#[component]
pub fn DashboardPage() -> impl IntoView {
    let query = use_query_map();
    let view = read_view(|name| query.read_untracked().get(name));
    let content = async move {
        let board = fetch_board(view, "all".to_owned()).await.unwrap_or_else(|why| failed_board(&why));
        view! {
            <div class="page-head">
                <h1>"Dashboard"</h1>
                <nav class="view-filter" aria-label="Scope" inner_html=board.choices></nav>
            </div>
            <div class="dashboard">
                <div class="figures">
                    <div class="figures-now" inner_html=board.key_figures></div>
                    <LiveBoard />
                </div>
                <TrafficSimulatorCard />
                <div class="board" inner_html=board.details></div>
            </div>
        }
        .into_any()
    };
    view! {
        <Title text="Traffic Simulator" />
        <Suspense>{Suspend::new(content)}</Suspense>
    }
    .into_any()
}

/// `/requests/{id}`
#[component]
pub fn RequestDetailPage() -> impl IntoView {
    let exchange = |request: LoggedRequest| match (request.run, request.seq) {
        (Some(run), Some(seq)) => view! { <ExchangeCard run seq /> }.into_any(),
        _ => ().into_any(),
    };
    view! { <RequestPage exchange=Callback::new(exchange) /> }
}

/// The page for unknown paths, with status 404.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <Title text="Not found · Traffic Simulator" />
        <h1>"Page not found"</h1>
        <p>"Check the address. If it is that of a run, the run may have been deleted."</p>
        <p class="actions">
            <a class="button" href="/">
                "Go to the dashboard"
            </a>
        </p>
    }
    .into_any()
}
