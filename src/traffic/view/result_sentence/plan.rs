//! Whether the failures of a run are those that its plan asks for.

use crate::traffic::engine::dashboard_check::expected_errors;
use crate::traffic::engine::dashboard_outcome::Expected;
use crate::traffic::engine::mix::Call;
use crate::traffic::engine::scenario::Scenario;
use crate::traffic::engine::stats::Stats;
use crate::traffic::model::{Run, Status};
use crate::ui::format::count;

/// Absorbs the rounding of the stored shares to millionths.
const ROUNDING: f64 = 2e-6;

/// How the failures stand to the plan.
enum Planned {
    /// Nothing is to be said: nothing failed and nothing was to fail, or nobody knows which endpoint failed.
    Silent,
    /// Failures that nobody asked for.
    No,
    /// The errors that were asked for: their expected share, whether chance explains their number, and how many other
    /// requests failed.
    Errors { expected: Expected, explained: bool, others: u32 },
}

impl Planned {
    fn of(run: &Run) -> Self {
        let stats = &run.stats;
        // A run that ended by a fault says by which one.
        let unplanned = if stats.failed_requests == 0 || run.status == Status::Error { Self::Silent } else { Self::No };
        if run.scenario != Scenario::ErrorInjection {
            return unplanned;
        }
        // Stored in place of a run that could not be stored.
        if stats.calls.is_empty() {
            return Self::Silent;
        }
        let Some(expected) = expected(stats) else { return unplanned };
        let injected = stats.calls.iter().find(|calls| calls.call == Call::Error).map_or(0, |calls| calls.failed);
        let share = f64::from(injected) / f64::from(stats.total_requests);
        let explained = (share - expected.share).abs() <= expected.four_sigma + ROUNDING;
        Self::Errors { expected, explained, others: stats.failed_requests.saturating_sub(injected) }
    }
}

/// The share of errors that the dashboard check expects, or before that is made, what it will expect.
fn expected(stats: &Stats) -> Option<Expected> {
    let of_check = stats.dashboard_check.as_ref().and_then(|check| check.expected);
    of_check.or_else(|| expected_errors(stats, stats.total_requests))
}

/// What the full sentence says after the number of failures: where they were, which is `place`, and whether they were
/// planned.
pub(super) fn against_plan(run: &Run, place: &str) -> String {
    match Planned::of(run) {
        Planned::Silent => place.to_owned(),
        Planned::No => format!("{place}, not as planned"),
        Planned::Errors { expected, explained, others } => {
            let range = format!("({} % ± {})", tenths(expected.share), tenths(expected.four_sigma));
            let failed = run.stats.failed_requests;
            let words = words(failed, explained);
            if others == 0 {
                return format!("{place}, {words} {range}");
            }
            let injected = count(failed - others);
            let endpoint = Call::Error.title();
            format!(": {injected} on {endpoint}, {words} {range}, and {} elsewhere, not as planned", count(others))
        }
    }
}

/// What the short sentence says about the plan.
pub(super) fn in_short(run: &Run) -> String {
    match Planned::of(run) {
        Planned::Silent => String::new(),
        Planned::No => ", not as planned".to_owned(),
        Planned::Errors { expected, explained, others } => {
            let words = words(run.stats.failed_requests, explained && others == 0);
            format!(", {words} ({} ± {})", tenths(expected.share), tenths(expected.four_sigma))
        }
    }
}

fn words(failed: u32, explained: bool) -> &'static str {
    match (explained, failed) {
        (true, 0) => "within the plan",
        (true, _) => "as planned",
        (false, _) => "not as planned",
    }
}

/// A share in percent, with one decimal where there is one.
fn tenths(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
