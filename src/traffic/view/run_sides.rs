//! A run from both sides: percentiles of client and server beside each other, and the slowest requests
//! as waterfalls.

use crate::traffic::engine::exchange::Exchange;
use crate::traffic::engine::sides::{Sides, Spread};
use crate::ui::chart::{Chart, Rows, waterfall};
use crate::ui::format::{count, millis};
use crate::ui::notice::{empty_html, failed_html};
use crate::ui::table::{Cell, row, table_html};

/// Client beside server, and the slowest requests.
pub(crate) fn sides_html(sides: Result<&Sides, &str>, rows: &Rows) -> String {
    let content = match sides {
        Err(why) => failed_html("The two sides could not be loaded.", why),
        Ok(sides) if sides.slowest.is_empty() => empty_html(Some("No request has been answered yet.")),
        Ok(sides) => {
            let (sentence, chart) = (sides_sentence(sides), slowest_chart(&sides.slowest).html("slowest", rows));
            let table = table_html("Both sides", SIDES_HEADS, &sides_rows(sides), "");
            format!("<p class=\"sentence\" data-part=\"sides\">{sentence}</p>{table}{chart}")
        }
    };
    format!(
        "<section class=\"card wide\" aria-labelledby=\"sides-title\"><h3 id=\"sides-title\">Both sides</h3>{content}</section>"
    )
}

/// The heads of the table of both sides.
pub const SIDES_HEADS: [&str; 5] = ["Where", "p50", "p95", "p99", "Slowest"];

/// The rows of the table of both sides.
pub fn sides_rows(sides: &Sides) -> String {
    let line = |name: &str, spread: &Spread| {
        let values = [spread.p50, spread.p95, spread.p99, spread.max].map(|value| Cell::text(millis(value)));
        row(std::iter::once(Cell::text(name)).chain(values))
    };
    [
        line("Client: sent to the end of the answer", &sides.client),
        line("Server: arrived to answered", &sides.server),
        line("Elsewhere: queue, connection, scheduling", &sides.elsewhere),
    ]
    .concat()
}

/// What the two sides come to.
pub fn sides_sentence(sides: &Sides) -> String {
    match (sides.client.p95, sides.server.p95) {
        (Some(client), Some(server)) => format!(
            "Of {} requests that both sides saw, 95 of 100 took at most {} for the client and {} in the server.",
            count(sides.joined),
            millis(Some(client)),
            millis(Some(server))
        ),
        _ => "The server has no record of these requests: not yet, or not any more.".to_owned(),
    }
}

/// The slowest requests as waterfalls, with both of their sides.
pub fn slowest_chart(slowest: &[Exchange]) -> Chart {
    exchange_chart("Slowest requests", slowest)
}

/// Requests as waterfalls, the slowest first.
pub fn exchange_chart(title: &str, exchanges: &[Exchange]) -> Chart {
    let exchanges: Vec<_> = exchanges.iter().filter_map(both_sides).collect();
    waterfall::waterfall(title, slowest_sentence(&exchanges), &exchanges)
}

/// For the chart: where the generator's side is known.
fn both_sides(exchange: &Exchange) -> Option<waterfall::Exchange> {
    let call = exchange.call.map_or("", crate::traffic::engine::mix::Call::route);
    Some(waterfall::Exchange {
        name: format!("#{}", exchange.seq),
        call: format!("{call} · {}", exchange.outcome.as_deref().unwrap_or("?")),
        request_id: exchange.request_id.map(|id| id.to_string()),
        wanted: exchange.wanted?,
        sent: exchange.sent?,
        server: exchange.arrived.zip(exchange.answered),
        received: exchange.received?,
    })
}

fn slowest_sentence(exchanges: &[waterfall::Exchange]) -> String {
    let Some(slowest) = exchanges.first() else { return String::new() };
    let whole = slowest.received - slowest.wanted;
    let server = slowest.server.map(|(arrived, answered)| answered - arrived);
    let server = server.map(|ms| format!(", {} of it in the server", millis(Some(ms)))).unwrap_or_default();
    let who = if exchanges.len() == 1 {
        "It".to_owned()
    } else {
        format!("The slowest one, {} {},", slowest.name, slowest.call)
    };
    format!("{who} took {} from the moment it was wanted{server}.", millis(Some(whole)))
}
