//! A request with both of its sides: what the generator's ledger says about it, and what the server recorded, joined by
//! the sequence number in the run.
//!
//! A request has these times, in order: wanted → due → sent → arrived → answered → received. One process on one machine
//! takes all of them, so their differences are durations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::mix::Call;
use super::outcome::Fate;
use super::second::Ended;

/// The generator's side of one request. Times are in microseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientSide {
    /// The number of its slot in the plan, from 0.
    pub seq: u32,
    /// What it called.
    pub call: Call,
    /// When the plan wanted it, since the start of the run.
    pub wanted: u64,
    /// When it was allowed to leave, since the start of the run.
    pub due: u64,
    /// When it left, since the start of the run.
    pub sent: u64,
    /// When it left, in epoch microseconds; a run of the first version has none.
    pub sent_at: Option<i64>,
    /// Service time: from sending to the end of the answer.
    pub service: u64,
    /// How it ended: a status code, or `timeout`, `connect`, `transport`, `cancelled`.
    pub fate: String,
    /// The server's id of the request, when there was an answer.
    pub request_id: Option<Uuid>,
}

impl ClientSide {
    /// What the timeline needs to know of the request.
    pub fn ended(&self) -> Ended {
        Ended {
            second: u32::try_from(self.sent / 1_000_000).unwrap_or(u32::MAX),
            service: u32::try_from(self.service).unwrap_or(u32::MAX),
            fate: self.fate(),
        }
    }

    /// How it ended. A name that no version of this program has written is read as a transport error.
    pub fn fate(&self) -> Fate {
        Fate::of_name(&self.fate).unwrap_or(Fate::Transport)
    }
}

/// The server's side of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerSide {
    /// The number of its slot in the plan, from 0.
    pub seq: u32,
    /// When it arrived, in epoch microseconds.
    pub arrived_at: i64,
    /// How long the answer took, in microseconds.
    pub duration: u64,
    /// The status of the answer; 499 when the client was gone.
    pub status: u16,
    /// The server's id of the request, as in the answer's `x-request-id`.
    pub request_id: Option<Uuid>,
}

/// One request of a run, seen from both sides. Moments are milliseconds since the start of the run, durations are
/// milliseconds; what nobody knows is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// Its place in the plan, from 0.
    pub seq: u32,
    /// What it called.
    pub call: Option<Call>,
    /// How it ended for the generator: a status code, or `timeout`, `connect`, `transport`, `cancelled`.
    pub outcome: Option<String>,
    /// The status that the server recorded; 499 when the client was gone before the answer.
    pub status: Option<u16>,
    /// The server's id of the request, as in its log.
    pub request_id: Option<Uuid>,
    /// When it left, in epoch milliseconds.
    pub sent_at: Option<i64>,
    /// When the plan wanted it.
    pub wanted: Option<f64>,
    /// When it was allowed to leave.
    pub due: Option<f64>,
    /// When it left.
    pub sent: Option<f64>,
    /// When the server noticed it.
    pub arrived: Option<f64>,
    /// When the server had its answer.
    pub answered: Option<f64>,
    /// When the whole answer was there, or the failure known.
    pub received: Option<f64>,
    /// sent − due.
    #[serde(alias = "lag")]
    pub scheduling_delay: Option<f64>,
    /// sent to received.
    pub service_time: Option<f64>,
    /// wanted to received.
    pub response_time: Option<f64>,
    /// arrived to answered.
    pub server_time: Option<f64>,
    /// The part of the service time that is not the server's: connection, kernel, scheduling.
    pub elsewhere: Option<f64>,
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

/// Milliseconds, rounded to whole microseconds: free of the noise of a subtraction.
fn rounded(millis: f64) -> f64 {
    (millis * 1000.0).round() / 1000.0
}

impl Exchange {
    fn of_client(client: &ClientSide) -> Self {
        let received = client.sent + client.service;
        Self {
            seq: client.seq,
            call: Some(client.call),
            outcome: Some(client.fate.clone()),
            request_id: client.request_id,
            sent_at: client.sent_at.map(|micros| micros / 1000),
            wanted: Some(millis(client.wanted)),
            due: Some(millis(client.due)),
            sent: Some(millis(client.sent)),
            received: Some(millis(received)),
            scheduling_delay: Some(millis(client.sent.saturating_sub(client.due))),
            service_time: Some(millis(client.service)),
            response_time: Some(millis(received.saturating_sub(client.wanted))),
            ..Self::default()
        }
    }

