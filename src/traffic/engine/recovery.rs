//! The numbers of a run whose process died, counted anew from what was recorded of it.
//!
//! Rows are written a quarter of a second after the fact, so the last requests may be missing on either side. Only what
//! is in the database counts; nothing is guessed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uuid::Uuid;

use super::exchange::{ClientSide, ServerSide};
use super::failures::Failure;
use super::mix::{Call, PlannedRequest};
use super::outcome::{Fate, Outcome};
use super::recorder::Recorder;
use super::stats::{Stats, Witnesses};

/// What is known about the run apart from its rows.
#[derive(Debug)]
pub struct Remains {
    /// Requests in the plan.
    pub planned: u32,
    /// Slots that had been missed when its numbers were last stored.
    pub missed: u32,
    /// Its planned duration.
    pub duration: Duration,
    /// When its clock started, in epoch microseconds.
    pub started: i64,
}

const fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// How long after the end of a run an answer may still come. A later time is wrong, because the wall clock was set or the
/// row is damaged, and counts as this limit. Otherwise the run could seem to last for years.
const DRAIN: Duration = Duration::from_secs(5);

/// What the row of either side says about one request.
struct Known {
    due: Duration,
    outcome: Outcome,
    request_id: Option<Uuid>,
}

/// Reads the generator's row. No time is later than `latest`.
fn of_client(client: &ClientSide, latest: Duration) -> Known {
    let sent = micros(client.sent).min(latest);
    let outcome = Outcome {
        seq: client.seq,
        call: client.call,
        wanted: micros(client.wanted).min(latest),
        sent,
        ended: sent + micros(client.service),
        fate: client.fate(),
    };
    Known { due: micros(client.due).min(latest), outcome, request_id: client.request_id }
}

/// Reads the server's row, for a request whose row the generator could not write any more.
fn of_server(server: &ServerSide, call: Call, started: i64, latest: Duration) -> Known {
    let sent = micros(u64::try_from(server.arrived_at.saturating_sub(started)).unwrap_or(0)).min(latest);
    let fate = Fate::Answered(server.status);
    let ended = sent + micros(server.duration);
    Known {
        due: sent,
        outcome: Outcome { seq: server.seq, call, wanted: sent, sent, ended, fate },
        request_id: server.request_id,
    }
}

