//! Is the dashboard right? At the end of each run the program asks the dashboard's own query about
//! that run, and compares the answer with what it knows from elsewhere: the client's ledger, and the
//! rows of the database, one by one.
//!
//! What chance would have it is beside the point: with 99 calls of an endpoint that fails half of the
//! time, 40 failures are as right as 60, and a dashboard that shows 50 of 40 is wrong. The expected
//! share is information.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::mix::Call;
use super::outcome::Fate;
use super::stats::{Stats, percentile};

/// How far off the dashboard's percentiles may be, as a share: the width of a bucket of its histograms.
const RESOLUTION: f64 = 1.0 / 1024.0;
/// With this probability the error endpoint fails.
const ERROR_RATE: f64 = 0.5;

/// What the dashboard says about a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Kpi {
    /// Requests.
    pub requests: u32,
    /// Share of answers of status 400 and up; absent without requests.
    pub error_rate: Option<f64>,
    /// 95th percentile of the duration on the server, in milliseconds; absent without requests.
    pub p95: Option<f64>,
}

/// What is known about the run from elsewhere.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// What the dashboard says. `None`: it gave no answer.
    pub kpi: Option<Kpi>,
    /// The run's own numbers.
    pub stats: &'a Stats,
    /// The client's ledger.
    pub ledger: &'a [(u32, Fate)],
    /// What arrived of it.
    pub arrivals: &'a [(u32, Duration)],
    /// How many requests arrived after the run was sealed: in the dashboard, but not in the run.
    pub late: u32,
    /// How many rows were dropped: in the run, but not in the dashboard.
    pub dropped: u32,
    /// The durations of the run's rows in microseconds, the shortest first. `None`: they can't be read.
    pub durations: Option<&'a [u32]>,
}

/// What chance would have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expected {
    /// The expected share of errors.
    pub share: f64,
    /// Four standard deviations of it, √(m·¼)/n for m calls of the error endpoint among n.
    pub four_sigma: f64,
}

/// The result, stored with the run and shown in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Truth {
    /// Is the dashboard right about this run?
    pub right: bool,
    /// Requests, by the dashboard.
    pub requests: u32,
    /// Requests that left and arrived, by the client's ledger and the arrivals.
    pub arrived: u32,
    /// Share of errors, by the dashboard.
    pub error_rate: Option<f64>,
    /// Share of errors among the arrived requests, by the client's ledger.
    pub injected: Option<f64>,
    /// 95th percentile on the server in milliseconds, by the dashboard.
    pub p95: Option<f64>,
    /// The same, exactly, over all rows.
    pub exact_p95: Option<f64>,
    /// What chance would have, where errors were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
    /// Each way in which the dashboard is wrong, in words. Empty when it is right.
    pub differences: Vec<String>,
}

/// Short enough to be the same after a way through JSON.
fn millionths(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn share(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| millionths(f64::from(part) / f64::from(whole)))
}

/// What chance would have in this run.
fn expected(stats: &Stats, arrived: u32) -> Option<Expected> {
    let calls = stats.calls.iter().find(|calls| calls.call == Call::Error)?;
    let (m, n) = (f64::from(calls.ok + calls.failed), f64::from(arrived));
    let variance = m * ERROR_RATE * (1.0 - ERROR_RATE);
    (m > 0.0 && n > 0.0)
        .then(|| Expected { share: millionths(m * ERROR_RATE / n), four_sigma: millionths(4.0 * variance.sqrt() / n) })
}

