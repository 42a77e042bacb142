//! The failed requests of a run: the newest of them one by one, and all of them in groups.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
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
    /// When the first of them was sent, in milliseconds since the start of the run. A run of an earlier version has
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u32>,
    /// When the last of them was sent, in milliseconds since the start of the run. A run of an earlier version has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u32>,
    /// The one of them whose end came last.
    pub sample: FailureSample,
}

/// One failure of a group, with what is needed to find it in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureSample {
    /// Its place in the plan.
    pub seq: u32,
    /// Path and query; absent in the events of the live stream.
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
    /// By endpoint and outcome.
    groups: BTreeMap<(Call, String), FailureGroup>,
}

impl FailureLog {
    /// Adds a request that failed. Without a description it counts in its group, but is not listed.
    pub fn add(&mut self, outcome: &Outcome, failure: Option<Failure>) {
        let sample = FailureSample {
            seq: outcome.seq,
            path: failure.as_ref().map(|failure| failure.path.clone()),
            request_id: failure.as_ref().and_then(|failure| failure.request_id.clone()),
        };
        self.add_to_group(outcome, sample);
        if let Some(failure) = failure {
            self.newest.truncate(FAILURES_KEPT - 1);
            self.newest.push_front(failure);
        }
    }

    fn add_to_group(&mut self, outcome: &Outcome, sample: FailureSample) {
        let sent = u32::try_from(outcome.sent.as_millis()).unwrap_or(u32::MAX);
        let name = outcome.fate.name();
        match self.groups.entry((outcome.call, name.clone())) {
            Entry::Vacant(entry) => {
                let (call, outcome) = (outcome.call, name);
                entry.insert(FailureGroup { call, outcome, count: 1, first: Some(sent), last: Some(sent), sample });
            }
            Entry::Occupied(mut entry) => {
                let group = entry.get_mut();
                group.count += 1;
                // Requests don't end in the order in which they were sent.
                group.first = group.first.min(Some(sent));
                group.last = group.last.max(Some(sent));
                group.sample = sample;
            }
        }
    }

    /// The newest failures, newest first; at most [`FAILURES_KEPT`].
    pub fn newest(&self) -> Vec<Failure> {
        self.newest.iter().cloned().collect()
    }

    /// The largest groups, largest first; at most ten.
    pub fn groups(&self) -> Vec<FailureGroup> {
        let mut groups: Vec<FailureGroup> = self.groups.values().cloned().collect();
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

    #[test]
    fn a_group_knows_when_its_first_and_its_last_request_were_sent() {
        let mut log = FailureLog::default();
        for seq in [3, 1, 9, 5] {
            log.add(&outcome(seq, Call::Error, 503), Some(failure(seq)));
        }
        let group = &log.groups()[0];
        assert_eq!((group.count, group.first, group.last), (4, Some(50), Some(450)));
        assert_eq!(group.sample.seq, 5, "its end came last");
    }

    #[test]
    fn a_group_of_an_earlier_version_has_no_times() {
        let stored = r#"{"call":"error","outcome":"503","count":3,"sample":{"seq":7}}"#;
        let group: FailureGroup = serde_json::from_str(stored).expect("readable");
        assert_eq!((group.first, group.last, group.count), (None, None, 3));
    }
}
