//! The windows: what was recorded lately, in memory, so that a page view costs no look into the
//! database.
//!
//! Three rings of steps, one for each range of the dashboard: seconds, minutes, five minutes. Each
//! is long enough for its range and the one before, with which it is compared. A step holds a
//! [`Tally`] for each endpoint, status and source that occurred in it. They are filled by the one
//! writer after its transaction, so that they hold what the database holds and nothing else.

use std::collections::BTreeMap;
use std::ops::Range;

use super::histogram::Merged;
use super::ring::Ring;
use super::rollup::{RollupKey, SecondKey, Tally};
use super::{Source, is_error};
use crate::metrics::model;
use crate::metrics::model::{Origins, Point, Totals};

/// How many seconds are kept: longer than the longest run, so that a run can be asked for at its end.
pub const SECONDS: usize = 900;
/// How old a second has to be before its rows are counted as complete, in milliseconds: a row comes
/// in with its answer, and up to a quarter of a second later. A younger one would show too little.
pub(super) const SETTLED: i64 = 800;

/// What requests of one tally have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Series {
    /// Index into the list of endpoints.
    pub(super) endpoint: u16,
    pub(super) status: u16,
    pub(super) source: Source,
}

impl Series {
    pub(super) fn is_of(&self, origins: Origins) -> bool {
        match origins {
            Origins::All => true,
            Origins::Real => self.source == Source::Real,
            Origins::Simulated => self.source != Source::Real,
            Origins::Run(run) => self.source == Source::Simulated(Some(run)),
        }
    }
}

/// What one step holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    pub(super) tallies: BTreeMap<Series, Tally>,
    /// Its point for all, real and simulated requests, once it was asked for.
    pub(super) points: [Option<Point>; 3],
}

impl Step {
    fn tally(&mut self, series: Series) -> &mut Tally {
        self.points = Default::default();
        self.tallies.entry(series).or_default()
    }
}

/// The windows of all ranges.
#[derive(Debug)]
pub struct Windows {
    /// Method and route. Routes are templates and methods are known ones, so it stays short.
    pub(super) endpoints: Vec<(String, String)>,
    pub(super) rings: [Ring<Step>; 3],
    /// The second of the oldest request that was ever recorded, as far as known.
    since: Option<i64>,
    /// Changes with every change.
    version: u64,
}

impl Default for Windows {
    fn default() -> Self {
        let slots = |range: model::Range| match range {
            model::Range::Minutes5 => SECONDS,
            // This period, the one before, the step under way, and one that is not settled.
            range => range.steps() as usize * 2 + 2,
        };
        Self {
            endpoints: Vec::new(),
            rings: model::Range::ALL.map(|range| Ring::new(range.step(), slots(range))),
            since: None,
            version: 0,
        }
    }
}

impl Windows {
    /// Counts requests of one second in all windows.
    pub fn add(&mut self, key: &SecondKey<'_>, tally: &Tally, now: i64) {
        let series = self.count_second(key, tally, now);
        let series = Series { source: without_run(series.source), ..series };
        for ring in &mut self.rings[1..] {
            if let Some(step) = ring.at(key.second, now) {
                step.tally(series).merge(tally);
            }
        }
    }

    /// Counts stored requests in the window of seconds only; the others come from the roll-ups.
    pub fn restore_second(&mut self, key: &SecondKey<'_>, tally: &Tally, now: i64) {
        self.count_second(key, tally, now);
    }

    fn count_second(&mut self, key: &SecondKey<'_>, tally: &Tally, now: i64) -> Series {
        let series = self.series(key.method, key.route, key.status, key.source);
        self.recorded_since(key.second);
        self.version += 1;
        if let Some(step) = self.rings[0].at(key.second, now) {
            step.tally(series).merge(tally);
        }
        series
    }

