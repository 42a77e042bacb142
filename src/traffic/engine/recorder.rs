//! What came of the requests of one run: cheap to record, everything derived on demand.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::mix::Call;
use super::outcome::{Fate, Outcome};
use super::stats::{
    CallStats, Failure, FailureGroup, FailureSample, FateCount, Latency, SplitLatency, Stats, millis, percentile,
    sorted,
};
use super::timeline::Ended;

/// How many of the newest failures are kept.
pub const FAILURES_KEPT: usize = 50;
/// How many groups of failures a snapshot has at most.
const MOST_GROUPS: usize = 10;

#[derive(Debug, Default)]
struct CallRecord {
    failed: u32,
    service_ok: Vec<u32>,
}

/// Collects what happens in one run.
#[derive(Debug)]
pub struct Recorder {
    planned: u32,
    sent: u32,
    missed: u32,
    cancelled: u32,
    gate_refusals: u32,
    in_flight_refusals: u32,
    ended: bool,
    /// Requests sent in each second of the run.
    sent_in_second: Vec<u32>,
    lags: Vec<u32>,
    /// Microseconds, ok and failed.
    service: [Vec<u32>; 2],
    response: [Vec<u32>; 2],
    calls: BTreeMap<Call, CallRecord>,
    fates: BTreeMap<String, u32>,
    /// Each request that has ended, for the timeline.
    requests: Vec<Ended>,
    failures: VecDeque<Failure>,
    failure_groups: BTreeMap<(Call, String), (u32, FailureSample)>,
    transport_failures_in_a_row: u32,
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

impl Recorder {
    /// For a plan of `planned` requests.
    pub fn new(planned: u32) -> Self {
        Self {
            planned,
            sent: 0,
            missed: 0,
            cancelled: 0,
            gate_refusals: 0,
            in_flight_refusals: 0,
            ended: false,
            sent_in_second: Vec::new(),
            lags: Vec::new(),
            service: Default::default(),
            response: Default::default(),
            calls: BTreeMap::new(),
            fates: BTreeMap::new(),
            requests: Vec::new(),
            failures: VecDeque::new(),
            failure_groups: BTreeMap::new(),
            transport_failures_in_a_row: 0,
        }
    }

    /// A slot was missed.
    pub fn missed(&mut self) {
        self.missed += 1;
    }

    /// The gate was shut for a slot that was due.
    pub fn refused(&mut self) {
        self.gate_refusals += 1;
    }

    /// As many requests were in flight as may be when a slot was due.
    pub fn refused_by_in_flight(&mut self) {
        self.in_flight_refusals += 1;
    }

    /// A request that was due at `due` left at `now`.
    pub fn sent(&mut self, due: Duration, now: Duration) {
        self.sent += 1;
        self.lags.push(micros(now.saturating_sub(due)));
        let second = now.as_secs() as usize;
        if self.sent_in_second.len() <= second {
            self.sent_in_second.resize(second + 1, 0);
        }
        self.sent_in_second[second] += 1;
    }

    /// A request ended. `failure` describes it when it was neither ok nor cancelled.
    pub fn ended(&mut self, outcome: &Outcome, failure: Option<Failure>) {
        *self.fates.entry(outcome.fate.name()).or_default() += 1;
        let service = micros(outcome.ended.saturating_sub(outcome.sent));
        let second = u32::try_from(outcome.sent.as_secs()).unwrap_or(u32::MAX);
        self.requests.push(Ended { second, service, fate: outcome.fate });
        if outcome.fate == Fate::Cancelled {
            self.cancelled += 1;
            return;
        }
        let side = usize::from(!outcome.fate.is_ok());
        self.service[side].push(service);
        self.response[side].push(micros(outcome.ended.saturating_sub(outcome.wanted)));
        let call = self.calls.entry(outcome.call).or_default();
        if outcome.fate.is_ok() {
            call.service_ok.push(service);
        } else {
            call.failed += 1;
            self.group(outcome, failure.as_ref());
        }
        if outcome.fate.is_transport_failure() {
            self.transport_failures_in_a_row += 1;
        } else {
            self.transport_failures_in_a_row = 0;
        }
        if let Some(failure) = failure {
            self.failures.truncate(FAILURES_KEPT - 1);
            self.failures.push_front(failure);
        }
    }

    fn group(&mut self, outcome: &Outcome, failure: Option<&Failure>) {
        let sample = FailureSample {
            seq: outcome.seq,
            path: failure.map(|failure| failure.path.clone()),
            request_id: failure.and_then(|failure| failure.request_id.clone()),
        };
        let count = self.failure_groups.get(&(outcome.call, outcome.fate.name())).map_or(0, |(count, _)| *count);
        self.failure_groups.insert((outcome.call, outcome.fate.name()), (count + 1, sample));
    }

    /// Each request that has ended, in the order of their ends.
    pub fn requests(&self) -> &[Ended] {
        &self.requests
    }

