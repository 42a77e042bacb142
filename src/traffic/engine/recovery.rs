//! The numbers of a run whose process died, counted anew from what was recorded of it.
//!
//! Rows are written a quarter of a second after the fact, so the last requests before the death may
//! be missing on either side. What is in the database counts; nothing is guessed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::exchange::{ClientSide, ServerSide};
use super::mix::Call;
use super::outcome::{Fate, Outcome};
use super::recorder::Recorder;
use super::stats::Stats;

/// What is known of the run beside its rows.
#[derive(Debug)]
pub struct Remains {
    /// Requests in the plan.
    pub planned: u32,
    /// Slots that were missed when its numbers were last stored.
    pub missed: u32,
    /// Its planned duration.
    pub duration: Duration,
    /// When its clock started, in epoch microseconds.
    pub started: i64,
}

const fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// When it was due, and how it went, by the generator's row.
fn of_client(client: &ClientSide) -> (Duration, Outcome) {
    let sent = micros(client.sent);
    let outcome = Outcome {
        seq: client.seq,
        call: client.call,
        wanted: micros(client.wanted),
        sent,
        ended: sent + micros(client.service),
        // A name that no version of this program has written.
        fate: Fate::of_name(&client.fate).unwrap_or(Fate::Transport),
    };
    (micros(client.due), outcome)
}

/// The same by the server's row, for a request whose own row was not written any more.
fn of_server(server: &ServerSide, call: Call, started: i64) -> (Duration, Outcome) {
    let sent = micros(u64::try_from(server.arrived_at - started).unwrap_or(0));
    let fate = Fate::Answered(server.status);
    (sent, Outcome { seq: server.seq, call, wanted: sent, sent, ended: sent + micros(server.duration), fate })
}

/// Counts the rows of both sides. `call_of` says what a slot of the plan calls.
pub fn recount(
    remains: &Remains,
    clients: &[ClientSide],
    servers: &[ServerSide],
    call_of: impl Fn(u32) -> Call,
) -> Stats {
    let server_rows = servers.iter().map(|row| (row.seq, of_server(row, call_of(row.seq), remains.started)));
    let client_rows = clients.iter().map(|row| (row.seq, of_client(row)));
    // The generator's row comes later and wins.
    let rows: BTreeMap<u32, (Duration, Outcome)> = server_rows.chain(client_rows).collect();
    let mut recorder = Recorder::new(remains.planned);
    let mut end = Duration::ZERO;
    for (due, outcome) in rows.values() {
        recorder.sent(*due, outcome.sent);
        recorder.ended(outcome, None);
        end = end.max(outcome.ended);
    }
    let left = remains.planned.saturating_sub(rows.len() as u32);
    (0..remains.missed.min(left)).for_each(|_| recorder.missed());
    recorder.close();
    recorder.snapshot(end, remains.duration)
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
        recount(&remains, clients, servers, |_| Call::List)
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
    }

    #[test]
    fn nothing_recorded_is_nothing_sent() {
        let stats = recounted(&[], &[]);
        assert_eq!((stats.sent, stats.not_reached, stats.elapsed, stats.avg_latency), (0, 98, 0, None));
    }
}
