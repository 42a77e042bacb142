//! Is the dashboard right? At the end of each run the program asks the dashboard's own query about
//! that run, and compares the answer with what it knows from elsewhere: the client's ledger, and the
//! rows of the database, one by one.
//!
//! What chance would have it is beside the point: with 99 calls of an endpoint that fails half of the
//! time, 40 failures are as right as 60, and a dashboard that shows 50 of 40 is wrong. The expected
//! share is information.
//!
//! Where a part of the run is not known, there is nothing to compare with: the dashboard is not checked.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
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

/// What chance would have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Expected {
    /// The expected share of errors.
    pub share: f64,
    /// Four standard deviations of it, √(m·¼)/n for m calls of the error endpoint among n.
    pub four_sigma: f64,
}

/// What the dashboard was found to be about a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum DashboardOutcome {
    /// It says what is known from elsewhere.
    Right,
    /// It says something else.
    Wrong,
    /// What is known from elsewhere is not whole, so it could not be compared.
    NotChecked,
}

/// The result, stored with the run and shown in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", from = "StoredDashboardCheck")]
pub struct DashboardCheck {
    /// What was found.
    pub outcome: DashboardOutcome,
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
    /// Each way in which the dashboard is wrong, in words. Empty unless the outcome is `wrong`.
    pub differences: Vec<String>,
    /// Everything that kept it from being checked, in words. Empty unless the outcome is `notChecked`.
    pub gaps: Vec<String>,
}

/// A check as this version or an earlier one stored it: that one said `right` or not.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StoredDashboardCheck {
    outcome: Option<DashboardOutcome>,
    right: bool,
    requests: u32,
    arrived: u32,
    error_rate: Option<f64>,
    injected: Option<f64>,
    p95: Option<f64>,
    exact_p95: Option<f64>,
    expected: Option<Expected>,
    differences: Vec<String>,
    gaps: Vec<String>,
}

impl From<StoredDashboardCheck> for DashboardCheck {
    fn from(stored: StoredDashboardCheck) -> Self {
        let of_older = if stored.right { DashboardOutcome::Right } else { DashboardOutcome::Wrong };
        Self {
            outcome: stored.outcome.unwrap_or(of_older),
            requests: stored.requests,
            arrived: stored.arrived,
            error_rate: stored.error_rate,
            injected: stored.injected,
            p95: stored.p95,
            exact_p95: stored.exact_p95,
            expected: stored.expected,
            differences: stored.differences,
            gaps: stored.gaps,
        }
    }
}

impl DashboardCheck {
    /// The same, but not checked: a part of the run is not known, for this reason.
    #[must_use]
    pub fn without(self, gap: &str) -> Self {
        Self { outcome: DashboardOutcome::NotChecked, gaps: vec![gap.to_owned()], differences: Vec::new(), ..self }
    }
}

/// Why there is nothing to compare with when rows were dropped.
pub const ROWS_DROPPED: &str = "requests of the run were not recorded (dropped, counted)";

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

/// What the client knows of the requests that arrived.
struct Seen {
    arrived: u32,
    /// Those answered with a status of 400 and up.
    errors: u32,
    /// Those whose client does not know how the server answered, or whether.
    unknown: u32,
}

impl Seen {
    fn of(evidence: &Evidence<'_>) -> Self {
        let arrivals: BTreeSet<u32> =
            evidence.arrived.iter().flat_map(|arrived| arrived.arrivals.iter().map(|(seq, _)| *seq)).collect();
        let fates: Vec<Fate> =
            evidence.ledger.iter().filter(|(seq, _)| arrivals.contains(seq)).map(|(_, fate)| *fate).collect();
        let count = |of: fn(&Fate) -> bool| fates.iter().filter(|fate| of(fate)).count() as u32;
        Self {
            arrived: fates.len() as u32,
            errors: count(|fate| matches!(fate, Fate::Answered(400..))),
            unknown: count(|fate| !matches!(fate, Fate::Answered(_))),
        }
    }
}

/// What keeps the dashboard from being checked.
fn gaps(kpi: Option<Kpi>, evidence: &Evidence<'_>, seen: &Seen) -> Vec<String> {
    let Seen { arrived, unknown, .. } = seen;
    let gaps = [
        (evidence.arrived.is_none(), "what arrived is not known any more".to_owned()),
        (!evidence.dropped.is_empty(), ROWS_DROPPED.to_owned()),
        (evidence.rows.is_none(), "the recorded requests could not be read".to_owned()),
        (kpi.is_none(), "the dashboard's query gave no answer".to_owned()),
        (
            unknown * 100 > *arrived,
            format!("{unknown} of {arrived} requests arrived and have no answer that the client saw"),
        ),
    ];
    gaps.into_iter().filter(|(is_there, _)| *is_there).map(|(_, words)| words).collect()
}