    /// Counts a stored roll-up in the windows of minutes and longer steps.
    pub fn restore_minute(&mut self, key: &RollupKey<'_>, tally: &Tally, now: i64) {
        let source = if key.simulated { Source::Simulated(None) } else { Source::Real };
        let series = self.series(key.method, key.route, key.status, source);
        let second = key.minute * 60;
        // Somewhere in that minute; surely by its end.
        self.recorded_since(second + 60);
        self.version += 1;
        for ring in &mut self.rings[1..] {
            if let Some(step) = ring.at(second, now) {
                step.tally(series).merge(tally);
            }
        }
    }

    /// Takes the place of these windows, of which nothing stays but that they change once more.
    pub fn renew(&mut self, fresh: Self) {
        *self = Self { version: self.version + 1, ..fresh };
    }

    /// Notes that there are records as old as `second`.
    pub fn recorded_since(&mut self, second: i64) {
        self.since = Some(self.since.map_or(second, |since| since.min(second)));
    }

    /// Were requests recorded from `second` on, or before it?
    pub fn covers(&self, second: i64) -> bool {
        self.since.is_some_and(|since| since <= second)
    }

    /// A number that changes whenever requests are counted.
    pub fn version(&self) -> u64 {
        self.version
    }

    fn series(&mut self, method: &str, route: &str, status: u16, source: Source) -> Series {
        let known = self.endpoints.iter().position(|(m, r)| m == method && r == route);
        let endpoint = known.unwrap_or_else(|| {
            self.endpoints.push((method.to_owned(), route.to_owned()));
            self.endpoints.len() - 1
        });
        Series { endpoint: endpoint as u16, status, source }
    }

    pub(super) fn sums(&self, origins: Origins, seconds: Range<i64>, merged: &mut Merged) -> Totals {
        let tallies = self.rings[0].between(seconds.start, seconds.end).flat_map(|step| &step.tallies);
        let length = (seconds.end - seconds.start) as f64;
        totals(with_status(tallies.filter(|(series, _)| series.is_of(origins))), length, merged)
    }
}

fn without_run(source: Source) -> Source {
    match source {
        Source::Real => Source::Real,
        Source::Simulated(_) => Source::Simulated(None),
    }
}

/// Requests of any times, summed up by their status: what belongs together whatever the clock said.
#[derive(Debug, Default)]
pub struct Sum(BTreeMap<u16, Tally>);

impl Sum {
    /// Adds requests that were answered with this status.
    pub fn add(&mut self, status: u16, tally: &Tally) {
        self.0.entry(status).or_default().merge(tally);
    }

    /// Their numbers, over a period of `seconds`.
    pub fn totals(&self, seconds: f64) -> Totals {
        totals(self.0.iter().map(|(status, tally)| (*status, tally)), seconds, &mut Merged::default())
    }
}

/// Tallies with the status of their series, which is all of it that their numbers depend on.
pub(super) fn with_status<'a>(
    tallies: impl Iterator<Item = (&'a Series, &'a Tally)>,
) -> impl Iterator<Item = (u16, &'a Tally)> {
    tallies.map(|(series, tally)| (series.status, tally))
}

/// The numbers of some tallies with their status over a period of `seconds`. `merged` is room to work in.
pub(super) fn totals<'a>(tallies: impl Iterator<Item = (u16, &'a Tally)>, seconds: f64, merged: &mut Merged) -> Totals {
    merged.clear();
    let (mut requests, mut errors, mut sum) = (0_u64, 0_u64, 0_u64);
    for (status, tally) in tallies {
        let count = merged.add(&tally.histogram);
        requests += count;
        errors += if is_error(status) { count } else { 0 };
        sum += tally.sum;
    }
    let [p50, p95, p99] = merged.percentiles([50, 95, 99]);
    let some = requests > 0;
    Totals {
        requests: narrow(requests),
        errors: narrow(errors),
        rate: (requests as f64 / seconds.max(1.0) * 1000.0).round() / 1000.0,
        error_rate: some.then(|| errors as f64 / requests as f64),
        mean: some.then(|| (sum as f64 / requests as f64).round() / 1000.0),
        p50,
        p95,
        p99,
    }
}

/// Counts cross the wire as 32 bits: four thousand million requests are more than a day can hold here.
pub(super) fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
