//! Collects what happens to the requests of one run. Recording is cheap; every number is derived when a snapshot is
//! taken.

use std::collections::BTreeMap;
use std::time::Duration;

use super::failures::{Failure, FailureLog};
use super::latency::{Latency, SplitLatency, millis, percentile, sorted};
use super::mix::Call;
use super::outcome::{Fate, FateCount, Outcome};
use super::second::Ended;
use super::stats::{CallStats, Stats};

/// Times of the requests that were answered or failed, in microseconds.
#[derive(Debug, Default)]
struct Times {
    ok: Vec<u32>,
    failed: Vec<u32>,
}

impl Times {
    fn add(&mut self, is_ok: bool, time: Duration) {
        if is_ok { &mut self.ok } else { &mut self.failed }.push(micros(time));
    }

    fn summed_up(&self) -> SplitLatency {
        SplitLatency { ok: Latency::of(&self.ok), failed: Latency::of(&self.failed) }
    }

    /// The mean over both, in milliseconds.
    fn mean(&self) -> Option<f64> {
        let count = self.ok.len() + self.failed.len();
        let sum: u64 = self.ok.iter().chain(&self.failed).map(|micros| u64::from(*micros)).sum();
        (count > 0).then(|| millis(sum as f64 / count as f64))
    }
}

/// Collects what happens in one run.
#[derive(Debug, Default)]
pub struct Recorder {
    planned: u32,
    sent: u32,
    missed: u32,
    cancelled: u32,
    gate_refusals: u32,
    in_flight_refusals: u32,
    /// Nothing will be sent any more.
    ended: bool,
    /// Requests sent in each second of the run.
    sent_in_second: Vec<u32>,
    /// In microseconds, in the order of sending.
    scheduling_delays: Vec<u32>,
    service: Times,
    response: Times,
    /// Service times of each kind of call.
    calls: BTreeMap<Call, Times>,
    fates: BTreeMap<String, u32>,
    /// Each request that has ended, for the timeline.
    requests: Vec<Ended>,
    failures: FailureLog,
    transport_failures_in_a_row: u32,
}

/// Whole microseconds; more than 71 minutes are cut off at that.
fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

impl Recorder {
    /// A recorder for a plan of `planned` requests.
    pub fn new(planned: u32) -> Self {
        Self { planned, ..Self::default() }
    }

    /// Notes that the time of a slot has passed, and that it will never be sent.
    pub fn missed(&mut self) {
        self.missed += 1;
    }

    /// Notes that the gate was shut for a slot that was due.
    pub fn refused(&mut self) {
        self.gate_refusals += 1;
    }

    /// Notes that the highest allowed number of requests was in flight when a slot was due.
    pub fn refused_by_in_flight(&mut self) {
        self.in_flight_refusals += 1;
    }

    /// Notes that a request that was due at `due` left at `now`.
    pub fn sent(&mut self, due: Duration, now: Duration) {
        self.sent += 1;
        self.scheduling_delays.push(micros(now.saturating_sub(due)));
        let second = now.as_secs() as usize;
        if self.sent_in_second.len() <= second {
            self.sent_in_second.resize(second + 1, 0);
        }
        self.sent_in_second[second] += 1;
    }

    /// Notes that a request ended. `failure` describes it if it was neither ok nor cancelled.
    pub fn ended(&mut self, outcome: &Outcome, failure: Option<Failure>) {
        let service = outcome.ended.saturating_sub(outcome.sent);
        let second = u32::try_from(outcome.sent.as_secs()).unwrap_or(u32::MAX);
        *self.fates.entry(outcome.fate.name()).or_default() += 1;
        self.requests.push(Ended { second, service: micros(service), fate: outcome.fate });
        if outcome.fate == Fate::Cancelled {
            self.cancelled += 1;
            return;
        }
        let is_ok = outcome.fate.is_ok();
        self.service.add(is_ok, service);
        self.response.add(is_ok, outcome.ended.saturating_sub(outcome.wanted));
        self.calls.entry(outcome.call).or_default().add(is_ok, service);
        if !is_ok {
            self.failures.add(outcome, failure);
        }
        if outcome.fate.is_transport_failure() {
            self.transport_failures_in_a_row += 1;
        } else {
            self.transport_failures_in_a_row = 0;
        }
    }

