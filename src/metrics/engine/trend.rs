//! The change against the period before.

use crate::metrics::model::{Totals, Trend};

/// The change from `before` to `now`, each with its length in seconds. `None` without a baseline: there were no
/// requests in the period before, or recording began only after its start (it is not `covered`).
pub fn trend((now, seconds): (&Totals, f64), (before, seconds_before): (&Totals, f64), covered: bool) -> Option<Trend> {
    if !covered || before.requests == 0 {
        return None;
    }
    let relative = |now: f64, before: f64| (before > 0.0).then(|| thousandths(now / before - 1.0));
    Some(Trend {
        requests: relative(f64::from(now.requests) / seconds, f64::from(before.requests) / seconds_before)?,
        error_rate: now.error_rate.zip(before.error_rate).map(|(now, before)| thousandths(now - before)),
        p95: now.p95.zip(before.p95).and_then(|(now, before)| relative(now, before)),
    })
}

fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(requests: u32, error_rate: Option<f64>, p95: Option<f64>) -> Totals {
        Totals { requests, error_rate, p95, ..Totals::default() }
    }

    #[test]
    fn periods_of_different_length_are_compared_by_their_rate() {
        let (now, before) = (totals(300, None, None), totals(100, None, None));
        assert_eq!(trend((&now, 90.0), (&before, 60.0), true).map(|trend| trend.requests), Some(1.0));
    }

    #[test]
    fn against_the_period_before_or_not_at_all() {
        let now = totals(150, Some(0.1), Some(3.0));
        let before = totals(100, Some(0.05), Some(4.0));
        let change = Trend { requests: 0.5, error_rate: Some(0.05), p95: Some(-0.25) };
        let rows = [
            (now.clone(), before.clone(), true, Some(change)),
            (now.clone(), before.clone(), false, None),
            (now, totals(0, None, None), true, None),
            (totals(0, None, None), before, true, Some(Trend { requests: -1.0, error_rate: None, p95: None })),
        ];
        for (now, before, covered, expected) in rows {
            assert_eq!(trend((&now, 60.0), (&before, 60.0), covered), expected, "{now:?} after {before:?}");
        }
    }
}
