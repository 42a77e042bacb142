//! The numbers of each endpoint.

use crate::metrics::address::LogAddress;
use crate::metrics::model::{EndpointTotals, Overview, OverviewQuery};
use crate::ui::format::{count, millis, percent};
use crate::ui::notice::{empty_html, failed_html};
use crate::ui::table::{TableCell, row, table_html};

/// Requests, errors and latency by endpoint, with links to the requests in the log.
pub fn endpoints_html(overview: Result<&Overview, &str>) -> String {
    let content = match overview {
        Err(why) => failed_html("The endpoints could not be loaded.", why),
        Ok(overview) => {
            let rows: String = overview.endpoints.iter().map(|line| endpoint_row(overview, line)).collect();
            let nothing = "No requests in this period. Start a run, or send a request to /api/v1/users.";
            empty_html(rows.is_empty().then_some(nothing))
                + &table_html("By endpoint", ["Endpoint", "Requests", "Errors", "p50", "p95", "p99"], &rows, "")
        }
    };
    format!(
        "<section class=\"card\" aria-labelledby=\"by-endpoint-title\">\
         <h2 class=\"card-title\" id=\"by-endpoint-title\">By endpoint</h2>{content}</section>"
    )
}

fn endpoint_row(overview: &Overview, line: &EndpointTotals) -> String {
    let totals = &line.totals;
    let name = format!("{} {}", line.method, line.route);
    let view = OverviewQuery { range: overview.range, origin: overview.origin };
    let log = LogAddress { view, endpoint: Some(name.clone()), ..LogAddress::default() };
    let errors = match totals.errors {
        0 => "0".to_owned(),
        errors => format!("{} ({})", count(errors), percent(totals.error_rate)),
    };
    row([
        TableCell::code(name).linked(log.link()),
        TableCell::text(count(totals.requests)),
        TableCell::text(errors).bad(totals.errors > 0),
        TableCell::text(millis(totals.p50)),
        TableCell::text(millis(totals.p95)),
        TableCell::text(millis(totals.p99)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::model::Totals;

    #[test]
    fn a_row_links_to_the_requests_of_its_endpoint() {
        let totals = Totals { requests: 8, errors: 2, error_rate: Some(0.25), p50: Some(1.0), ..Totals::default() };
        let line = EndpointTotals { method: "GET".into(), route: "/api/v1/users/{id}".into(), totals };
        let html = endpoint_row(&Overview::default(), &line);
        assert!(html.contains("href=\"/requests?endpoint=GET%20%2Fapi%2Fv1%2Fusers%2F%7Bid%7D\""), "{html}");
        assert!(html.contains("<td data-tone=\"bad\">2 (25.0 %)</td>"), "{html}");
    }
}
