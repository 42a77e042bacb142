//! The dashboard: sets the features' components side by side, and nothing else.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::metrics::kpi_cards::KpiCards;
use crate::traffic::card::TrafficSimulatorCard;
use crate::traffic::newest_runs::NewestRuns;

/// `/`
#[component]
pub fn DashboardPage() -> impl IntoView {
    view! {
        <Title text="Traffic Simulator" />
        <h1>"Dashboard"</h1>
        <KpiCards />
        <TrafficSimulatorCard />
        <NewestRuns />
    }
    .into_any()
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
