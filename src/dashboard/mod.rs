//! The pages that set components of several features side by side, and do nothing else.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::metrics::charts::OverviewCharts;
use crate::metrics::endpoint_table::EndpointTable;
use crate::metrics::kpi_cards::KpiCards;
use crate::metrics::live_overview::{self, LiveOverview, use_view};
use crate::metrics::log_model::LoggedRequest;
use crate::metrics::newest_requests::{self, NewestFeed, NewestRequests};
use crate::metrics::request_page::RequestPage;
use crate::metrics::view_filter::{ViewFilter, dashboard_link};
use crate::traffic::card::TrafficSimulatorCard;
use crate::traffic::exchange_card::ExchangeCard;
use crate::traffic::newest_runs::NewestRuns;
use crate::traffic::runs_feed::{self, RunsFeed};
use crate::ui::erased::{later, live};

/// `/`
#[component]
pub fn DashboardPage() -> impl IntoView {
    let view = use_view();
    let overview = Resource::new(|| (), move |()| live_overview::ask(view.get_untracked()));
    let requests = Resource::new(|| (), move |()| newest_requests::ask_newest(view.get_untracked()));
    let runs = Resource::new(|| (), |()| runs_feed::ask());
    view! {
        <Title text="Traffic Simulator" />
        <div class="page-head">
            <h1>"Dashboard"</h1>
            <ViewFilter view link=dashboard_link() />
        </div>
        <Suspense fallback=|| view! { <p class="loading">"Loading the dashboard…"</p> }>
            {live(move || later(async move {
                let live = LiveOverview::follow(view, &overview.await);
                let newest = NewestFeed::follow(view, &requests.await);
                let feed = RunsFeed::follow(&runs.await);
                view! {
                    <div class="dashboard">
                        <KpiCards live />
                        <TrafficSimulatorCard />
                        <div class="board">
                            <OverviewCharts live periods=feed.periods() />
                            <EndpointTable live />
                            <NewestRequests feed=newest />
                            <NewestRuns feed />
                        </div>
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
