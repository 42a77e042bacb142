//! The failed requests of a run: the newest of them one by one, and all of them in groups.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::mix::{Call, PlannedRequest};
use super::outcome::{Fate, Outcome};

/// How many of the newest failures are kept.
pub const FAILURES_KEPT: usize = 50;
/// How many groups of failures are shown at most.
const MOST_GROUPS: usize = 10;

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

impl Failure {
    /// Describes request `seq` if it failed. One that was cancelled did not.
    pub fn of(seq: u32, fate: Fate, request: &PlannedRequest, request_id: Option<String>) -> Option<Self> {
        if fate.is_ok() || fate == Fate::Cancelled {
            return None;
        }
        Some(Self {
            seq,
            method: request.method.to_owned(),
            path: request.path.clone(),
            status: fate.status(),
            request_id,
            reason: fate.message(),
        })
    }
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

/// Collects the failures of one run in bounded memory.
#[derive(Debug, Default)]
pub struct FailureLog {
    /// Newest first.
    newest: VecDeque<Failure>,
    /// How many failures there were of each endpoint and outcome, and the newest of them.
    groups: BTreeMap<(Call, String), (u32, FailureSample)>,
}

impl FailureLog {
    /// Adds a request that failed. Without a description it counts in its group, but is not listed.
    pub fn add(&mut self, outcome: &Outcome, failure: Option<Failure>) {
        let sample = FailureSample {
            seq: outcome.seq,
            path: failure.as_ref().map(|failure| failure.path.clone()),
            request_id: failure.as_ref().and_then(|failure| failure.request_id.clone()),
        };
        let group = (outcome.call, outcome.fate.name());
        let count = self.groups.get(&group).map_or(0, |(count, _)| *count);
        self.groups.insert(group, (count + 1, sample));
        if let Some(failure) = failure {
            self.newest.truncate(FAILURES_KEPT - 1);
            self.newest.push_front(failure);
        }
    }

    /// The newest failures, newest first; at most [`FAILURES_KEPT`].
    pub fn newest(&self) -> Vec<Failure> {
        self.newest.iter().cloned().collect()
    }

    /// The largest groups, largest first; at most ten.
    pub fn groups(&self) -> Vec<FailureGroup> {
        let mut groups: Vec<FailureGroup> = self
            .groups
            .iter()
            .map(|((call, outcome), (count, sample))| FailureGroup {
                call: *call,
                outcome: outcome.clone(),
                count: *count,
                sample: sample.clone(),
            })
            .collect();
        groups.sort_by_key(|group| Reverse(group.count));
        groups.truncate(MOST_GROUPS);
        groups
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn outcome(seq: u32, call: Call, status: u16) -> Outcome {
        let time = Duration::from_millis(u64::from(seq) * 50);
        Outcome { seq, call, wanted: time, sent: time, ended: time, fate: Fate::Answered(status) }
    }

    fn failure(seq: u32) -> Failure {
        Failure { seq, method: "GET".into(), path: "/".into(), status: None, request_id: None, reason: "x".into() }
    }

    #[test]
    fn only_the_newest_fifty_failures_are_kept() {
        let mut log = FailureLog::default();
        for seq in 0..60 {
            log.add(&outcome(seq, Call::List, 500), Some(failure(seq)));
        }
        let failures = log.newest();
        assert_eq!((failures.len(), failures[0].seq, failures[49].seq), (50, 59, 10));
    }

    #[test]
    fn failures_are_grouped_by_endpoint_and_outcome_and_the_ten_largest_groups_are_shown() {
        let mut log = FailureLog::default();
        let mut seq = 0;
        for status in 500..512_u16 {
            // The later the status, the more failures have it.
            for _ in 500..=status {
                log.add(&outcome(seq, Call::List, status), Some(failure(seq)));
                seq += 1;
            }
        }
        let groups = log.groups();
        assert_eq!((groups.len(), seq), (10, 78));
        let largest = &groups[0];
        assert_eq!((largest.call, largest.outcome.as_str(), largest.count), (Call::List, "511", 12));
        assert_eq!((largest.sample.seq, largest.sample.path.as_deref()), (77, Some("/")), "the newest of them");
        assert_eq!(groups[9].outcome, "502", "500 and 501 were the rarest");
        log.add(&outcome(78, Call::Get, 511), None);
        assert!(log.groups().iter().all(|group| group.call == Call::List), "the other endpoint has its own group");
    }
}
