//! The change from the period before, and how it reads: `+28 %`, `×3.4`, `−1.2 points`.
//!
//! Two periods are compared only if they are of the same traffic. The exact rule: the same runs made requests in both, or
//! no run did. Minutes and longer steps do not know the run of a request; since a run is shorter than their periods, simulated
//! requests there are of runs that differ, and nothing is compared.

use std::collections::BTreeSet;

use crate::metrics::model::{FEWEST_FOR_P95, Totals, Trend};
use crate::origin::RunId;

/// The fewest requests of the period before that say anything about a change.
const FEWEST_BEFORE: u32 = 100;
/// From this factor on, a change reads as a factor: `×3.4` says more than `+240 %`.
const FACTOR: f64 = 2.0;
/// A change of a 95th percentile by a smaller share is chance, and neither good nor bad.
const NOISE_P95: f64 = 0.05;
/// A change of an error rate by fewer points is neither good nor bad.
const NOISE_POINTS: f64 = 0.1;

/// One of two periods of the same length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComparedPeriod {
    /// The totals of its requests.
    pub totals: Totals,
    /// The runs that made some of them; `None` stands for simulated requests whose run is not known.
    pub runs: BTreeSet<Option<RunId>>,
}

/// The change from `before` to `now`. `None` without a baseline: there were fewer than 100 requests in the period before, or
/// the two periods are not of the same traffic.
pub fn trend(now: &ComparedPeriod, before: &ComparedPeriod) -> Option<Trend> {
    let is_comparable = now.runs == before.runs && !now.runs.contains(&None);
    let (now, before) = (&now.totals, &before.totals);
    if before.requests < FEWEST_BEFORE || !is_comparable {
        return None;
    }
    let relative = |now: f64, before: f64| (before > 0.0).then(|| thousandths(now / before - 1.0));
    let p95 = now.p95.filter(|_| now.requests >= FEWEST_FOR_P95);
    Some(Trend {
        requests: relative(f64::from(now.requests), f64::from(before.requests))?,
        error_rate: now.error_rate.zip(before.error_rate).map(|(now, before)| thousandths(now - before)),
        p95: p95.zip(before.p95).and_then(|(now, before)| relative(now, before)),
    })
}

fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Whether a change is good or bad news.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChangeKind {
    /// It may be either, or is too small to be any.
    #[default]
    Neutral,
    /// Fewer errors, or shorter waits.
    Better,
    /// More errors, or longer waits.
    Worse,
}

impl ChangeKind {
    /// The kind of a change of something that should be low, unless it is smaller than `noise`.
    fn of_rise(change: f64, noise: f64) -> Self {
        match change {
            change if change.abs() < noise => Self::Neutral,
            change if change > 0.0 => Self::Worse,
            _ => Self::Better,
        }
    }
}

/// A change as a person reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The change with its sign or as a factor.
    pub text: String,
    /// Whether it is good or bad news.
    pub kind: ChangeKind,
}

impl Trend {
    /// The change of the number of requests: neither good nor bad.
    pub fn of_requests(&self) -> Change {
        Change { text: relative_text(self.requests), kind: ChangeKind::Neutral }
    }

    /// The change of the error rate, in percentage points.
    pub fn of_error_rate(&self) -> Option<Change> {
        let points = self.error_rate? * 100.0;
        let kind = ChangeKind::of_rise(points, NOISE_POINTS);
        Some(Change { text: format!("{} points", signed(points, 1)), kind })
    }

    /// The change of the 95th percentile.
    pub fn of_p95(&self) -> Option<Change> {
        let change = self.p95?;
        Some(Change { text: relative_text(change), kind: ChangeKind::of_rise(change, NOISE_P95) })
    }
}

/// A change as a share of the value before: in percent, or as a factor if the value has more than doubled.
fn relative_text(change: f64) -> String {
    match change + 1.0 {
        factor if factor >= 9.95 => format!("×{factor:.0}"),
        factor if factor > FACTOR => format!("×{factor:.1}"),
        _ => format!("{} %", signed(change * 100.0, 0)),
    }
}

