//! The events of a live stream: the snapshots of a run, as its viewers receive them.

use axum::body::Bytes;

use crate::traffic::model::Run;

/// What `stats` events leave out, because it does not change the live picture of a run and may be large. The run's
/// status has it, and so has the `done` event.
const NOT_IN_STATS_EVENTS: [&str; 6] = ["calls", "fates", "failures", "recentFailures", "audit", "dashboardCheck"];

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
    /// The event `stats` of a run as it stands now, or the event `done`, which has everything, of a closed run.
    pub fn new(run: &Run, id: u64) -> Self {
        let event = if run.closed { "done" } else { "stats" };
        // JSON without line breaks fits into one `data` line.
        let data = data(run).unwrap_or_else(|error| {
            tracing::error!(%error, "a run could not be written as JSON");
            "null".to_owned()
        });
        Self { bytes: Bytes::from(format!("id: {id}\nevent: {event}\ndata: {data}\n\n")), id, done: run.closed }
    }
}

fn data(run: &Run) -> serde_json::Result<String> {
    if run.closed {
        return serde_json::to_string(run);
    }
    let mut run = serde_json::to_value(run)?;
    if let Some(stats) = run.get_mut("stats").and_then(serde_json::Value::as_object_mut) {
        stats.retain(|name, _| !NOT_IN_STATS_EVENTS.contains(&name.as_str()));
    }
    serde_json::to_string(&run)
}
