//! The windows: what was recorded lately, in memory, so that a page view needs no read of the database.
//!
//! There are three rings of steps: seconds, minutes, five minutes. Each is long enough for the ranges of the dashboard
//! that have its steps, and for the period before, with which a range is compared. A step holds a [`Tally`] for
//! each endpoint, status and source that occurred in it. The one writer fills the windows after its transaction, so
//! that they hold what the database holds and nothing else.

use std::collections::BTreeMap;

use super::histogram::Merged;
use super::recorded_request::{RecordedRequest, Source, is_error};
use super::ring::Ring;
use super::rollup::{RollupKey, Tally};
use crate::metrics::model;
use crate::metrics::model::{Origins, Point, Totals};

/// How many seconds are kept: longer than the longest run, so that all of a run is known at its end.
pub const SECONDS: usize = 900;
/// How old a second has to be before its rows count as complete, in milliseconds: a row is written up to a quarter
/// of a second after its answer. A younger second would show too little.
pub(super) const SETTLED: i64 = 800;

/// What the requests of one tally have in common.
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
pub(super) struct WindowStep {
    pub(super) tallies: BTreeMap<Series, Tally>,
    /// Its points for all, real and simulated requests, once they were worked out.
    pub(super) points: [Option<Point>; 3],
}

impl WindowStep {
    fn tally(&mut self, series: Series) -> &mut Tally {
        self.points = Default::default();
        self.tallies.entry(series).or_default()
    }
}

/// The windows of all ranges.
#[derive(Debug)]
pub struct Windows {
    /// Method and route. Routes are templates and methods are known ones, so the list stays short.
    pub(super) endpoints: Vec<(String, String)>,
    pub(super) rings: [Ring<WindowStep>; 3],
    /// The second of the oldest request that was ever recorded, as far as known.
    since: Option<i64>,
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
            rings: model::Range::BY_STEP.map(|range| Ring::new(range.step(), slots(range))),
            since: None,
        }
    }
}

impl Windows {
    /// Counts a request in all windows. `now` is in epoch seconds, here and below.
    pub fn add(&mut self, request: &RecordedRequest, now: i64) {
        self.add_to_seconds(request, now);
        let source = match Source::from(request.origin) {
            Source::Real => Source::Real,
            Source::Simulated(_) => Source::Simulated(None),
        };
        let series = self.series(&request.method, &request.route, request.status, source);
        for ring in &mut self.rings[1..] {
            if let Some(step) = ring.at(request.second(), now) {
                step.tally(series).record(request.duration_us);
            }
        }
    }

    /// Counts a stored request in the window of seconds only; the longer steps come from the roll-ups.
    pub fn add_to_seconds(&mut self, request: &RecordedRequest, now: i64) {
        let series = self.series(&request.method, &request.route, request.status, request.origin.into());
        self.recorded_since(request.second());
        if let Some(step) = self.rings[0].at(request.second(), now) {
            step.tally(series).record(request.duration_us);
        }
    }

    /// Counts a stored roll-up in the windows of minutes and longer steps.
    pub fn add_rollup(&mut self, key: &RollupKey, tally: &Tally, now: i64) {
        let source = if key.simulated { Source::Simulated(None) } else { Source::Real };
        let series = self.series(&key.method, &key.route, key.status, source);
        let second = key.minute * 60;
        // A roll-up only says that its requests arrived before the end of its minute.
        self.recorded_since(second + 60);
        for ring in &mut self.rings[1..] {
            if let Some(step) = ring.at(second, now) {
                step.tally(series).merge(tally);
            }
        }
    }

    /// Notes that there are records as old as `second`.
    pub fn recorded_since(&mut self, second: i64) {
        self.since = Some(self.since.map_or(second, |since| since.min(second)));
    }

    /// Whether recording had begun by `second`.
    pub fn covers(&self, second: i64) -> bool {
        self.since.is_some_and(|since| since <= second)
    }

    /// Method and route of each endpoint that was called since the start of the windows, in no particular order.
    pub fn endpoints(&self) -> &[(String, String)] {
        &self.endpoints
    }

    fn series(&mut self, method: &str, route: &str, status: u16, source: Source) -> Series {
        let known = self.endpoints.iter().position(|(m, r)| m == method && r == route);
        let endpoint = known.unwrap_or_else(|| {
            self.endpoints.push((method.to_owned(), route.to_owned()));
            self.endpoints.len() - 1
        });
        Series { endpoint: endpoint as u16, status, source }
    }
}

/// Requests of any times, summed up by their status: what belongs together whatever the clock said.
#[derive(Debug, Default)]
pub struct Sum(BTreeMap<u16, Tally>);

impl Sum {
    /// Adds a request.
    pub fn add(&mut self, request: &RecordedRequest) {
        self.0.entry(request.status).or_default().record(request.duration_us);
    }

    /// The totals over a period of `seconds`.
    pub fn totals(&self, seconds: f64) -> Totals {
        totals(self.0.iter().map(|(status, tally)| (*status, tally)), seconds, &mut Merged::default())
    }
}

/// Replaces the series of each tally by its status, which is all that totals depend on.
pub(super) fn with_status<'a>(
    tallies: impl Iterator<Item = (&'a Series, &'a Tally)>,
) -> impl Iterator<Item = (u16, &'a Tally)> {
    tallies.map(|(series, tally)| (series.status, tally))
}

/// The totals of some tallies, each with its status, over a period of `seconds`. `merged` is room to work in.
pub(super) fn totals<'a>(tallies: impl Iterator<Item = (u16, &'a Tally)>, seconds: f64, merged: &mut Merged) -> Totals {
    merged.clear();
    let mut requests = 0_u64;
    let mut errors = 0_u64;
    let mut sum = 0_u64;
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

/// A count as it crosses the wire, in 32 bits: a day can't hold four thousand million requests here.
pub(super) fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
