//! What changes in the course of a run.

use std::time::Duration;

use super::client_ledger::ClientLedger;
use crate::traffic::engine::recorder::Recorder;
use crate::traffic::engine::stats::Stats;
use crate::traffic::model::Run;

/// The changing part of a [`LiveRun`](super::live_run::LiveRun), which it guards with a lock.
#[derive(Debug)]
pub(super) struct RunState {
    /// The run, whose `stats` hold only what the recorder does not know: the violations of the cap and the two checks.
    pub(super) run: Run,
    pub(super) recorder: Recorder,
    pub(super) ledger: ClientLedger,
    /// When the run ended, since its start.
    pub(super) ended_at: Option<Duration>,
    pub(super) frames_made: u64,
}

impl RunState {
    pub(super) fn new(run: Run, planned: u32) -> Self {
        let ledger = ClientLedger::new(run.job_id);
        Self { run, recorder: Recorder::new(planned), ledger, ended_at: None, frames_made: 0 }
    }

    /// The run with all its numbers, `elapsed` after its start.
    pub(super) fn snapshot(&self, elapsed: Duration) -> Run {
        let now = self.ended_at.unwrap_or(elapsed);
        let mut run = self.run.clone();
        run.stats = Stats {
            recent_failures: if run.status.is_final() { self.recorder.failures() } else { Vec::new() },
            cap_violations: run.stats.cap_violations,
            audit: run.stats.audit,
            dashboard_check: run.stats.dashboard_check,
            ..self.recorder.snapshot(now, Duration::from_secs(run.duration.into()))
        };
        run
    }
}
