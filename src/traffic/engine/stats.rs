//! The numbers of a run, as they are shown, stored and sent.
//!
//! Percentiles are exact, by the nearest-rank rule: the p-th percentile of n values is the value
//! at rank ⌈p/100 · n⌉ of the sorted values, and nothing for n = 0. It is always one of the
//! measured values, and p100 is the maximum.

use serde::{Deserialize, Serialize};

use super::audit::{Audit, AuditOutcome};
use super::dashboard_check::{DashboardCheck, DashboardOutcome, ROWS_DROPPED};
use super::mix::Call;

/// One of the newest failures, with what is needed to find it in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Its place in the plan.
    pub seq: u32,
    /// The HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The status code, when there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The server's id of the request, when there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What went wrong, in a word or two.
    pub reason: String,
}

/// Failures of one endpoint that ended in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureGroup {
    /// What was called.
    pub call: Call,
    /// How they ended: a status code, or `connect`, `timeout`, `transport`.
    pub outcome: String,
    /// How many requests.
    pub count: u32,
    /// The newest one of them.
    pub sample: FailureSample,
}

/// One failure of a group, with what is needed to find it in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureSample {
    /// Its place in the plan.
    pub seq: u32,
    /// Path and query; absent in a run that was counted anew after a crash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The server's id of the request, when there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Latencies in milliseconds. All are absent when nothing was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// How many values.
    pub count: u32,
    /// Arithmetic mean.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// The largest value.
    pub max: Option<f64>,
}

/// Latencies of the requests with a 2xx answer and of the failed ones, apart: a fast failure must
/// not make the latency look better.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SplitLatency {
    /// Of the requests with a 2xx answer.
    pub ok: Latency,
    /// Of the failed requests.
    pub failed: Latency,
}

/// The numbers of one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallStats {
    /// Which one.
    pub call: Call,
    /// Requests with a 2xx answer.
    pub ok: u32,
    /// Failed requests.
    pub failed: u32,
    /// Service time of the ok ones.
    pub service: Latency,
}

/// How often something ended this way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FateCount {
    /// A status code, or `connect`, `timeout`, `transport`, `cancelled`.
    pub name: String,
    /// How many requests.
    pub count: u32,
}

/// The numbers of a run at one moment, consistent in themselves. A number that a stored run of an
/// earlier version does not have is that of [`Stats::default`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Stats {
    /// Time since the start of the run, in milliseconds; at most its duration.
    pub elapsed: u32,
    /// ok + failed.
    pub total_requests: u32,
    /// Requests with a 2xx answer.
    pub successful_requests: u32,
    /// Any other answer, timeout or transport error.
    pub failed_requests: u32,
    /// Mean service time of both, in milliseconds; absent before the first answer.
    pub avg_latency: Option<f64>,
    /// Requests sent in the last full second; 0 after the end.
    pub current_rps: u32,
    /// Requests in the plan.
    pub planned: u32,
    /// Requests that left.
    pub sent: u32,
    /// Slots whose time passed; never sent later.
    pub missed: u32,
    /// Slots that the run did not live to see; known at its end.
    pub not_reached: u32,
    /// Sent and not ended.
    pub in_flight: u32,
    /// In flight when the run was stopped.
    pub cancelled: u32,
    /// Slots for which the gate was shut when they were due.
    pub gate_refusals: u32,
    /// Slots that were due while as many requests were in flight as may be.
    pub in_flight_refusals: u32,
    /// Arrivals that the guard refused, because they broke the cap.
    pub cap_violations: u32,
    /// p99 of sent − due, in milliseconds.
    pub lag_p99: Option<f64>,
    /// Sent to the end of the answer.
    pub service: SplitLatency,
    /// Wanted to the end of the answer: free of coordinated omission.
    pub response: SplitLatency,
    /// By call.
    pub calls: Vec<CallStats>,
    /// By status code and kind of failure.
    pub fates: Vec<FateCount>,
    /// Requests sent in each second of the run that is over.
    pub sent_per_second: Vec<u32>,
    /// The failures by endpoint and outcome: the most frequent groups, at most ten, largest first.
    pub failures: Vec<FailureGroup>,
    /// The newest single failures, newest first, in a run that has ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recent_failures: Vec<Failure>,
    /// Whether every request is accounted for, once that was checked. Earlier versions stored it as `books`.
    #[serde(skip_serializing_if = "Option::is_none", alias = "books")]
    pub audit: Option<Audit>,
    /// Whether the dashboard was right about the run, once that was checked. Earlier versions stored it as `truth`.
    #[serde(skip_serializing_if = "Option::is_none", alias = "truth")]
    pub dashboard_check: Option<DashboardCheck>,
}