/// A number with its sign: a real minus, and ± for what is rounded to 0.
fn signed(value: f64, decimals: usize) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    let sign = match value {
        _ if digits.bytes().all(|digit| digit == b'0' || digit == b'.') => "±",
        value if value < 0.0 => "−",
        _ => "+",
    };
    format!("{sign}{digits}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn period(requests: u32, error_rate: Option<f64>, p95: Option<f64>, runs: &[Option<u128>]) -> ComparedPeriod {
        let runs = runs.iter().map(|run| run.map(|id| RunId(Uuid::from_u128(id)))).collect();
        ComparedPeriod { totals: Totals { requests, error_rate, p95, ..Totals::default() }, runs }
    }

    #[test]
    fn a_period_is_compared_with_enough_requests_of_the_same_traffic_or_not_at_all() {
        let of = |requests, runs: &[Option<u128>]| period(requests, Some(0.1), Some(3.0), runs);
        let rows: [(_, _, bool, &str); 9] = [
            (of(150, &[]), of(100, &[]), true, "real requests only"),
            (of(150, &[]), of(99, &[]), false, "too few before"),
            (of(150, &[Some(1)]), of(100, &[Some(1)]), true, "one long run"),
            (of(150, &[Some(1), Some(2)]), of(100, &[Some(1), Some(2)]), true, "both runs in both"),
            (of(150, &[Some(2)]), of(100, &[Some(1)]), false, "another run"),
            (of(150, &[Some(1), Some(2)]), of(100, &[Some(1)]), false, "one run more"),
            (of(150, &[Some(1)]), of(100, &[]), false, "a run began"),
            (of(150, &[]), of(100, &[Some(1)]), false, "a run ended"),
            (of(150, &[None]), of(100, &[None]), false, "runs that are not known"),
        ];
        for (now, before, compared, why) in rows {
            assert_eq!(trend(&now, &before).is_some(), compared, "{why}");
        }
    }

    #[test]
    fn what_has_no_value_has_no_change() {
        let before = period(100, Some(0.05), Some(4.0), &[]);
        let rows = [
            (period(150, Some(0.1), Some(3.0), &[]), (0.5, Some(0.05), Some(-0.25))),
            (period(19, Some(0.0), Some(3.0), &[]), (-0.81, Some(-0.05), None)),
            (period(0, None, None, &[]), (-1.0, None, None)),
        ];
        for (now, (requests, error_rate, p95)) in rows {
            assert_eq!(trend(&now, &before), Some(Trend { requests, error_rate, p95 }), "{now:?}");
        }
    }

    #[test]
    fn changes_read_as_percent_points_or_a_factor_and_worse_is_worse() {
        use ChangeKind::{Better, Neutral, Worse};
        let change = |text: &str, kind| Change { text: text.to_owned(), kind };
        let rows = [
            (0.0, "±0 %", Neutral),
            (0.004, "±0 %", Neutral),
            (0.04, "+4 %", Neutral),
            (0.28, "+28 %", Worse),
            (-0.46, "−46 %", Better),
            (-1.0, "−100 %", Better),
            (1.0, "+100 %", Worse),
            (1.05, "×2.0", Worse),
            (2.4, "×3.4", Worse),
            (843.07, "×844", Worse),
        ];
        for (value, text, kind) in rows {
            let trend = Trend { requests: value, error_rate: None, p95: Some(value) };
            assert_eq!(trend.of_p95(), Some(change(text, kind)), "{value}");
            assert_eq!(trend.of_requests(), change(text, Neutral), "{value}");
        }
        let rows = [(0.022, "+2.2 points", Worse), (-0.012, "−1.2 points", Better), (0.0004, "±0.0 points", Neutral)];
        for (value, text, kind) in rows {
            let trend = Trend { error_rate: Some(value), ..Trend::default() };
            assert_eq!((trend.of_error_rate(), trend.of_p95()), (Some(change(text, kind)), None), "{value}");
        }
    }
}
