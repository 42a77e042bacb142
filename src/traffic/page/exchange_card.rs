//! What the generator knows of one request, beside what the server recorded.

use leptos::prelude::*;

use crate::origin::RunId;
use crate::traffic::engine::exchange::Exchange;
use crate::traffic::server_fns::get_exchange;
use crate::traffic::view::run_sides::exchange_chart;
use crate::ui::chart::ChartFrame;
use crate::ui::format::millis;
use crate::ui::notice::{Empty, failed};

/// Both sides of one request of a run.
#[component]
pub fn ExchangeCard(
    /// The run.
    run: RunId,
    /// Its place in the plan.
    seq: u32,
) -> impl IntoView {
    let content = async move {
        match get_exchange(run, seq).await {
            Ok(Some(exchange)) => both(exchange),
            Ok(None) => {
                view! { <Empty>"The run does not know this request: it may have been deleted."</Empty> }.into_any()
            }
            Err(error) => failed("The other side could not be loaded.", &error.to_string()),
        }
    };
    view! {
        <section class="card" aria-label="Both sides of the request">
            <Suspense>{Suspend::new(content)}</Suspense>
        </section>
    }
    .into_any()
}

fn both(exchange: Exchange) -> AnyView {
    let facts = [
        ("Lag: left after it was due", exchange.scheduling_delay),
        ("Service time: as the client saw it", exchange.service_time),
        ("Server time: as the server measured it", exchange.server_time),
        ("Elsewhere: connection, kernel, scheduling", exchange.elsewhere),
        ("Response time: since it was wanted", exchange.response_time),
    ];
    let facts =
        facts.map(|(name, value)| view! { <div class="stat"><dt>{name}</dt><dd>{millis(value)}</dd></div> }.into_any());
    let chart = exchange_chart("Both sides", std::slice::from_ref(&exchange));
    view! {
        <ChartFrame id="both-sides" chart />
        <dl class="facts">{facts.collect_view()}</dl>
    }
    .into_any()
}
