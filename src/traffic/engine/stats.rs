//! The numbers of a run, as they are shown, stored and sent.

use serde::{Deserialize, Serialize};

use super::audit_outcome::{Audit, AuditOutcome};
use super::dashboard_outcome::{DashboardCheck, DashboardOutcome, ROWS_DROPPED};
use super::failures::{Failure, FailureGroup};
use super::latency::{Latency, SplitLatency};
use super::mix::Call;
use super::outcome::FateCount;

/// The numbers of one kind of call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallStats {
    /// What was called.
    pub call: Call,
    /// Requests with a 2xx answer.
    pub ok: u32,
    /// Failed requests.
    pub failed: u32,
    /// Service time of the requests with a 2xx answer.
    pub service: Latency,
}

/// Who saw the ends of the requests of a run whose process died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Witnesses {
    /// Requests that are in the generator's ledger.
    pub by_client: u32,
    /// Requests that are in the server's record alone. Their times are the server's.
    pub by_server: u32,
}

/// The numbers of a run at one moment, consistent in themselves. A number that a stored run of an earlier version does
/// not have is read as that of [`Stats::default`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Stats {
    /// Time since the start of the run, in milliseconds; at most its duration.
    pub elapsed: u32,
    /// Requests that were answered or failed: ok + failed, without those that were cancelled.
    pub total_requests: u32,
    /// Requests with a 2xx answer.
    pub successful_requests: u32,
    /// Requests with any other answer, a timeout or a transport error.
    pub failed_requests: u32,
    /// Mean service time of ok and failed requests, in milliseconds; absent before the first answer.
    pub avg_latency: Option<f64>,
    /// Requests sent in the last full second; 0 after the end.
    pub current_rps: u32,
    /// Requests in the plan.
    pub planned: u32,
    /// Requests that left.
    pub sent: u32,
    /// Slots whose time passed. They are never sent later.
    pub missed: u32,
    /// Slots that were still to come when the run ended; known at its end.
    pub not_reached: u32,
    /// Requests that left and have not ended.
    pub in_flight: u32,
    /// Requests that were in flight when the run was stopped.
    pub cancelled: u32,
    /// Slots for which the gate was shut when they were due.
    pub gate_refusals: u32,
    /// Slots that were due while the highest allowed number of requests was in flight.
    pub in_flight_refusals: u32,
    /// Arrivals that the guard refused, because they broke the cap.
    pub cap_violations: u32,
    /// 99th percentile of the scheduling delay (sent − due), in milliseconds.
    #[serde(alias = "lagP99")]
    pub scheduling_delay_p99: Option<f64>,
    /// Service time: from sending to the end of the answer.
    pub service: SplitLatency,
    /// Response time: from when the plan wanted the request to the end of the answer, so it is free of coordinated
    /// omission.
    pub response: SplitLatency,
    /// The numbers of each kind of call.
    pub calls: Vec<CallStats>,
    /// How many requests ended with each status code or kind of failure.
    pub fates: Vec<FateCount>,
    /// Requests sent in each second of the run that is over.
    pub sent_per_second: Vec<u32>,
    /// The failures by endpoint and outcome: the most frequent groups, at most ten, largest first.
    pub failures: Vec<FailureGroup>,
    /// The newest single failures, newest first, in a run that has ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recent_failures: Vec<Failure>,
    /// Who saw the ends of the requests, in a run that was counted anew because its process died. Absent in every other
    /// run, where the generator saw them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recounted: Option<Witnesses>,
    /// Whether every request is accounted for, once that was checked. Earlier versions stored it as `books`.
    #[serde(skip_serializing_if = "Option::is_none", alias = "books")]
    pub audit: Option<Audit>,
    /// Whether the dashboard was right about the run, once that was checked. Earlier versions stored it as `truth`.
    #[serde(skip_serializing_if = "Option::is_none", alias = "truth")]
    pub dashboard_check: Option<DashboardCheck>,
}

impl Stats {
    /// Corrects what an earlier version stored: it called the dashboard right also when rows of the run had been
    /// dropped, so that there was nothing to compare it with.
    #[must_use]
    pub fn reread(mut self) -> Self {
        let rows_dropped = self.audit.as_ref().is_some_and(|audit| audit.dropped + audit.ledger_dropped > 0);
        if rows_dropped && self.dashboard() == Some(DashboardOutcome::Right) {
            self.dashboard_check = self.dashboard_check.map(|check| check.not_checked(ROWS_DROPPED));
        }
        self
    }

    /// What the audit found. `None` before it was made.
    pub fn audited(&self) -> Option<AuditOutcome> {
        self.audit.as_ref().map(|audit| audit.outcome)
    }

    /// What the dashboard check found. `None` before it was made.
    pub fn dashboard(&self) -> Option<DashboardOutcome> {
        self.dashboard_check.as_ref().map(|check| check.outcome)
    }

    /// How many whole seconds of the run are over. A second that the run did not live to the end would look like a drop
    /// of the rate, so it is in no chart and no table.
    pub fn whole_seconds(&self) -> u32 {
        self.elapsed / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheduling_delay_of_an_older_version_is_read() {
        let mut stored = serde_json::to_value(Stats::default()).expect("JSON");
        assert!(stored.as_object_mut().expect("an object").remove("schedulingDelayP99").is_some(), "{stored}");
        stored["lagP99"] = 1.5.into();
        let stats: Stats = serde_json::from_value(stored).expect("readable");
        assert_eq!(stats.scheduling_delay_p99, Some(1.5));
    }
}
