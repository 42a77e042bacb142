//! What changes in the course of a run.

use std::time::Duration;

use super::client_ledger::ClientLedger;
use crate::origin::RunId;
use crate::traffic::engine::audit_outcome::Audit;
use crate::traffic::engine::dashboard_outcome::DashboardCheck;
use crate::traffic::engine::recorder::Recorder;
use crate::traffic::engine::stats::Stats;
use crate::traffic::model::{Reason, Status};

/// The changing part of a [`LiveRun`](super::live_run::LiveRun), which it guards with a lock.
#[derive(Debug)]
pub(super) struct RunState {
    pub(super) status: Status,
    pub(super) reason: Option<Reason>,
    pub(super) recorder: Recorder,
    pub(super) ledger: ClientLedger,
    /// When the run ended, since its start.
    pub(super) ended_at: Option<Duration>,
    /// The same in epoch milliseconds.
    pub(super) end_time: Option<i64>,
    /// In milliseconds.
    pub(super) stop_took: Option<f64>,
    pub(super) cap_violations: u32,
    pub(super) audit: Option<Audit>,
    pub(super) dashboard_check: Option<DashboardCheck>,
    pub(super) closed: bool,
    /// The run has ended, and the database could not take its result yet.
    pub(super) unstored: bool,
    pub(super) frames_made: u64,
}

impl RunState {
    pub(super) fn new(id: RunId, planned: u32) -> Self {
        Self {
            status: Status::Starting,
            reason: None,
            recorder: Recorder::new(planned),
            ledger: ClientLedger::new(id),
            ended_at: None,
            end_time: None,
            stop_took: None,
            cap_violations: 0,
            audit: None,
            dashboard_check: None,
            closed: false,
            unstored: false,
            frames_made: 0,
        }
    }

    /// The numbers at `now`, in a run of the given `duration`.
    pub(super) fn stats(&self, now: Duration, duration: Duration) -> Stats {
        Stats {
            recent_failures: if self.status.is_final() { self.recorder.failures() } else { Vec::new() },
            cap_violations: self.cap_violations,
            audit: self.audit.clone(),
            dashboard_check: self.dashboard_check.clone(),
            ..self.recorder.snapshot(now, duration)
        }
    }
}
