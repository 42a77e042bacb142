//! What the generator did since the start of the process.

use crate::traffic::model::{Job, Status};

/// Sums over the runs that are closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs that ended by themselves.
    pub completed: u64,
    /// Runs that were stopped.
    pub cancelled: u64,
    /// Runs that ended by a fault.
    pub failed: u64,
    /// Requests that left.
    pub sent: u64,
    /// Slots whose time passed.
    pub missed: u64,
    /// Slots for which the gate was shut when they were due.
    pub gate_refusals: u64,
    /// Arrivals that broke the cap.
    pub cap_violations: u64,
    /// Runs whose books balance.
    pub books_verified: u64,
    /// Runs whose books don't.
    pub books_unbalanced: u64,
    /// Runs about which the dashboard was right.
    pub dashboard_right: u64,
    /// Runs about which it was wrong.
    pub dashboard_wrong: u64,
}

impl Tally {
    /// Adds a closed run.
    pub fn add(&mut self, job: &Job) {
        let stats = &job.stats;
        match job.status {
            Status::Completed => self.completed += 1,
            Status::Cancelled => self.cancelled += 1,
            _ => self.failed += 1,
        }
        self.sent += u64::from(stats.sent);
        self.missed += u64::from(stats.missed);
        self.gate_refusals += u64::from(stats.gate_refusals);
        self.cap_violations += u64::from(stats.cap_violations);
        let verified = stats.books.as_ref().is_some_and(|books| books.verified);
        *(if verified { &mut self.books_verified } else { &mut self.books_unbalanced }) += 1;
        let right = stats.truth.as_ref().is_some_and(|truth| truth.right);
        *(if right { &mut self.dashboard_right } else { &mut self.dashboard_wrong }) += 1;
    }
}