/// What the dashboard says otherwise than it is known to be.
fn differences(kpi: &Kpi, evidence: &Evidence<'_>, seen: &Seen, exact_p95: Option<f64>) -> Vec<String> {
    let Seen { arrived, errors, unknown } = *seen;
    // In the dashboard, but not in the run.
    let late = evidence.arrived.map_or(0, |arrived| arrived.late.len() as u32);
    let mut differences = Vec::new();
    if !(arrived..=arrived + late).contains(&kpi.requests) {
        differences.push(format!("the dashboard says {} requests, {arrived} arrived", kpi.requests));
    }
    let errors_said = kpi.error_rate.unwrap_or(0.0) * f64::from(kpi.requests);
    let (least, most) = (f64::from(errors), f64::from(errors + unknown + late));
    // A thousandth of a request for the rounding.
    if !(least - 0.001..=most + 0.001).contains(&errors_said) {
        differences.push(format!("the dashboard says {errors_said:.1} errors, the client saw {errors}"));
    }
    if !is_near(kpi.p95, exact_p95) {
        let words = |p95: Option<f64>| p95.map_or("nothing".to_owned(), |ms| format!("{ms} ms"));
        let (said, exact) = (words(kpi.p95), words(exact_p95));
        differences.push(format!("the dashboard says p95 {said}, the recorded requests say {exact}"));
    }
    differences
}

