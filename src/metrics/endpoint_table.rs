//! The numbers of each endpoint.

use leptos::prelude::*;

use super::address::LogAddress;
use super::live_overview::LiveOverview;
use super::model::{EndpointTotals, Overview};
use crate::ui::erased;
use crate::ui::format::{count, millis, percent};
use crate::ui::notice::Empty;
use crate::ui::table::{Cell, DataTable, heads, row};

/// Count, failures and latency by endpoint. Each leads to its requests in the log.
#[component]
pub fn EndpointTable(
    /// What it is made of.
    live: LiveOverview,
) -> impl IntoView {
    let rows =
        live.of(|overview| overview.endpoints.iter().map(|line| endpoint_row(overview, line)).collect::<String>());
    view! {
        <section class="card" aria-labelledby="by-endpoint-title">
            <h2 class="card-title" id="by-endpoint-title">"By endpoint"</h2>
            <DataTable
                label="By endpoint"
                heads=heads(["Endpoint", "Requests", "Errors", "p50", "p95", "p99"])
                rows=rows
            />
            {erased::live(move || match rows.read().is_empty() {
                true => view! { <Empty>"No requests in this time. Start a run, or send one to /api/v1/users."</Empty> }.into_any(),
                false => ().into_any(),
            })}
        </section>
    }
    .into_any()
}

fn endpoint_row(overview: &Overview, line: &EndpointTotals) -> String {
    let (name, totals) = (format!("{} {}", line.method, line.route), &line.totals);
    let view = super::model::OverviewQuery { range: overview.range, origin: overview.origin };
    let log = LogAddress { view, endpoint: Some(name.clone()), ..LogAddress::default() };
    let errors = match totals.errors {
        0 => "0".to_owned(),
        errors => format!("{} ({})", count(errors), percent(totals.error_rate)),
    };
    row([
        Cell::code(name).linked(log.link()),
        Cell::text(count(totals.requests)),
        Cell::text(errors).bad(totals.errors > 0),
        Cell::text(millis(totals.p50)),
        Cell::text(millis(totals.p95)),
        Cell::text(millis(totals.p99)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::model::Totals;

    #[test]
    fn a_row_leads_to_the_requests_of_its_endpoint() {
        let totals = Totals { requests: 8, errors: 2, error_rate: Some(0.25), p50: Some(1.0), ..Totals::default() };
        let line = EndpointTotals { method: "GET".into(), route: "/api/v1/users/{id}".into(), totals };
        let html = endpoint_row(&Overview::default(), &line);
        assert!(html.contains("href=\"/requests?endpoint=GET%20/api/v1/users/%7Bid%7D\""), "{html}");
        assert!(html.contains("<td data-tone=\"bad\">2 (25.0 %)</td>"), "{html}");
    }
}
