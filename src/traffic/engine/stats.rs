//! What came of the requests of one run: cheap to record, everything derived on demand.
//!
//! Percentiles are exact, by the nearest-rank rule: the p-th percentile of n values is the value
//! at rank ⌈p/100 · n⌉ of the sorted values, and nothing for n = 0. It is always one of the
//! measured values, and p100 is the maximum.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::books::Books;
use super::mix::Call;

/// How many of the newest failures are kept.
pub const FAILURES_KEPT: usize = 50;

/// How one request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// An answer came, with this status code.
    Answered(u16),
    /// No answer within the client's timeout.
    Timeout,
    /// The connection could not be made.
    Connect,
    /// The connection broke before the end of the answer.
    Transport,
    /// It was in flight when the run was stopped.
    Cancelled,
}

impl Fate {
    /// A 2xx answer.
    pub fn is_ok(self) -> bool {
        matches!(self, Self::Answered(status) if (200..300).contains(&status))
    }

    /// Did the request end without an answer, by the transport's fault?
    pub fn is_transport_failure(self) -> bool {
        matches!(self, Self::Timeout | Self::Connect | Self::Transport)
    }

    /// The fate of this [name](Self::name).
    pub fn of_name(name: &str) -> Option<Self> {
        let unanswered = [Self::Timeout, Self::Connect, Self::Transport, Self::Cancelled];
        unanswered.into_iter().find(|fate| fate.name() == name).or_else(|| name.parse().ok().map(Self::Answered))
    }

    /// Its name: the status code, or what went wrong.
    pub fn name(self) -> String {
        match self {
            Self::Answered(status) => status.to_string(),
            Self::Timeout => "timeout".to_owned(),
            Self::Connect => "connect".to_owned(),
            Self::Transport => "transport".to_owned(),
            Self::Cancelled => "cancelled".to_owned(),
        }
    }
}

/// The end of one request. Times are since the start of the run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its place in the plan.
    pub seq: u32,
    /// What it called.
    pub call: Call,
    /// When the plan wanted it.
    pub wanted: Duration,
    /// When it was sent.
    pub sent: Duration,
    /// When the answer was complete, or the failure known.
    pub ended: Duration,
    /// How it ended.
    pub fate: Fate,
}

/// One of the newest failures, with what is needed to find it in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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

/// Latencies in milliseconds. All are absent when nothing was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SplitLatency {
    /// Of the requests with a 2xx answer.
    pub ok: Latency,
    /// Of the failed requests.
    pub failed: Latency,
}

/// The numbers of one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FateCount {
    /// A status code, or `connect`, `timeout`, `transport`, `cancelled`.
    pub name: String,
    /// How many requests.
    pub count: u32,
}

/// The numbers of a run at one moment, consistent in themselves. A number that a stored run of an
/// earlier version does not have is that of [`Stats::default`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
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
    /// The newest failures, newest first.
    pub recent_failures: Vec<Failure>,
    /// The check of the books, once they are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub books: Option<Books>,
}

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
    failures: VecDeque<Failure>,
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
            failures: VecDeque::new(),
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
        if outcome.fate == Fate::Cancelled {
            self.cancelled += 1;
            return;
        }
        let side = usize::from(!outcome.fate.is_ok());
        let service = micros(outcome.ended.saturating_sub(outcome.sent));
        self.service[side].push(service);
        self.response[side].push(micros(outcome.ended.saturating_sub(outcome.wanted)));
        let call = self.calls.entry(outcome.call).or_default();
        if outcome.fate.is_ok() {
            call.service_ok.push(service);
        } else {
            call.failed += 1;
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

    /// Nothing will be sent any more.
    pub fn close(&mut self) {
        self.ended = true;
    }

    /// How many requests in a row, up to now, ended by the transport's fault.
    pub fn transport_failures_in_a_row(&self) -> u32 {
        self.transport_failures_in_a_row
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
            not_reached: if self.ended { self.planned - self.sent - self.missed } else { 0 },
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
            recent_failures: self.failures.iter().cloned().collect(),
            books: None,
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

    fn call_stats(&self) -> Vec<CallStats> {
        self.calls
            .iter()
            .map(|(call, record)| CallStats {
                call: *call,
                ok: record.service_ok.len() as u32,
                failed: record.failed,
                service: latency(&record.service_ok),
            })
            .collect()
    }
}

/// Microseconds as milliseconds, to a thousandth.
fn millis(micros: f64) -> f64 {
    micros.round() / 1000.0
}

fn sorted(values: &[u32]) -> Vec<u32> {
    let mut values = values.to_vec();
    values.sort_unstable();
    values
}

/// The p-th percentile of sorted microseconds, in milliseconds, by the nearest-rank rule.
pub fn percentile(sorted: &[u32], p: usize) -> Option<f64> {
    let rank = (p * sorted.len()).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).map(|micros| millis(f64::from(*micros)))
}

fn latency(values: &[u32]) -> Latency {
    let values = sorted(values);
    let sum: u64 = values.iter().map(|micros| u64::from(*micros)).sum();
    Latency {
        count: values.len() as u32,
        mean: (!values.is_empty()).then(|| millis(sum as f64 / values.len() as f64)),
        p50: percentile(&values, 50),
        p95: percentile(&values, 95),
        p99: percentile(&values, 99),
        max: percentile(&values, 100),
    }
}

fn split(values: &[Vec<u32>; 2]) -> SplitLatency {
    SplitLatency { ok: latency(&values[0]), failed: latency(&values[1]) }
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
    fn percentiles_of_0_1_2_and_100_values() {
        let hundred: Vec<u32> = (1..=100).map(|i| i * 1000).collect();
        let rows: [(&[u32], [Option<f64>; 4], &str); 4] = [
            (&[], [None; 4], "nothing measured, nothing said"),
            (&[7000], [Some(7.0); 4], "one value is every percentile"),
            (&[1000, 2000], [Some(1.0), Some(2.0), Some(2.0), Some(2.0)], "the median of two is the lower one"),
            (&hundred, [Some(50.0), Some(95.0), Some(99.0), Some(100.0)], "rank p of 1..100 is p"),
        ];
        for (values, expected, why) in rows {
            let latency = latency(values);
            assert_eq!([latency.p50, latency.p95, latency.p99, latency.max], expected, "{why}");
        }
    }

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
        assert_eq!(stats.recent_failures[0].seq, 2, "newest first");
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
    fn the_books_of_a_snapshot_balance_while_it_runs_and_at_its_end() {
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
        let failures = recorder.snapshot(Duration::ZERO, MINUTE).recent_failures;
        assert_eq!((failures.len(), failures[0].seq, failures[49].seq), (50, 59, 10));
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