impl Stats {
    /// As this version reads what an earlier one stored: that one called the dashboard right also when rows of the run
    /// had been dropped, so that there was nothing to compare it with.
    #[must_use]
    pub fn reread(mut self) -> Self {
        let dropped = |audit: &Audit| audit.dropped + audit.ledger_dropped > 0;
        let is_right = |check: &DashboardCheck| check.outcome == DashboardOutcome::Right;
        if self.audit.as_ref().is_some_and(dropped) && self.dashboard_check.as_ref().is_some_and(is_right) {
            self.dashboard_check = self.dashboard_check.map(|check| check.without(ROWS_DROPPED));
        }
        self
    }

    /// What the audit found, once it was made.
    pub fn audited(&self) -> Option<AuditOutcome> {
        self.audit.as_ref().map(|audit| audit.outcome)
    }

    /// What the dashboard was found to be, once it was checked.
    pub fn dashboard(&self) -> Option<DashboardOutcome> {
        self.dashboard_check.as_ref().map(|check| check.outcome)
    }
}

impl Stats {
    /// How many whole seconds of the run are over. A second that the run did not live to the end would be drawn as a
    /// drop, so it is in no chart and no table.
    pub fn whole_seconds(&self) -> u32 {
        self.elapsed / 1000
    }
}

/// Microseconds as milliseconds, to a thousandth.
pub(super) fn millis(micros: f64) -> f64 {
    micros.round() / 1000.0
}

/// In rising order.
pub(super) fn sorted(values: &[u32]) -> Vec<u32> {
    let mut values = values.to_vec();
    values.sort_unstable();
    values
}

/// The p-th percentile of sorted microseconds, in milliseconds, by the nearest-rank rule.
pub fn percentile(sorted: &[u32], p: usize) -> Option<f64> {
    let rank = (p * sorted.len()).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).map(|micros| millis(f64::from(*micros)))
}

impl Latency {
    /// Of these microseconds, in any order.
    pub fn of(micros: &[u32]) -> Self {
        let values = sorted(micros);
        let sum: u64 = values.iter().map(|micros| u64::from(*micros)).sum();
        Self {
            count: values.len() as u32,
            mean: (!values.is_empty()).then(|| millis(sum as f64 / values.len() as f64)),
            p50: percentile(&values, 50),
            p95: percentile(&values, 95),
            p99: percentile(&values, 99),
            max: percentile(&values, 100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_0_1_2_and_100_values() {
        let hundred: Vec<u32> = (1..=100).map(|i| i * 1000).collect();
        let rows: [(&[u32], [Option<f64>; 4], &str); 4] = [
            (&[], [None; 4], "nothing measured, nothing said"),
            (&[7000], [Some(7.0); 4], "one value is every percentile"),
            (&[1000, 2000], [Some(1.0), Some(2.0), Some(2.0), Some(2.0)], "the median of two is the lower one"),
            (&hundred, [Some(50.0), Some(95.0), Some(99.0), Some(100.0)], "rank p of 1..100 is p"),
        ];
        for (values, expected, why) in rows {
            let latency = Latency::of(values);
            assert_eq!([latency.p50, latency.p95, latency.p99, latency.max], expected, "{why}");
        }
    }
}