/// Compares what the dashboard says with what is known.
pub fn check(evidence: &Evidence<'_>) -> Truth {
    let arrivals: BTreeSet<u32> = evidence.arrivals.iter().map(|(seq, _)| *seq).collect();
    let of_ledger: Vec<Fate> =
        evidence.ledger.iter().filter(|(seq, _)| arrivals.contains(seq)).map(|(_, fate)| *fate).collect();
    let arrived = of_ledger.len() as u32;
    let count = |of: fn(&Fate) -> bool| of_ledger.iter().filter(|fate| of(fate)).count() as u32;
    let errors = count(|fate| matches!(fate, Fate::Answered(400..)));
    // Its client does not know how the server answered, or whether.
    let unknown = count(|fate| !matches!(fate, Fate::Answered(_)));
    let exact_p95 = evidence.durations.and_then(|durations| percentile(durations, 95));
    let mut differences = Vec::new();
    if evidence.durations.is_none() {
        differences.push("the recorded requests could not be read".to_owned());
    }
    match evidence.kpi {
        None => differences.push("the dashboard's query gave no answer".to_owned()),
        Some(kpi) => {
            let Evidence { dropped, late, .. } = *evidence;
            let requests = arrived.saturating_sub(dropped)..=arrived + late;
            if !requests.contains(&kpi.requests) {
                differences.push(format!("the dashboard says {} requests, {arrived} arrived", kpi.requests));
            }
            let errors_said = kpi.error_rate.unwrap_or(0.0) * f64::from(kpi.requests);
            let (least, most) = (f64::from(errors.saturating_sub(dropped)), f64::from(errors + unknown + late));
            // A thousandth of a request for the rounding.
            if !(least - 0.001..=most + 0.001).contains(&errors_said) {
                differences.push(format!("the dashboard says {errors_said:.1} errors, the client saw {errors}"));
            }
            if evidence.durations.is_some() && !is_near(kpi.p95, exact_p95) {
                let words = |p95: Option<f64>| p95.map_or("nothing".to_owned(), |ms| format!("{ms} ms"));
                differences.push(format!(
                    "the dashboard says p95 {}, the recorded requests say {}",
                    words(kpi.p95),
                    words(exact_p95)
                ));
            }
        }
    }
    let kpi = evidence.kpi.unwrap_or_default();
    Truth {
        right: differences.is_empty(),
        requests: kpi.requests,
        arrived,
        error_rate: kpi.error_rate.map(millionths),
        injected: share(errors, arrived),
        p95: kpi.p95,
        exact_p95,
        expected: expected(evidence.stats, arrived),
        differences,
    }
}

