//! A run as client and server saw it, and its slowest requests.

use leptos::prelude::*;

use super::response_words::response_words;
use super::single_failures::sample;
use crate::error::Loaded;
use crate::traffic::engine::exchange::Exchange;
use crate::traffic::engine::sides::{Sides, Spread};
use crate::ui::card::Card;
use crate::ui::format::{count, millis};
use crate::ui::notice::{Empty, Failed};
use crate::ui::table::{DataTable, Heads};

const SIDE_HEADS: [&str; 5] = ["Where", "p50", "p95", "p99", "Max"];
const SLOWEST_HEADS: [&str; 6] = ["Request", "Endpoint", "Response", "Client", "Server", "Elsewhere"];
const DELAYED_HEADS: [&str; 5] = ["Request", "Endpoint", "Response", "Scheduling delay", "Pause"];

/// Where the time of the requests went: at the client, in the server, or between the two. Below, the slowest requests by
/// what the client saw; requests that left late are in a list of their own, because no service made them slow.
#[component]
pub fn SidesCard(
    /// What both sides know of the run.
    sides: Signal<Loaded<Sides>>,
    /// Is it shown in a file, where there is nothing to open?
    #[prop(optional)]
    in_a_file: bool,
) -> impl IntoView {
    let content = move || {
        sides.with(|loaded| match loaded {
            None => view! { <p class="loading">"Loading."</p> }.into_any(),
            Some(Err(error)) => {
                view! { <Failed what="Client and server could not be compared." error=error.clone() /> }.into_any()
            }
            Some(Ok(sides)) if *sides == Sides::default() => view! {
                <Empty>
                    "There is nothing to compare yet. Both sides are joined request by request when the run is closed."
                </Empty>
            }
            .into_any(),
            Some(Ok(sides)) => view! { <Compared sides=sides.clone() in_a_file /> }.into_any(),
        })
    };
    view! {
        <Card id="sides" title="Client and server" class="sides-card">
            {content}
        </Card>
    }
    .into_any()
}

#[component]
fn Compared(sides: Sides, in_a_file: bool) -> impl IntoView {
    let sentence = sides_sentence(&sides);
    let slowest = Requests { title: "Slowest requests", heads: SLOWEST_HEADS.to_vec(), texts: slowest_texts };
    let delayed = Requests { title: "Left late", heads: delayed_heads(&sides.delayed), texts: delayed_texts };
    view! {
        <p class="sentence">{sentence}</p>
        <DataTable label="Client and server" class="side-table">
            <Heads names=SIDE_HEADS.to_vec() />
            <tbody>
                {side_row("Client: sent to end of response", sides.client)}
                {side_row("Server: arrived to responded", sides.server)}
                {side_row("Elsewhere: connection, kernel, scheduling", sides.elsewhere)}
            </tbody>
        </DataTable>
        <div class="request-lists">
            {slowest.table("The longest for the client first.", sides.slowest, in_a_file)}
            {delayed
                .table(
                    "They left more than 5 ms after they were due. That delay is the simulator's own; pauses that a scenario makes do not count.",
                    sides.delayed,
                    in_a_file,
                )}
        </div>
    }
    .into_any()
}

fn side_row(name: &'static str, spread: Spread) -> impl IntoView {
    let values = [("p50", spread.p50), ("p95", spread.p95), ("p99", spread.p99), ("Max", spread.max)];
    let cell = |(head, value): (&'static str, Option<f64>)| view! { <td data-head=head>{millis(value)}</td> };
    view! {
        <tr>
            <th scope="row">{name}</th>
            {values.map(cell).collect_view()}
        </tr>
    }
}

/// A table of single requests.
struct Requests {
    title: &'static str,
    heads: Vec<&'static str>,
    /// The cells of a request that follow its number.
    texts: fn(&Exchange) -> Vec<String>,
}

impl Requests {
    /// The table, or nothing without requests.
    fn table(self, what: &'static str, exchanges: Vec<Exchange>, in_a_file: bool) -> Option<AnyView> {
        let Self { title, heads, texts } = self;
        let names = heads.clone();
        let row = move |exchange: &Exchange| {
            let id = exchange.request_id.map(|id| id.to_string()).filter(|_| !in_a_file);
            let cells = names[1..].iter().copied().zip(texts(exchange));
            let cells = cells.map(|(head, text)| view! { <td data-head=head>{text}</td> });
            view! {
                <tr>
                    <th scope="row">{sample(&format!("#{}", exchange.seq), id)}</th>
                    {cells.collect_view()}
                </tr>
            }
        };
        let rows = (!exchanges.is_empty()).then(|| exchanges.iter().map(row).collect_view())?;
        let table = view! {
            <div>
                <h3 class="card-title">{title}</h3>
                <p class="sentence">{what}</p>
                <DataTable label=title class="request-table">
                    <Heads names=heads />
                    <tbody>{rows}</tbody>
                </DataTable>
            </div>
        };
        Some(table.into_any())
    }
}

fn endpoint_and_response(exchange: &Exchange) -> [String; 2] {
    let endpoint = exchange.call.map_or("–", |call| call.title());
    let response = exchange.outcome.as_deref().map_or("–".to_owned(), response_words);
    [endpoint.to_owned(), response]
}

fn slowest_texts(exchange: &Exchange) -> Vec<String> {
    let times = [exchange.service_time, exchange.server_time, exchange.elsewhere].map(millis);
    endpoint_and_response(exchange).into_iter().chain(times).collect()
}

/// The pause that the scenario makes before a request, in milliseconds.
fn pause(exchange: &Exchange) -> Option<f64> {
    Some(exchange.due? - exchange.wanted?)
}

/// The headers of the requests that left late. Pauses have a column where there are any.
fn delayed_heads(delayed: &[Exchange]) -> Vec<&'static str> {
    let pauses = delayed.iter().filter_map(pause).any(|pause| pause > 0.0);
    let columns = if pauses { DELAYED_HEADS.len() } else { DELAYED_HEADS.len() - 1 };
    DELAYED_HEADS[..columns].to_vec()
}

