//! A run as client and server saw it: the percentiles of both, and the slowest requests as waterfalls.

use crate::traffic::engine::exchange::Exchange;
use crate::traffic::engine::mix::Call;
use crate::traffic::engine::sides::{Sides, Spread};
use crate::ui::chart::waterfall::{WaterfallRow, waterfall};
use crate::ui::chart::{Chart, Rows};
use crate::ui::format::{count, millis};
use crate::ui::notice::{empty_html, failed_html};
use crate::ui::table::{TableCell, row, table_html};

pub(crate) fn sides_html(sides: Result<&Sides, &str>, rows: &Rows) -> String {
    let content = match sides {
        Err(why) => failed_html("The comparison of client and server could not be loaded.", why),
        Ok(sides) if sides.slowest.is_empty() => empty_html(Some("No responses yet.")),
        Ok(sides) => {
            let sentence = sides_sentence(sides);
            let chart = exchange_chart("Slowest requests", &sides.slowest).html("slowest", rows);
            let table = table_html("Client and server", SIDES_HEADS, &sides_rows(sides), "");
            format!("<p class=\"sentence\" data-part=\"sides\">{sentence}</p>{table}{chart}")
        }
    };
    format!(
        "<section class=\"card wide\" aria-labelledby=\"sides-title\"><h3 id=\"sides-title\">Client and server</h3>{content}</section>"
    )
}

/// The headers of the table of client and server.
pub const SIDES_HEADS: [&str; 5] = ["Where", "p50", "p95", "p99", "Slowest"];

/// The rows of the table of client and server.
pub fn sides_rows(sides: &Sides) -> String {
    let line = |name: &str, spread: &Spread| {
        let values = [spread.p50, spread.p95, spread.p99, spread.max].map(|value| TableCell::text(millis(value)));
        row(std::iter::once(TableCell::text(name)).chain(values))
    };
    [
        line("Client: sent to end of response", &sides.client),
        line("Server: arrived to responded", &sides.server),
        line("Elsewhere: queue, connection, scheduling", &sides.elsewhere),
    ]
    .concat()
}

/// The p95 of client and server in a sentence.
pub fn sides_sentence(sides: &Sides) -> String {
    match (sides.client.p95, sides.server.p95) {
        (Some(client), Some(server)) => format!(
            "Of {} requests seen by client and server, 95 % took at most {} for the client and {} in the server.",
            count(sides.joined),
            millis(Some(client)),
            millis(Some(server))
        ),
        _ => "The server has no record of these requests: not yet, or no longer.".to_owned(),
    }
}

/// A waterfall chart of requests, which are given with the slowest first.
pub fn exchange_chart(title: &str, exchanges: &[Exchange]) -> Chart {
    let rows: Vec<_> = exchanges.iter().filter_map(waterfall_row).collect();
    waterfall(title, slowest_sentence(&rows), &rows)
}

/// The row of a request, if the client's side of it is known.
fn waterfall_row(exchange: &Exchange) -> Option<WaterfallRow> {
    let call = exchange.call.map_or("", Call::route);
    Some(WaterfallRow {
        name: format!("#{}", exchange.seq),
        call: format!("{call} · {}", exchange.outcome.as_deref().unwrap_or("?")),
        request_id: exchange.request_id.map(|id| id.to_string()),
        wanted: exchange.wanted?,
        sent: exchange.sent?,
        server: exchange.arrived.zip(exchange.answered),
        received: exchange.received?,
    })
}

/// How long the first request took, from its planned time on.
fn slowest_sentence(requests: &[WaterfallRow]) -> String {
    let Some(slowest) = requests.first() else { return String::new() };
    let name = match requests.len() {
        1 => "This request".to_owned(),
        _ => format!("The slowest request, {} {},", slowest.name, slowest.call),
    };
    let total = millis(Some(slowest.received - slowest.wanted));
    match slowest.server {
        Some((arrived, responded)) => {
            let server = millis(Some(responded - arrived));
            format!("{name} took {total} from its planned time on, {server} of it in the server.")
        }
        None => format!("{name} took {total} from its planned time on."),
    }
}