    fn add_server(&mut self, client: Option<&ClientSide>, server: &ServerSide) {
        self.status = Some(server.status);
        self.request_id = self.request_id.or(server.request_id);
        self.server_time = Some(millis(server.duration));
        let Some((client, sent_at)) = client.and_then(|client| Some((client, client.sent_at?))) else { return };
        // Both times are of the wall clock, read microseconds apart; setting the clock in between must not move the
        // arrival out of the time in which the request was under way.
        let travel = (server.arrived_at - sent_at).clamp(0, client.service as i64) as u64;
        let arrived = client.sent + travel;
        self.arrived = Some(millis(arrived));
        self.answered = Some(millis(arrived + server.duration));
        self.elsewhere = Some(rounded(millis(client.service) - millis(server.duration)).max(0.0));
    }
}

/// Joins the two sides of each request of a run, in the order of the plan. Of several records of one request the first
/// counts; it is the audit that finds such repetitions.
pub fn join(clients: &[ClientSide], servers: &[ServerSide]) -> Vec<Exchange> {
    let mut joined: BTreeMap<u32, Exchange> = BTreeMap::new();
    let by_seq: BTreeMap<u32, &ClientSide> = clients.iter().map(|client| (client.seq, client)).collect();
    for client in by_seq.values() {
        joined.insert(client.seq, Exchange::of_client(client));
    }
    for server in servers {
        let exchange = joined.entry(server.seq).or_insert_with(|| Exchange { seq: server.seq, ..Exchange::default() });
        if exchange.status.is_none() {
            exchange.add_server(by_seq.get(&server.seq).copied(), server);
        }
    }
    joined.into_values().collect()
}

/// The requests of which `time` is longest, longest first. Those without it are left out.
pub fn longest(exchanges: &[Exchange], how_many: usize, time: impl Fn(&Exchange) -> Option<f64>) -> Vec<Exchange> {
    let mut timed: Vec<(f64, &Exchange)> =
        exchanges.iter().filter_map(|exchange| Some((time(exchange)?, exchange))).collect();
    timed.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    timed.into_iter().take(how_many).map(|(_, exchange)| exchange.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(seq: u32) -> ClientSide {
        ClientSide {
            seq,
            call: Call::List,
            wanted: 1_000_000,
            due: 1_200_000,
            sent: 1_200_500,
            sent_at: Some(1_700_000_000_000_000),
            service: 4_000,
            fate: "200".to_owned(),
            request_id: None,
        }
    }

    fn server(seq: u32) -> ServerSide {
        ServerSide { seq, arrived_at: 1_700_000_000_000_700, duration: 2_500, status: 200, request_id: None }
    }

    #[test]
    fn both_sides_are_on_one_axis() {
        let joined = join(&[client(3)], &[server(3)]);
        let [exchange] = &joined[..] else { panic!("one: {joined:?}") };
        assert_eq!(
            (exchange.wanted, exchange.due, exchange.sent, exchange.arrived, exchange.answered, exchange.received),
            (Some(1000.0), Some(1200.0), Some(1200.5), Some(1201.2), Some(1203.7), Some(1204.5))
        );
        assert_eq!(
            (
                exchange.scheduling_delay,
                exchange.service_time,
                exchange.response_time,
                exchange.server_time,
                exchange.elsewhere
            ),
            (Some(0.5), Some(4.0), Some(204.5), Some(2.5), Some(1.5))
        );
        assert_eq!((exchange.status, exchange.sent_at), (Some(200), Some(1_700_000_000_000)));
    }

    #[test]
    fn a_side_that_nobody_saw_is_absent() {
        let joined = join(&[client(0)], &[server(1)]);
        assert_eq!((joined[0].seq, joined[0].status, joined[0].arrived, joined[0].server_time), (0, None, None, None));
        assert_eq!((joined[1].seq, joined[1].outcome.as_deref(), joined[1].sent), (1, None, None));
        assert_eq!((joined[1].status, joined[1].server_time), (Some(200), Some(2.5)));
    }

    #[test]
    fn a_step_of_the_clock_does_not_tear_the_sides_apart() {
        let early = ServerSide { arrived_at: 1_600_000_000_000_000, ..server(0) };
        assert_eq!(join(&[client(0)], &[early])[0].arrived, Some(1200.5));
        let late = ServerSide { arrived_at: 1_800_000_000_000_000, ..server(0) };
        assert_eq!(join(&[client(0)], &[late])[0].arrived, Some(1204.5));
    }

    #[test]
    fn of_two_records_the_first_counts() {
        let again = ServerSide { status: 500, ..server(0) };
        assert_eq!(join(&[client(0)], &[server(0), again])[0].status, Some(200));
    }

    #[test]
    fn the_longest_come_first_and_those_without_the_time_not_at_all() {
        let clients: Vec<ClientSide> =
            (0..5).map(|seq| ClientSide { service: u64::from(seq) * 1000, ..client(seq) }).collect();
        let joined = join(&clients, &[server(9)]);
        let longest = longest(&joined, 3, |exchange| exchange.service_time);
        assert_eq!(longest.iter().map(|exchange| exchange.seq).collect::<Vec<_>>(), [4, 3, 2]);
    }
}