fn delayed_texts(exchange: &Exchange) -> Vec<String> {
    let times = [exchange.scheduling_delay, pause(exchange)].map(millis);
    endpoint_and_response(exchange).into_iter().chain(times).collect()
}

/// The p95 of client and server in a sentence.
fn sides_sentence(sides: &Sides) -> String {
    match (sides.client.p95, sides.server.p95) {
        (Some(client), Some(server)) => format!(
            "p95 of the {} requests that both sides saw: {} for the client, {} in the server.",
            count(sides.joined),
            millis(Some(client)),
            millis(Some(server))
        ),
        _ => "The server has no record of these requests: not yet, or no longer.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::error::AppError;
    use crate::traffic::engine::mix::Call;
    use crate::traffic::view::fixture;

    /// It was wanted at 1 s, allowed to leave after a pause of 0.3 s, left 0.5 ms late, and took 81 ms.
    fn exchange() -> Exchange {
        Exchange {
            seq: 220,
            call: Some(Call::Error),
            outcome: Some("503".to_owned()),
            request_id: Some(Uuid::from_u128(5)),
            wanted: Some(1000.0),
            due: Some(1300.0),
            sent: Some(1300.5),
            received: Some(1381.5),
            scheduling_delay: Some(0.5),
            service_time: Some(81.0),
            response_time: Some(381.5),
            server_time: Some(80.2),
            elsewhere: Some(0.8),
            ..Exchange::default()
        }
    }

    fn sides() -> Sides {
        let spread = |p95| Spread { p50: Some(0.3), p95: Some(p95), p99: Some(12.6), max: Some(81.0) };
        Sides {
            joined: 594,
            client: spread(2.69),
            server: spread(2.09),
            elsewhere: spread(0.5),
            slowest: vec![exchange()],
            delayed: vec![exchange()],
        }
    }

    #[test]
    fn a_pause_is_no_part_of_a_slow_request() {
        let common = ["GET /api/v1/users/error", "503"];
        assert_eq!(slowest_texts(&exchange()), [&common[..], &["81.0 ms", "80.2 ms", "0.80 ms"]].concat());
        assert_eq!(delayed_texts(&exchange()), [&common[..], &["0.50 ms", "300 ms"]].concat());
        assert_eq!(delayed_heads(&[exchange()]).len(), 5);
        assert_eq!(delayed_heads(&[Exchange { due: Some(1000.0), ..exchange() }]).len(), 4, "no column of zeros");
        let unknown = Exchange { seq: 1, ..Exchange::default() };
        assert_eq!(slowest_texts(&unknown), ["–"; 5]);
    }

    fn html(sides: Loaded<Sides>, in_a_file: bool) -> String {
        fixture::html(|| view! { <SidesCard sides=Signal::stored(sides) in_a_file /> })
    }

    #[test]
    fn both_sides_stand_side_by_side() {
        let page = html(Some(Ok(sides())), false);
        for part in [
            "p95 of the 594 requests that both sides saw: 2.69 ms for the client, 2.09 ms in the server.",
            "<td data-head=\"p95\">2.09 ms",
            "Slowest requests",
            "Left late",
            "href=\"/requests/00000000-0000-0000-0000-000000000005\"",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(!html(Some(Ok(sides())), true).contains("href"), "a file stands for itself");
        let nobody_waited = Sides { delayed: Vec::new(), ..sides() };
        assert!(!html(Some(Ok(nobody_waited)), false).contains("Left late"));
    }

    #[test]
    fn what_is_not_there_says_why() {
        assert!(html(None, false).contains("Loading."));
        assert!(html(Some(Ok(Sides::default())), false).contains("There is nothing to compare yet."));
        assert!(html(Some(Err(AppError::Unavailable)), false).contains("could not be compared."));
        let server_gone = Sides { joined: 0, client: Spread::default(), server: Spread::default(), ..sides() };
        assert!(html(Some(Ok(server_gone)), false).contains("The server has no record of these requests"));
    }
}
