//! The pages that set components of several features side by side, and do nothing else.

pub mod board;
pub mod live_board;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_fns;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::board::Board;
use self::live_board::{LiveBoard, ask, nothing};
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
        let Board(choices, above, below) = ask(view, "all".to_owned()).await.unwrap_or_else(|why| nothing(&why));
        view! {
            <div class="page-head">
                <h1>"Dashboard"</h1>
                <nav class="view-filter" aria-label="What is shown" inner_html=choices></nav>
            </div>
            <div class="dashboard">
                <div class="figures">
                    <div class="figures-now" inner_html=above></div>
                    <LiveBoard />
                </div>
                <TrafficSimulatorCard />
                <div class="board" inner_html=below></div>
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
    let both_sides = |request: LoggedRequest| match (request.run, request.seq) {
        (Some(run), Some(seq)) => view! { <ExchangeCard run seq /> }.into_any(),
        _ => ().into_any(),
    };
    view! { <RequestPage other_side=Callback::new(both_sides) /> }
}

/// Any path that is none of ours. The server answers 404.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <Title text="Not found · Traffic Simulator" />
        <h1>"There is nothing here"</h1>
        <p>"The address may be mistyped, or the run deleted."</p>
        <p class="actions">
            <a class="button" href="/">
                "Go to the dashboard"
            </a>
        </p>
    }
    .into_any()
}