    /// The newest single failures, newest first.
    pub fn failures(&self) -> Vec<Failure> {
        self.failures.iter().cloned().collect()
    }

    /// Nothing will be sent any more.
    pub fn close(&mut self) {
        self.ended = true;
    }

    /// How many requests in a row, up to now, ended by the transport's fault.
    pub fn transport_failures_in_a_row(&self) -> u32 {
        self.transport_failures_in_a_row
    }

    /// How late the newest request left, to a microsecond.
    pub fn latest_lag(&self) -> Option<Duration> {
        self.lags.last().map(|micros| Duration::from_micros(u64::from(*micros)))
    }

    /// Everything at `now`, in a run of the given `duration`.
    pub fn snapshot(&self, now: Duration, duration: Duration) -> Stats {
        let ok = self.service[0].len() as u32;
        let failed = self.service[1].len() as u32;
        let sum: u64 = self.service.iter().flatten().map(|micros| u64::from(*micros)).sum();
        Stats {
            elapsed: now.min(duration).as_millis() as u32,
            total_requests: ok + failed,
            successful_requests: ok,
            failed_requests: failed,
            avg_latency: (ok + failed > 0).then(|| millis(sum as f64 / f64::from(ok + failed))),
            current_rps: self.current_rps(now, duration),
            planned: self.planned,
            sent: self.sent,
            missed: self.missed,
            not_reached: if self.ended { self.planned.saturating_sub(self.sent + self.missed) } else { 0 },
            in_flight: self.sent - ok - failed - self.cancelled,
            cancelled: self.cancelled,
            gate_refusals: self.gate_refusals,
            in_flight_refusals: self.in_flight_refusals,
            cap_violations: 0,
            lag_p99: percentile(&sorted(&self.lags), 99),
            service: split(&self.service),
            response: split(&self.response),
            calls: self.call_stats(),
            fates: self.fates.iter().map(|(name, count)| FateCount { name: name.clone(), count: *count }).collect(),
            sent_per_second: self.sent_per_second(now, duration),
            failures: self.groups_of_failures(),
            recent_failures: Vec::new(),
            audit: None,
            dashboard_check: None,
        }
    }

    fn current_rps(&self, now: Duration, duration: Duration) -> u32 {
        if self.ended || now >= duration + Duration::from_secs(1) {
            return 0;
        }
        let Some(last_full) = (now.as_secs() as usize).checked_sub(1) else { return 0 };
        self.sent_in_second.get(last_full).copied().unwrap_or(0)
    }

    /// Only seconds that are over: an unfinished one would be drawn as a drop.
    fn sent_per_second(&self, now: Duration, duration: Duration) -> Vec<u32> {
        let over = now.min(duration).as_secs() as usize;
        (0..over).map(|second| self.sent_in_second.get(second).copied().unwrap_or(0)).collect()
    }

    fn groups_of_failures(&self) -> Vec<FailureGroup> {
        let mut groups: Vec<_> = self.failure_groups.iter().collect();
        groups.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        let group = |((call, outcome), (count, sample)): (&(Call, String), &(u32, FailureSample))| FailureGroup {
            call: *call,
            outcome: outcome.clone(),
            count: *count,
            sample: sample.clone(),
        };
        groups.into_iter().take(MOST_GROUPS).map(group).collect()
    }

