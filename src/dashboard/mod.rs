//! The pages that set components of several features side by side, and do nothing else.

pub mod board;
pub mod live_board;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_fns;

use leptos::prelude::*;
use leptos_meta::Title;

use self::live_board::{LiveBoard, first_board, nothing, use_view};
use crate::metrics::log_model::LoggedRequest;
use crate::metrics::request_page::RequestPage;
use crate::metrics::view_filter::{ViewFilter, dashboard_link};
use crate::traffic::card::TrafficSimulatorCard;
use crate::traffic::exchange_card::ExchangeCard;
use crate::ui::erased::{later, live};

/// `/`
#[component]
pub fn DashboardPage() -> impl IntoView {
    let view = use_view();
    view! {
        <Title text="Traffic Simulator" />
        <div class="page-head">
            <h1>"Dashboard"</h1>
            <ViewFilter view link=dashboard_link() />
        </div>
        <Suspense fallback=|| view! { <p class="loading">"Loading the dashboard…"</p> }>
            {live(move || later(async move {
                let first = first_board(view.get_untracked()).await;
                let live = LiveBoard::follow(view, first.is_ok());
                let first = first.unwrap_or_else(|why| nothing(&why));
                view! {
                    <div class="dashboard" on:click=move |event| live.clicked(&event)>
                        <div class="figures">
                            <div class="figures-now" node_ref=live.above inner_html=first.0></div>
                            <p class="stale-note" hidden=live.reachable>
                                "The server can't be reached. These are its last known figures; the page keeps trying."
                            </p>
                        </div>
                        <TrafficSimulatorCard />
                        <div class="board" node_ref=live.below inner_html=first.1></div>
                    </div>
                }
                .into_any()
            }))}
        </Suspense>
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
