//! Sums over the runs of this process, for `/metrics`.

use crate::traffic::engine::audit_outcome::AuditOutcome;
use crate::traffic::engine::dashboard_outcome::DashboardOutcome;
use crate::traffic::model::{Run, Status};

/// Sums over the runs that were closed since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunTotals {
    /// Runs that ended by themselves.
    pub completed: u64,
    /// Runs that were stopped.
    pub cancelled: u64,
    /// Runs that ended by a fault.
    pub failed: u64,
    /// Requests that were sent.
    pub sent: u64,
    /// Slots that were missed.
    pub missed: u64,
    /// Slots that were throttled: the gate was shut when they were due.
    pub gate_refusals: u64,
    /// Arrivals that broke the cap.
    pub cap_violations: u64,
    /// Runs whose audit was verified.
    pub audits_verified: u64,
    /// Runs whose audit was incomplete.
    pub audits_incomplete: u64,
    /// Runs whose audit was wrong.
    pub audits_wrong: u64,
    /// Runs about which the dashboard was right.
    pub dashboard_right: u64,
    /// Runs about which the dashboard was wrong.
    pub dashboard_wrong: u64,
    /// Runs for which the dashboard could not be checked.
    pub dashboard_not_checked: u64,
}

impl RunTotals {
    /// Adds a closed run.
    pub fn add(&mut self, run: &Run) {
        let stats = &run.stats;
        match run.status {
            Status::Completed => self.completed += 1,
            Status::Cancelled => self.cancelled += 1,
            _ => self.failed += 1,
        }
        self.sent += u64::from(stats.sent);
        self.missed += u64::from(stats.missed);
        self.gate_refusals += u64::from(stats.gate_refusals);
        self.cap_violations += u64::from(stats.cap_violations);
        match stats.audited() {
            Some(AuditOutcome::Verified) => self.audits_verified += 1,
            Some(AuditOutcome::Wrong) => self.audits_wrong += 1,
            // After a panic while closing there is no audit, so nothing is verified.
            Some(AuditOutcome::Incomplete) | None => self.audits_incomplete += 1,
        }
        match stats.dashboard() {
            Some(DashboardOutcome::Right) => self.dashboard_right += 1,
            Some(DashboardOutcome::Wrong) => self.dashboard_wrong += 1,
            Some(DashboardOutcome::NotChecked) | None => self.dashboard_not_checked += 1,
        }
    }
}
