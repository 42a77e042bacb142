//! Requests by minute, as they are kept when the rows themselves are gone.

use std::collections::BTreeMap;

use super::histogram::Histogram;
use super::{Sample, Source};

/// What a roll-up is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RollupKey<'a> {
    /// Minutes since the epoch.
    pub minute: i64,
    /// The HTTP method.
    pub method: &'a str,
    /// The route template.
    pub route: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// Made by the generator.
    pub simulated: bool,
}

/// Requests that have something in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All their durations together, in microseconds.
    pub sum: u64,
    /// Their durations. Its count is the number of requests.
    pub histogram: Histogram,
}

impl Tally {
    /// Counts a request.
    pub fn record(&mut self, duration: u32) {
        self.sum += u64::from(duration);
        self.histogram.record(duration);
    }

    /// Counts everything that `other` has counted.
    pub fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.histogram.merge(&other.histogram);
    }
}

/// The roll-ups of these requests, to be merged with those that are there already.
pub fn roll_up<'a>(samples: impl Iterator<Item = Sample<'a>>) -> BTreeMap<RollupKey<'a>, Tally> {
    let mut rollups = BTreeMap::<_, Tally>::new();
    for sample in samples {
        let key = RollupKey {
            minute: sample.second().div_euclid(60),
            method: sample.method,
            route: sample.route,
            status: sample.status,
            simulated: sample.source != Source::Real,
        };
        rollups.entry(key).or_default().record(sample.duration);
    }
    rollups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_minute_endpoint_status_and_origin() {
        let sample = |at, status, duration, source| Sample { at, method: "GET", route: "/x", status, duration, source };
        let run = Source::Simulated(Some(crate::origin::RunId(uuid::Uuid::nil())));
        let rollups = roll_up(
            [
                sample(59_999_999, 200, 10, Source::Real),
                sample(60_000_000, 200, 20, Source::Real),
                sample(60_000_001, 200, 30, Source::Real),
                sample(60_000_001, 500, 40, Source::Real),
                sample(61_000_000, 200, 50, run),
                sample(62_000_000, 200, 60, Source::Simulated(None)),
            ]
            .into_iter(),
        );
        let seen: Vec<_> = rollups
            .iter()
            .map(|(key, tally)| (key.minute, key.status, key.simulated, tally.histogram.count(), tally.sum))
            .collect();
        assert_eq!(
            seen,
            [(0, 200, false, 1, 10), (1, 200, false, 2, 50), (1, 200, true, 2, 110), (1, 500, false, 1, 40)]
        );
    }
}
