//! Requests by second, as the windows take them in, and by minute, as they are kept when the rows
//! themselves are gone. Of thousands of requests a second there are few that differ in more than
//! their duration, so all that is counted is counted from these sums, and each request once.

use std::collections::BTreeMap;

use super::histogram::Histogram;
use super::{Sample, Source};

/// What requests of one second have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecondKey<'a> {
    /// Seconds since the epoch.
    pub second: i64,
    /// The HTTP status.
    pub status: u16,
    /// Who made them.
    pub source: Source,
    /// The route template.
    pub route: &'a str,
    /// The HTTP method.
    pub method: &'a str,
}

impl<'a> SecondKey<'a> {
    /// That of one request.
    pub fn of(sample: &Sample<'a>) -> Self {
        let Sample { method, route, status, source, .. } = *sample;
        Self { second: sample.second(), status, source, route, method }
    }

    /// The roll-up that these requests belong to.
    pub fn rollup(&self) -> RollupKey<'a> {
        let Self { second, status, source, route, method } = *self;
        RollupKey { minute: second.div_euclid(60), method, route, status, simulated: source != Source::Real }
    }
}

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
    /// That of one request.
    pub fn of(duration: u32) -> Self {
        let mut tally = Self::default();
        tally.record(duration);
        tally
    }

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

impl FromIterator<u32> for Tally {
    /// Of durations in microseconds.
    fn from_iter<I: IntoIterator<Item = u32>>(durations: I) -> Self {
        let mut sum = 0;
        let histogram = durations.into_iter().inspect(|duration| sum += u64::from(*duration)).collect();
        Self { sum, histogram }
    }
}

/// Durations by second, in microseconds, the shortest first.
pub type Durations<'a> = BTreeMap<SecondKey<'a>, Vec<u32>>;

/// The durations of these requests.
pub fn by_second<'a>(samples: impl Iterator<Item = Sample<'a>>) -> Durations<'a> {
    let (mut places, mut durations) = (BTreeMap::<SecondKey<'a>, usize>::new(), Vec::<Vec<u32>>::new());
    // Often the next one has the same, and needs no search.
    let mut last = None;
    for sample in samples {
        let key = SecondKey::of(&sample);
        let place = match last {
            Some((known, place)) if known == key => place,
            _ => *places.entry(key).or_insert(durations.len()),
        };
        if place == durations.len() {
            durations.push(Vec::new());
        }
        durations[place].push(sample.duration);
        last = Some((key, place));
    }
    durations.iter_mut().for_each(|of_second| of_second.sort_unstable());
    places.into_iter().map(|(key, place)| (key, std::mem::take(&mut durations[place]))).collect()
}

/// Requests by second.
pub type Seconds<'a> = BTreeMap<SecondKey<'a>, Tally>;

/// The same as tallies.
pub fn tallied<'a>(durations: &Durations<'a>) -> Seconds<'a> {
    durations.iter().map(|(key, of_second)| (*key, of_second.iter().copied().collect())).collect()
}

/// The roll-ups of these requests, to be merged with those that are there already.
pub fn roll_up<'a>(seconds: &Seconds<'a>) -> BTreeMap<RollupKey<'a>, Tally> {
    let mut rollups = BTreeMap::<_, Tally>::new();
    for (key, tally) in seconds {
        rollups.entry(key.rollup()).or_default().merge(tally);
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
        let durations = by_second(
            [
                sample(59_999_999, 200, 10, Source::Real),
                sample(60_000_000, 200, 30, Source::Real),
                sample(60_000_001, 200, 20, Source::Real),
                sample(60_000_001, 500, 40, Source::Real),
                sample(61_000_000, 200, 50, run),
                sample(62_000_000, 200, 60, Source::Simulated(None)),
            ]
            .into_iter(),
        );
        assert!(durations.values().any(|of_second| *of_second == [20, 30]), "the shortest first: {durations:?}");
        let seconds = tallied(&durations);
        assert_eq!(seconds.len(), 5, "two of them differ in nothing but their duration");
        let rollups = roll_up(&seconds);
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