/// Compares what the dashboard says with what is known. Without a `kpi` it gave no answer.
pub fn check(kpi: Option<Kpi>, evidence: &Evidence<'_>) -> DashboardCheck {
    let seen = Seen::of(evidence);
    let exact_p95 = evidence.rows.and_then(|rows| {
        let mut durations: Vec<u32> = rows.iter().map(|row| u32::try_from(row.duration).unwrap_or(u32::MAX)).collect();
        durations.sort_unstable();
        percentile(&durations, 95)
    });
    let gaps = gaps(kpi, evidence, &seen);
    let kpi = kpi.unwrap_or_default();
    let differences = if gaps.is_empty() { differences(&kpi, evidence, &seen, exact_p95) } else { Vec::new() };
    let outcome = match (gaps.is_empty(), differences.is_empty()) {
        (false, _) => DashboardOutcome::NotChecked,
        (true, false) => DashboardOutcome::Wrong,
        (true, true) => DashboardOutcome::Right,
    };
    DashboardCheck {
        outcome,
        requests: kpi.requests,
        arrived: seen.arrived,
        error_rate: kpi.error_rate.map(millionths),
        injected: share(seen.errors, seen.arrived),
        p95: kpi.p95,
        exact_p95,
        expected: expected(evidence.stats, seen.arrived),
        differences,
        gaps,
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
    use std::time::Duration;

    use super::evidence::{Arrived, Creates, Dropped};
    use super::exchange::ServerSide;
    use super::stats::CallStats;
    use super::*;

    /// A run of 100 requests, 20 of which failed, and a dashboard that is right about it; the tests
    /// below break it in one place each.
    struct Run {
        kpi: Option<Kpi>,
        stats: Stats,
        ledger: Vec<(u32, Fate)>,
        arrived: Option<Arrived>,
        dropped: Dropped,
        rows: Option<Vec<ServerSide>>,
    }

    impl Run {
        fn seen_right() -> Self {
            let call = CallStats { call: Call::Error, ok: 16, failed: 20, service: Default::default() };
            let arrivals = (0..100).map(|seq| (seq, Duration::from_millis(u64::from(seq)))).collect();
            let row = |seq: u32| {
                let duration = u64::from(seq + 1) * 1000;
                ServerSide { seq, arrived_at: 0, duration, status: 200, request_id: None }
            };
            Self {
                kpi: Some(Kpi { requests: 100, error_rate: Some(0.2), p95: Some(95.0) }),
                stats: Stats { calls: vec![call], ..Stats::default() },
                ledger: (0..100).map(|seq| (seq, Fate::Answered(if seq % 5 == 0 { 503 } else { 200 }))).collect(),
                arrived: Some(Arrived { arrivals, ..Arrived::default() }),
                dropped: Dropped::default(),
                rows: Some((0..100).map(row).collect()),
            }
        }

        fn says(change: impl FnOnce(&mut Kpi)) -> DashboardCheck {
            let mut run = Self::seen_right();
            run.kpi.as_mut().map(change);
            run.check()
        }

        fn check(&self) -> DashboardCheck {
            let evidence = Evidence {
                stats: &self.stats,
                ledger: &self.ledger,
                creates: Creates::default(),
                arrived: self.arrived.as_ref(),
                rows: self.rows.as_deref(),
                dropped: &self.dropped,
                clean_up: None,
                stopped: false,
                cap: 20,
            };
            check(self.kpi, &evidence)
        }
    }

    #[test]
    fn a_right_dashboard_is_found_right() {
        let check = Run::seen_right().check();
        assert_eq!((check.outcome, check.differences.len()), (DashboardOutcome::Right, 0), "{check:?}");
        assert_eq!((check.requests, check.arrived), (100, 100));
        assert_eq!((check.error_rate, check.injected), (Some(0.2), Some(0.2)));
        assert_eq!((check.p95, check.exact_p95), (Some(95.0), Some(95.0)));
        let expected = check.expected.expect("errors were asked for");
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
            let check = Run::says(fault);
            assert_eq!(check.outcome, DashboardOutcome::Wrong, "{words}");
            assert!(check.differences.iter().any(|difference| difference == words), "{words}: {check:?}");
        }
    }

    #[test]
    fn the_width_of_a_bucket_is_no_fault() {
        assert_eq!(Run::says(|kpi| kpi.p95 = Some(95.09)).outcome, DashboardOutcome::Right);
    }

    #[test]
    fn what_is_not_whole_is_not_compared_however_right_or_wrong_it_looks() {
        let rows: [(fn(&mut Run), &str); 6] = [
            (|run| run.kpi = None, "the dashboard's query gave no answer"),
            (|run| run.rows = None, "the recorded requests could not be read"),
            (|run| run.arrived = None, "what arrived is not known any more"),
            (
                |run| {
                    run.dropped.recorded.insert(3);
                },
                ROWS_DROPPED,
            ),
            (
                |run| {
                    run.dropped.ledger.insert(3);
                },
                ROWS_DROPPED,
            ),
            (
                |run| run.ledger[1..3].iter_mut().for_each(|(_, fate)| *fate = Fate::Timeout),
                "2 of 100 requests arrived and have no answer that the client saw",
            ),
        ];
        for (plant, words) in rows {
            for says_nonsense in [false, true] {
                let mut run = Run::seen_right();
                plant(&mut run);
                if says_nonsense {
                    run.kpi = run.kpi.map(|kpi| Kpi { requests: 7, ..kpi });
                }
                let check = run.check();
                assert_eq!((check.outcome, &check.gaps[..]), (DashboardOutcome::NotChecked, &[words.to_owned()][..]));
                assert!(check.differences.is_empty(), "{check:?}");
            }
        }
    }

    #[test]
    fn chance_is_no_fault() {
        let mut run = Run::seen_right();
        run.ledger.iter_mut().for_each(|(_, fate)| *fate = Fate::Answered(500));
        run.kpi = Some(Kpi { error_rate: Some(1.0), ..run.kpi.expect("an answer") });
        let check = run.check();
        assert_eq!(
            (check.outcome, check.injected),
            (DashboardOutcome::Right, Some(1.0)),
            "far from expected: {check:?}"
        );
    }

    #[test]
    fn what_is_accounted_for_elsewhere_is_no_fault() {
        let mut late = Run::seen_right();
        late.arrived.as_mut().expect("known").late.push(200);
        late.kpi = Some(Kpi { requests: 101, error_rate: Some(21.0 / 101.0), p95: Some(95.0) });
        assert_eq!(late.check().outcome, DashboardOutcome::Right, "one came after the seal and was answered 410");
        let mut cancelled = Run::seen_right();
        cancelled.ledger[1].1 = Fate::Cancelled;
        assert_eq!(cancelled.check().outcome, DashboardOutcome::Right, "its client does not know its status");
        cancelled.kpi = Some(Kpi { error_rate: Some(0.21), ..cancelled.kpi.expect("an answer") });
        assert_eq!(cancelled.check().outcome, DashboardOutcome::Right, "the server may have recorded 499");
        cancelled.arrived.as_mut().expect("known").arrivals.remove(1);
        assert_eq!(cancelled.check().outcome, DashboardOutcome::Wrong, "but not when it never arrived");
    }

    #[test]
    fn a_run_without_requests() {
        let nothing = Run {
            kpi: Some(Kpi::default()),
            stats: Stats::default(),
            ledger: Vec::new(),
            arrived: Some(Arrived::default()),
            dropped: Dropped::default(),
            rows: Some(Vec::new()),
        };
        let check = nothing.check();
        assert_eq!(check.outcome, DashboardOutcome::Right);
        assert_eq!((check.injected, check.exact_p95, check.expected), (None, None, None));
    }
}
