//! One request of a run, as client and server saw it.

use leptos::prelude::*;

use crate::origin::RunId;
use crate::traffic::engine::exchange::Exchange;
use crate::traffic::server_fns::get_exchange;
use crate::traffic::view::run_sides::exchange_chart;
use crate::ui::chart::frame::ChartFrame;
use crate::ui::format::millis;
use crate::ui::notice::{Empty, failed};

/// One request of a run, as client and server saw it.
#[component]
pub fn ExchangeCard(
    /// The id of the run.
    run: RunId,
    /// The sequence number of the request in the plan.
    seq: u32,
) -> impl IntoView {
    let content = async move {
        match get_exchange(run, seq).await {
            Ok(Some(exchange)) => exchange_view(exchange),
            Ok(None) => {
                view! { <Empty>"The run has no record of this request. It may have been deleted."</Empty> }.into_any()
            }
            Err(error) => failed("The client's record could not be loaded.", &error.to_string()),
        }
    };
    view! {
        <section class="card" aria-label="Client and server">
            <Suspense>{Suspend::new(content)}</Suspense>
        </section>
    }
    .into_any()
}

fn exchange_view(exchange: Exchange) -> AnyView {
    let facts = [
        ("Scheduling delay: sent after it was due", exchange.scheduling_delay),
        ("Service time: as the client saw it", exchange.service_time),
        ("Server time: as the server measured it", exchange.server_time),
        ("Elsewhere: connection, kernel, scheduling", exchange.elsewhere),
        ("Response time: since the planned time", exchange.response_time),
    ];
    let facts =
        facts.map(|(name, value)| view! { <div class="stat"><dt>{name}</dt><dd>{millis(value)}</dd></div> }.into_any());
    let chart = exchange_chart("Client and server", std::slice::from_ref(&exchange));
    view! {
        <ChartFrame id="both-sides" chart />
        <dl class="facts">{facts.collect_view()}</dl>
    }
    .into_any()
}
