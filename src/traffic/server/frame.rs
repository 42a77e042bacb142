//! The events of a live stream: the snapshots of a run, as its viewers receive them.
//!
//! An event `stats` comes twice a second to every viewer, so it is at most 4 KB, which a test checks: it leaves out what
//! is read when it is needed. The event `done` has everything, and so has the run's status.

use std::cmp::Reverse;

use axum::body::Bytes;

use crate::traffic::engine::failures::FailureGroup;
use crate::traffic::engine::outcome::FateCount;
use crate::traffic::engine::stats::Stats;
use crate::traffic::model::Run;

/// How many ways to end an event `stats` names; a run that is in order has two.
const MOST_FATES: usize = 10;
/// The name under which an event `stats` counts the other ways to end.
const OTHER_FATES: &str = "other";

/// One event of the live stream, encoded once for all subscribers.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// `id: …`, `event: …`, `data: …` and the empty line.
    pub bytes: Bytes,
    /// The number of the event in the stream.
    pub id: u64,
    /// Whether this is the last event.
    pub done: bool,
}

impl Frame {
    /// The event `stats` of a run as it stands now, or the event `done` of a closed run.
    pub fn new(run: Run, id: u64) -> Self {
        let done = run.closed;
        let (event, run) = if done { ("done", run) } else { ("stats", shortened(run)) };
        // JSON without line breaks fits into one `data` line.
        let data = serde_json::to_string(&run).unwrap_or_else(|error| {
            tracing::error!(%error, "a run could not be written as JSON");
            "null".to_owned()
        });
        Self { bytes: Bytes::from(format!("id: {id}\nevent: {event}\ndata: {data}\n\n")), id, done }
    }
}

/// The run as an event `stats` shows it: without its note, without the seconds, which the timeline has, without the single
/// failures and the checks, without the paths of the samples, and with the most frequent fates only.
fn shortened(run: Run) -> Run {
    let stats = Stats {
        fates: most_frequent(run.stats.fates),
        sent_per_second: Vec::new(),
        failures: run.stats.failures.into_iter().map(without_path).collect(),
        recent_failures: Vec::new(),
        audit: None,
        dashboard_check: None,
        ..run.stats
    };
    Run { note: None, stats, ..run }
}

fn without_path(mut group: FailureGroup) -> FailureGroup {
    group.sample.path = None;
    group
}

/// The [`MOST_FATES`] most frequent fates in their order, and the sum of the others.
fn most_frequent(mut fates: Vec<FateCount>) -> Vec<FateCount> {
    if fates.len() <= MOST_FATES {
        return fates;
    }
    fates.sort_by_key(|fate| Reverse(fate.count));
    let others = fates.split_off(MOST_FATES).iter().map(|fate| fate.count).sum();
    fates.sort_by(|a, b| a.name.cmp(&b.name));
    fates.push(FateCount { name: OTHER_FATES.to_owned(), count: others });
    fates
}