/// Counts the run anew from the rows of both sides. `request_of` returns the request of a slot of the plan.
pub fn recount(
    remains: &Remains,
    clients: &[ClientSide],
    servers: &[ServerSide],
    request_of: impl Fn(u32) -> PlannedRequest,
) -> Stats {
    let latest = remains.duration + DRAIN;
    let of_server = |row: &ServerSide| (row.seq, of_server(row, request_of(row.seq).call, remains.started, latest));
    let of_client = |row: &ClientSide| (row.seq, of_client(row, latest));
    // Where both sides have a row, the generator's comes later and replaces the server's.
    let rows: BTreeMap<u32, Known> = servers.iter().map(of_server).chain(clients.iter().map(of_client)).collect();
    let mut recorder = Recorder::new(remains.planned);
    let mut end = Duration::ZERO;
    for (seq, known) in &rows {
        recorder.sent(known.due, known.outcome.sent);
        let request_id = known.request_id.map(|id| id.to_string());
        let failure = Failure::of(*seq, known.outcome.fate, &request_of(*seq), request_id);
        recorder.ended(&known.outcome, failure);
        end = end.max(known.outcome.ended);
    }
    let left = remains.planned.saturating_sub(rows.len() as u32);
    for _ in 0..remains.missed.min(left) {
        recorder.missed();
    }
    recorder.close();
    let in_ledger: BTreeSet<u32> = clients.iter().map(|row| row.seq).collect();
    let by_client = in_ledger.len() as u32;
    Stats {
        recent_failures: recorder.failures(),
        recounted: Some(Witnesses { by_client, by_server: rows.len() as u32 - by_client }),
        ..recorder.snapshot(end, remains.duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_700_000_000_000_000;

    fn client(seq: u32, fate: &str) -> ClientSide {
        let sent = u64::from(seq) * 50_500;
        ClientSide {
            seq,
            call: Call::Get,
            wanted: sent,
            due: sent,
            sent,
            sent_at: None,
            service: 2_000,
            fate: fate.to_owned(),
            request_id: None,
        }
    }

    fn server(seq: u32, status: u16) -> ServerSide {
        let arrived_at = START + i64::from(seq) * 50_500;
        ServerSide { seq, arrived_at, duration: 1_000, status, request_id: None }
    }

    fn recounted(clients: &[ClientSide], servers: &[ServerSide]) -> Stats {
        let remains = Remains { planned: 100, missed: 2, duration: Duration::from_secs(60), started: START };
        let request = PlannedRequest { call: Call::List, method: "GET", path: "/x".to_owned(), body: None };
        recount(&remains, clients, servers, |_| request.clone())
    }

    #[test]
    fn each_request_counts_once_whoever_saw_it() {
        let stats = recounted(
            &[client(0, "200"), client(1, "503"), client(2, "timeout"), client(3, "cancelled")],
            &[server(0, 200), server(1, 503), server(4, 201), server(5, 500)],
        );
        assert_eq!((stats.sent, stats.missed, stats.not_reached), (6, 2, 92));
        assert_eq!((stats.successful_requests, stats.failed_requests, stats.cancelled), (2, 3, 1));
        assert_eq!((stats.total_requests, stats.in_flight, stats.current_rps), (5, 0, 0));
        assert_eq!(stats.elapsed, 253, "slot 5 arrived after 252.5 ms and took 1 ms");
        let list = stats.calls.iter().find(|call| call.call == Call::List).expect("of the server's rows");
        assert_eq!((list.ok, list.failed), (1, 1));
        let failures: Vec<_> = stats
            .recent_failures
            .iter()
            .map(|failure| (failure.seq, failure.status, failure.reason.as_str()))
            .collect();
        let expected =
            [(5, Some(500), "answered 500"), (2, None, "no answer within 5 s"), (1, Some(503), "answered 503")];
        assert_eq!(failures, expected, "newest first, and no cancelled one");
        let groups: Vec<_> = stats
            .failures
            .iter()
            .map(|group| (group.call, group.outcome.as_str(), group.count, group.first, group.sample.seq))
            .collect();
        let expected = [
            (Call::List, "500", 1, Some(252), 5),
            (Call::Get, "503", 1, Some(50), 1),
            (Call::Get, "timeout", 1, Some(101), 2),
        ];
        assert_eq!(groups, expected, "also what only the server saw");
        let fates: Vec<_> = stats.fates.iter().map(|fate| (fate.name.as_str(), fate.count)).collect();
        let expected = [("200", 1), ("201", 1), ("500", 1), ("503", 1), ("cancelled", 1), ("timeout", 1)];
        assert_eq!(fates, expected);
        assert_eq!(stats.recounted, Some(Witnesses { by_client: 4, by_server: 2 }));
    }

    #[test]
    fn a_clock_that_was_set_allocates_nothing() {
        let years = 30 * 365 * 86_400 * 1_000_000_i64;
        let late = server(0, 200);
        let late = ServerSide { arrived_at: late.arrived_at + years, ..late };
        let early = server(1, 200);
        let early = ServerSide { arrived_at: early.arrived_at - years, ..early };
        let damaged = ClientSide { sent: u64::MAX / 2, wanted: u64::MAX / 2, ..client(2, "200") };
        let stats = recounted(&[damaged], &[late, early]);
        assert_eq!((stats.sent, stats.successful_requests), (3, 3));
        assert_eq!(stats.sent_per_second.len(), 60, "the seconds of the run, and no more");
    }

    #[test]
    fn nothing_recorded_is_nothing_sent() {
        let stats = recounted(&[], &[]);
        assert_eq!((stats.sent, stats.not_reached, stats.elapsed, stats.avg_latency), (0, 98, 0, None));
    }
}