    /// Notes that nothing will be sent any more.
    pub fn close(&mut self) {
        self.ended = true;
    }

    /// Requests sent in each second of the run, up to the last second with one.
    pub fn sent_in_second(&self) -> &[u32] {
        &self.sent_in_second
    }

    /// Each request that has ended, in the order of their ends.
    pub fn requests(&self) -> &[Ended] {
        &self.requests
    }

    /// The newest single failures, newest first.
    pub fn failures(&self) -> Vec<Failure> {
        self.failures.newest()
    }

    /// How many requests in a row, up to now, ended by the transport's fault.
    pub fn transport_failures_in_a_row(&self) -> u32 {
        self.transport_failures_in_a_row
    }

    /// How late the newest request left, to a microsecond. `None` before the first one.
    pub fn latest_scheduling_delay(&self) -> Option<Duration> {
        self.scheduling_delays.last().map(|micros| Duration::from_micros(u64::from(*micros)))
    }

    /// All numbers at `now`, in a run of the given `duration`.
    pub fn snapshot(&self, now: Duration, duration: Duration) -> Stats {
        let ok = self.service.ok.len() as u32;
        let failed = self.service.failed.len() as u32;
        Stats {
            elapsed: now.min(duration).as_millis() as u32,
            total_requests: ok + failed,
            successful_requests: ok,
            failed_requests: failed,
            avg_latency: self.service.mean(),
            current_rps: self.current_rps(now, duration),
            planned: self.planned,
            sent: self.sent,
            missed: self.missed,
            not_reached: if self.ended { self.planned.saturating_sub(self.sent + self.missed) } else { 0 },
            in_flight: self.sent - ok - failed - self.cancelled,
            cancelled: self.cancelled,
            gate_refusals: self.gate_refusals,
            in_flight_refusals: self.in_flight_refusals,
            scheduling_delay_p99: percentile(&sorted(&self.scheduling_delays), 99),
            service: self.service.summed_up(),
            response: self.response.summed_up(),
            calls: self.call_stats(),
            fates: self.fates.iter().map(|(name, count)| FateCount { name: name.clone(), count: *count }).collect(),
            sent_per_second: self.sent_per_second(now, duration),
            failures: self.failures.groups(),
            ..Stats::default()
        }
    }

    fn current_rps(&self, now: Duration, duration: Duration) -> u32 {
        if self.ended || now >= duration + Duration::from_secs(1) {
            return 0;
        }
        let Some(last_full) = (now.as_secs() as usize).checked_sub(1) else { return 0 };
        self.sent_in_second.get(last_full).copied().unwrap_or(0)
    }

    /// Only the seconds that are over: an unfinished one would look like a drop of the rate.
    fn sent_per_second(&self, now: Duration, duration: Duration) -> Vec<u32> {
        let over = now.min(duration).as_secs() as usize;
        (0..over).map(|second| self.sent_in_second.get(second).copied().unwrap_or(0)).collect()
    }

    fn call_stats(&self) -> Vec<CallStats> {
        let stats = |(call, times): (&Call, &Times)| CallStats {
            call: *call,
            ok: times.ok.len() as u32,
            failed: times.failed.len() as u32,
            service: Latency::of(&times.ok),
        };
        self.calls.iter().map(stats).collect()
    }
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
        assert_eq!(stats.scheduling_delay_p99, Some(3.0));
        recorder.close();
        assert_eq!(recorder.snapshot(Duration::ZERO, MINUTE).not_reached, 5);
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