    fn call_stats(&self) -> Vec<CallStats> {
        self.calls
            .iter()
            .map(|(call, record)| CallStats {
                call: *call,
                ok: record.service_ok.len() as u32,
                failed: record.failed,
                service: Latency::of(&record.service_ok),
            })
            .collect()
    }
}

fn split(values: &[Vec<u32>; 2]) -> SplitLatency {
    SplitLatency { ok: Latency::of(&values[0]), failed: Latency::of(&values[1]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(seq: u32, fate: Fate, service_ms: u64) -> Outcome {
        let sent = Duration::from_millis(u64::from(seq) * 50 + 10);
        Outcome {
            seq,
            call: Call::List,
            wanted: sent - Duration::from_millis(10),
            sent,
            ended: sent + Duration::from_millis(service_ms),
            fate,
        }
    }

    fn failure(seq: u32) -> Failure {
        Failure { seq, method: "GET".into(), path: "/".into(), status: None, request_id: None, reason: "x".into() }
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn ok_and_failed_are_apart_and_the_mean_covers_both() {
        let mut recorder = Recorder::new(4);
        for (seq, fate, service) in
            [(0, Fate::Answered(200), 10), (1, Fate::Answered(503), 2), (2, Fate::Timeout, 5000)]
        {
            recorder.sent(Duration::ZERO, Duration::ZERO);
            recorder.ended(&outcome(seq, fate, service), (!fate.is_ok()).then(|| failure(seq)));
        }
        let stats = recorder.snapshot(Duration::from_secs(1), MINUTE);
        assert_eq!((stats.total_requests, stats.successful_requests, stats.failed_requests), (3, 1, 2));
        assert_eq!(stats.service.ok.max, Some(10.0));
        assert_eq!(stats.service.failed.p50, Some(2.0));
        assert_eq!(stats.avg_latency, Some(1670.667));
        assert_eq!(stats.response.ok.max, Some(20.0), "10 ms of waiting for the gate count");
        assert_eq!(stats.fates.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["200", "503", "timeout"]);
        assert_eq!(recorder.failures()[0].seq, 2, "newest first");
        assert!(stats.recent_failures.is_empty(), "a snapshot has groups");
        let groups: Vec<_> =
            stats.failures.iter().map(|group| (group.outcome.as_str(), group.count, group.sample.seq)).collect();
        assert_eq!(groups, [("503", 1, 1), ("timeout", 1, 2)]);
    }

    #[test]
    fn current_rps_is_the_last_full_second_and_0_after_the_end() {
        let mut recorder = Recorder::new(100);
        for i in 0..25 {
            let now = Duration::from_millis(i * 100);
            recorder.sent(now, now);
        }
        let rps = |recorder: &Recorder, millis| recorder.snapshot(Duration::from_millis(millis), MINUTE).current_rps;
        assert_eq!(rps(&recorder, 999), 0, "the first second is not over");
        assert_eq!(rps(&recorder, 1000), 10);
        assert_eq!(rps(&recorder, 2999), 10, "the unfinished second 2 does not count");
        assert_eq!(rps(&recorder, 3000), 5);
        let sent_per_second = recorder.snapshot(Duration::from_millis(3999), MINUTE).sent_per_second;
        assert_eq!(sent_per_second, [10, 10, 5], "second 3 is not over");
        recorder.close();
        assert_eq!(rps(&recorder, 3000), 0);
    }

    #[test]
    fn the_sums_of_a_snapshot_hold_while_it_runs_and_at_its_end() {
        let mut recorder = Recorder::new(10);
        for _ in 0..4 {
            recorder.sent(Duration::ZERO, Duration::from_millis(3));
        }
        recorder.missed();
        recorder.ended(&outcome(0, Fate::Answered(200), 1), None);
        recorder.ended(&outcome(1, Fate::Cancelled, 1), None);
        let stats = recorder.snapshot(Duration::ZERO, MINUTE);
        assert_eq!((stats.in_flight, stats.cancelled, stats.not_reached), (2, 1, 0));
        assert_eq!(stats.lag_p99, Some(3.0));
        recorder.close();
        assert_eq!(recorder.snapshot(Duration::ZERO, MINUTE).not_reached, 5);
    }

    #[test]
    fn only_the_newest_fifty_failures_are_kept() {
        let mut recorder = Recorder::new(100);
        for seq in 0..60 {
            recorder.sent(Duration::ZERO, Duration::ZERO);
            recorder.ended(&outcome(seq, Fate::Answered(500), 1), Some(failure(seq)));
        }
        let failures = recorder.failures();
        assert_eq!((failures.len(), failures[0].seq, failures[49].seq), (50, 59, 10));
    }

    #[test]
    fn failures_are_grouped_by_endpoint_and_outcome_and_the_ten_largest_groups_are_shown() {
        let mut recorder = Recorder::new(1000);
        let mut seq = 0;
        for status in 500..512_u16 {
            // The later the status, the more of them.
            for _ in 500..=status {
                recorder.sent(Duration::ZERO, Duration::ZERO);
                recorder.ended(&outcome(seq, Fate::Answered(status), 1), Some(failure(seq)));
                seq += 1;
            }
        }
        let stats = recorder.snapshot(Duration::ZERO, MINUTE);
        assert_eq!((stats.failures.len(), stats.failed_requests), (10, 78));
        let largest = &stats.failures[0];
        assert_eq!((largest.call, largest.outcome.as_str(), largest.count), (Call::List, "511", 12));
        assert_eq!((largest.sample.seq, largest.sample.path.as_deref()), (77, Some("/")), "the newest of them");
        assert_eq!(stats.failures[9].outcome, "502", "500 and 501 were the rarest");
        recorder.ended(&Outcome { call: Call::Get, ..outcome(78, Fate::Answered(511), 1) }, None);
        let groups = recorder.groups_of_failures();
        assert!(groups.iter().all(|group| group.call == Call::List), "the other endpoint has a group of its own");
    }

    #[test]
    fn transport_failures_count_in_a_row_only() {
        let mut recorder = Recorder::new(10);
        for (seq, fate) in [Fate::Connect, Fate::Timeout, Fate::Answered(500), Fate::Connect].into_iter().enumerate() {
            recorder.sent(Duration::ZERO, Duration::ZERO);
            recorder.ended(&outcome(seq as u32, fate, 1), None);
        }
        assert_eq!(recorder.transport_failures_in_a_row(), 1, "an answer, even a bad one, starts the count anew");
    }
}