/// The same within the histogram's resolution, and a microsecond for the rounding.
fn is_near(said: Option<f64>, exact: Option<f64>) -> bool {
    match (said, exact) {
        (None, None) => true,
        (Some(said), Some(exact)) => (said - exact).abs() <= exact * RESOLUTION + 0.001,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::engine::stats::CallStats;

    /// A run of 100 requests, 20 of which failed, and a dashboard that is right about it; the tests
    /// below break it in one place each.
    struct Run {
        kpi: Option<Kpi>,
        stats: Stats,
        ledger: Vec<(u32, Fate)>,
        arrivals: Vec<(u32, Duration)>,
        late: u32,
        dropped: u32,
        durations: Option<Vec<u32>>,
    }

    impl Run {
        fn seen_right() -> Self {
            let call = CallStats { call: Call::Error, ok: 16, failed: 20, service: Default::default() };
            Self {
                kpi: Some(Kpi { requests: 100, error_rate: Some(0.2), p95: Some(95.0) }),
                stats: Stats { calls: vec![call], ..Stats::default() },
                ledger: (0..100).map(|seq| (seq, Fate::Answered(if seq % 5 == 0 { 503 } else { 200 }))).collect(),
                arrivals: (0..100).map(|seq| (seq, Duration::from_millis(u64::from(seq)))).collect(),
                late: 0,
                dropped: 0,
                durations: Some((1..=100).map(|ms| ms * 1000).collect()),
            }
        }

        fn says(change: impl FnOnce(&mut Kpi)) -> Truth {
            let mut run = Self::seen_right();
            run.kpi.as_mut().map(change);
            run.check()
        }

        fn check(&self) -> Truth {
            check(&Evidence {
                kpi: self.kpi,
                stats: &self.stats,
                ledger: &self.ledger,
                arrivals: &self.arrivals,
                late: self.late,
                dropped: self.dropped,
                durations: self.durations.as_deref(),
            })
        }
    }

    #[test]
    fn a_right_dashboard_is_found_right() {
        let truth = Run::seen_right().check();
        assert_eq!((truth.right, truth.differences.len()), (true, 0));
        assert_eq!((truth.requests, truth.arrived), (100, 100));
        assert_eq!((truth.error_rate, truth.injected), (Some(0.2), Some(0.2)));
        assert_eq!((truth.p95, truth.exact_p95), (Some(95.0), Some(95.0)));
        let expected = truth.expected.expect("errors were asked for");
        assert_eq!((expected.share, expected.four_sigma), (0.18, 0.12), "36 of 100 at one half: 18 ± 4·3");
    }

    #[test]
    fn each_planted_fault_is_found() {
        let rows: [(fn(&mut Kpi), &str); 8] = [
            (|kpi| kpi.requests = 99, "the dashboard says 99 requests, 100 arrived"),
            (|kpi| kpi.requests = 101, "the dashboard says 101 requests, 100 arrived"),
            (|kpi| kpi.error_rate = Some(0.19), "the dashboard says 19.0 errors, the client saw 20"),
            (|kpi| kpi.error_rate = Some(0.21), "the dashboard says 21.0 errors, the client saw 20"),
            (|kpi| kpi.error_rate = None, "the dashboard says 0.0 errors, the client saw 20"),
            (|kpi| kpi.p95 = Some(94.9), "the dashboard says p95 94.9 ms, the recorded requests say 95 ms"),
            (|kpi| kpi.p95 = Some(95.1), "the dashboard says p95 95.1 ms, the recorded requests say 95 ms"),
            (|kpi| kpi.p95 = None, "the dashboard says p95 nothing, the recorded requests say 95 ms"),
        ];
        for (fault, words) in rows {
            let truth = Run::says(fault);
            assert!(!truth.right, "{words}");
            assert!(truth.differences.iter().any(|difference| difference == words), "{words}: {truth:?}");
        }
    }

    #[test]
    fn the_width_of_a_bucket_is_no_fault() {
        assert!(Run::says(|kpi| kpi.p95 = Some(95.09)).right);
    }

    #[test]
    fn no_answer_is_not_right() {
        let mut run = Run::seen_right();
        run.kpi = None;
        assert_eq!(run.check().differences, ["the dashboard's query gave no answer"]);
        let mut run = Run::seen_right();
        run.durations = None;
        assert_eq!(run.check().differences, ["the recorded requests could not be read"]);
    }

    #[test]
    fn chance_is_no_fault() {
        let mut run = Run::seen_right();
        run.ledger.iter_mut().for_each(|(_, fate)| *fate = Fate::Answered(500));
        run.kpi = Some(Kpi { error_rate: Some(1.0), ..run.kpi.expect("an answer") });
        let truth = run.check();
        assert!(truth.right && truth.injected == Some(1.0), "far from expected, and right: {truth:?}");
    }

    #[test]
    fn what_is_accounted_for_elsewhere_is_no_fault() {
        let mut dropped = Run::seen_right();
        dropped.dropped = 2;
        dropped.kpi = Some(Kpi { requests: 98, error_rate: Some(18.0 / 98.0), p95: Some(95.0) });
        assert!(dropped.check().right, "two rows were dropped and counted");
        let mut late = Run::seen_right();
        late.late = 1;
        late.kpi = Some(Kpi { requests: 101, error_rate: Some(21.0 / 101.0), p95: Some(95.0) });
        assert!(late.check().right, "one came after the seal and was answered 410");
        let mut cancelled = Run::seen_right();
        cancelled.ledger[1].1 = Fate::Cancelled;
        assert!(cancelled.check().right, "its client does not know its status");
        cancelled.kpi = Some(Kpi { error_rate: Some(0.21), ..cancelled.kpi.expect("an answer") });
        assert!(cancelled.check().right, "the server may have recorded 499");
        cancelled.arrivals.remove(1);
        assert!(!cancelled.check().right, "but not when it never arrived");
    }

    #[test]
    fn a_run_without_requests() {
        let nothing = Run {
            kpi: Some(Kpi::default()),
            stats: Stats::default(),
            ledger: Vec::new(),
            arrivals: Vec::new(),
            late: 0,
            dropped: 0,
            durations: Some(Vec::new()),
        };
        let truth = nothing.check();
        assert!(truth.right);
        assert_eq!((truth.injected, truth.exact_p95, truth.expected), (None, None, None));
    }
}
