//! The dashboard check: was the dashboard right about a run?
//!
//! At the end of each run the program asks the dashboard's own query about that run, and compares the answer with what
//! it knows from elsewhere: the client's ledger, and the rows of the database, one by one.
//!
//! What chance makes likely is not compared. With 99 calls of an endpoint that fails half of the time, 40 failures are
//! as right as 60; a dashboard that shows 50 where 40 requests failed is wrong. The expected share is information only.
//!
//! Where a part of the run is not known, there is nothing to compare with, and the dashboard is not checked.

use std::collections::BTreeSet;

use super::dashboard_outcome::{DashboardCheck, DashboardOutcome, Expected, ROWS_DROPPED};
use super::evidence::Evidence;
use super::latency::percentile;
use super::mix::Call;
use super::outcome::Fate;
use super::stats::Stats;

/// How far off the dashboard's percentiles may be, as a share of the value: the width of a bucket of its histograms.
const RESOLUTION: f64 = 1.0 / 1024.0;
/// The probability with which the error endpoint fails.
const ERROR_RATE: f64 = 0.5;
/// Absorbs the rounding of a share: a thousandth of a request, and of a millisecond.
const ROUNDING: f64 = 0.001;

/// What the dashboard says about a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DashboardFigures {
    /// Number of requests.
    pub requests: u32,
    /// Share of answers of status 400 and up; absent without requests.
    pub error_rate: Option<f64>,
    /// 95th percentile of the duration on the server, in milliseconds; absent without requests.
    pub p95: Option<f64>,
}

/// Compares what the dashboard says with what is known. `figures` is `None` if the dashboard gave no answer.
pub fn check(figures: Option<DashboardFigures>, evidence: &Evidence<'_>) -> DashboardCheck {
    let seen = Seen::of(evidence);
    let exact_p95 = exact_p95(evidence);
    let gaps = gaps(figures, evidence, &seen);
    let figures = figures.unwrap_or_default();
    let differences = if gaps.is_empty() { differences(&figures, evidence, &seen, exact_p95) } else { Vec::new() };
    let outcome = match (gaps.is_empty(), differences.is_empty()) {
        (false, _) => DashboardOutcome::NotChecked,
        (true, false) => DashboardOutcome::Wrong,
        (true, true) => DashboardOutcome::Right,
    };
    let injected = (seen.arrived > 0).then(|| millionths(f64::from(seen.errors) / f64::from(seen.arrived)));
    DashboardCheck {
        outcome,
        requests: figures.requests,
        arrived: seen.arrived,
        error_rate: figures.error_rate.map(millionths),
        injected,
        p95: figures.p95,
        exact_p95,
        expected: expected_errors(evidence.stats, seen.arrived),
        differences,
        gaps,
    }
}

/// What the client knows of the requests that arrived.
struct Seen {
    arrived: u32,
    /// Requests that were answered with a status of 400 and up.
    errors: u32,
    /// Requests without an answer that the client saw; the server may have recorded any status for them.
    unknown: u32,
}

impl Seen {
    fn of(evidence: &Evidence<'_>) -> Self {
        let arrivals: BTreeSet<u32> =
            evidence.arrived.iter().flat_map(|arrived| arrived.arrivals.iter().map(|(seq, _)| *seq)).collect();
        let mut seen = Self { arrived: 0, errors: 0, unknown: 0 };
        for (_, fate) in evidence.ledger.iter().filter(|(seq, _)| arrivals.contains(seq)) {
            seen.arrived += 1;
            match fate {
                Fate::Answered(400..) => seen.errors += 1,
                Fate::Answered(_) => {}
                _ => seen.unknown += 1,
            }
        }
        seen
    }
}

/// The 95th percentile of the durations in the recorded rows, in milliseconds.
fn exact_p95(evidence: &Evidence<'_>) -> Option<f64> {
    let mut durations: Vec<u32> =
        evidence.rows?.iter().map(|row| u32::try_from(row.duration).unwrap_or(u32::MAX)).collect();
    durations.sort_unstable();
    percentile(&durations, 95)
}

/// The errors that are to be expected of m calls of the error endpoint among n requests: a binomial distribution, with
/// a mean of m·½ and a variance of m·¼. `None` for a run that asks for no errors, or has sent no request yet.
pub fn expected_errors(stats: &Stats, requests: u32) -> Option<Expected> {
    let calls = stats.calls.iter().find(|calls| calls.call == Call::Error)?;
    let m = f64::from(calls.ok + calls.failed);
    let n = f64::from(requests);
    let variance = m * ERROR_RATE * (1.0 - ERROR_RATE);
    (m > 0.0 && n > 0.0)
        .then(|| Expected { share: millionths(m * ERROR_RATE / n), four_sigma: millionths(4.0 * variance.sqrt() / n) })
}

/// Rounded to six decimal places, so that a share is the same after a way through JSON.
fn millionths(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

/// What keeps the dashboard from being checked.
fn gaps(figures: Option<DashboardFigures>, evidence: &Evidence<'_>, seen: &Seen) -> Vec<String> {
    let Seen { arrived, unknown, .. } = seen;
    let mut gaps = Vec::new();
    if evidence.arrived.is_none() {
        gaps.push("what arrived is not known any more".to_owned());
    }
    if !evidence.dropped.is_empty() {
        gaps.push(ROWS_DROPPED.to_owned());
    }
    if evidence.rows.is_none() {
        gaps.push("the recorded requests could not be read".to_owned());
    }
    if figures.is_none() {
        gaps.push("the dashboard's query gave no answer".to_owned());
    }
    if unknown * 100 > *arrived {
        gaps.push(format!("{unknown} of {arrived} requests arrived and have no answer that the client saw"));
    }
    gaps
}

/// Where the dashboard says something else than what is known.
fn differences(
    figures: &DashboardFigures,
    evidence: &Evidence<'_>,
    seen: &Seen,
    exact_p95: Option<f64>,
) -> Vec<String> {
    let Seen { arrived, errors, unknown } = *seen;
    // A request that arrived after the run was sealed was refused: it is in the dashboard, but not in the run.
    let late = evidence.arrived.map_or(0, |arrived| arrived.late.len() as u32);
    let mut differences = Vec::new();
    if !(arrived..=arrived + late).contains(&figures.requests) {
        differences.push(format!("the dashboard says {} requests, {arrived} arrived", figures.requests));
    }
    let errors_said = figures.error_rate.unwrap_or(0.0) * f64::from(figures.requests);
    let least = f64::from(errors) - ROUNDING;
    let most = f64::from(errors + unknown + late) + ROUNDING;
    if !(least..=most).contains(&errors_said) {
        differences.push(format!("the dashboard says {errors_said:.1} errors, the client saw {errors}"));
    }
    if !is_near(figures.p95, exact_p95) {
        let words = |p95: Option<f64>| p95.map_or("nothing".to_owned(), |ms| format!("{ms} ms"));
        let said = words(figures.p95);
        let exact = words(exact_p95);
        differences.push(format!("the dashboard says p95 {said}, the recorded requests say {exact}"));
    }
    differences
}

/// Are the two equal within the resolution of the dashboard's histogram?
fn is_near(said: Option<f64>, exact: Option<f64>) -> bool {
    match (said, exact) {
        (None, None) => true,
        (Some(said), Some(exact)) => (said - exact).abs() <= exact * RESOLUTION + ROUNDING,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
