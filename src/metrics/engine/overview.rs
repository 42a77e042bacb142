//! What the windows say about one range: totals, by endpoint, by status, and step by step.

use std::collections::BTreeMap;

use super::histogram::Merged;
use super::recorded_request::Source;
use super::rollup::Tally;
use super::trend::{ComparedPeriod, trend};
use super::window::{SETTLED, Series, WindowStep, Windows, narrow, totals, with_status};
use crate::metrics::model::{
    EndpointTotals, FEWEST_FOR_P95, FEWEST_FOR_P99, Origins, Overview, OverviewQuery, Point, Range, SPARK_POINTS,
    SparkPoint, StatusCount, Totals, Trend,
};

/// A period on the time axis of a range, in epoch seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The start of its first step.
    pub from: i64,
    /// The end of its last step that is over.
    pub over: i64,
    /// The end of the second under way.
    pub to: i64,
}

impl Period {
    /// The period that ends at `now`, in epoch milliseconds: the range's number of whole steps, and what came since.
    pub fn until(now: i64, range: Range) -> Self {
        let step = range.step();
        let over = (now - SETTLED).div_euclid(1000).div_euclid(step) * step;
        Self { from: over - range.seconds(), over, to: now.div_euclid(1000) + 1 }
    }

    /// The period of a run whose requests arrived from second `first` to second `last`, seen at `now`, in epoch
    /// milliseconds. Its end may not be settled yet.
    pub fn of_run(first: i64, last: i64, now: i64) -> Self {
        let over = (last + 1).min((now - SETTLED).div_euclid(1000)).max(first);
        Self { from: first, over, to: last + 1 }
    }
}

impl Windows {
    /// Everything about the period that ends at `now`, in epoch milliseconds, except the number of dropped rows. Only the
    /// ranges by second know the run of a request; the others find nothing for a run.
    pub fn overview(&mut self, query: &OverviewQuery, now: i64) -> Overview {
        self.overview_of(query, Period::until(now, query.range), now, now)
    }

    /// As [`Windows::overview`], about any period, which ends at `end`, in epoch milliseconds.
    pub fn overview_of(&mut self, query: &OverviewQuery, period: Period, end: i64, now: i64) -> Overview {
        let mut merged = Merged::default();
        let points = self.points(query, period, &mut merged);
        let ring = &self.rings[query.range.step_index()];
        let of_period: Vec<(&Series, &Tally)> =
            ring.between(period.from, period.to).flat_map(|step| &step.tallies).collect();
        let chosen: Vec<(&Series, &Tally)> =
            of_period.iter().filter(|(series, _)| series.is_of(query.origin)).copied().collect();
        let seconds = (end - period.from * 1000) as f64 / 1000.0;
        let totals = totals(with_status(chosen.iter().copied()), seconds, &mut merged);
        let count = |origins: Origins| {
            narrow(of_period.iter().filter(|(series, _)| series.is_of(origins)).map(|(_, t)| t.histogram.count()).sum())
        };
        Overview {
            range: query.range,
            origin: query.origin,
            from: period.from * 1000,
            to: end,
            step: query.range.step() as u32,
            all: count(Origins::All),
            real: count(Origins::Real),
            simulated: count(Origins::Simulated),
            trend: self.trend(query, period, &mut merged),
            current_rate: self.current_rate(query.origin, now),
            spark: self.spark(query, period, &mut merged),
            totals,
            endpoints: self.by_endpoint(&chosen, seconds, &mut merged),
            statuses: by_status(&chosen),
            points,
            open: point(ring.between(period.over, period.to), query.origin, period.over, &mut merged),
            dropped: 0,
        }
    }

    /// The steps that are over and have requests. Each point is computed once and kept.
    fn points(&mut self, query: &OverviewQuery, period: Period, merged: &mut Merged) -> Vec<Point> {
        let kept = match query.origin {
            Origins::All => Some(0),
            Origins::Real => Some(1),
            Origins::Simulated => Some(2),
            Origins::Run(_) => None,
        };
        let ring = &mut self.rings[query.range.step_index()];
        let starts = (period.from..period.over).step_by(query.range.step() as usize);
        let points = starts.filter_map(|start| {
            let step = ring.get_mut(start)?;
            if let Some(known) = kept.and_then(|kept| step.points[kept].clone()) {
                return Some(known);
            }
            let made = point(std::iter::once(&*step), query.origin, start, merged);
            if let Some(kept) = kept {
                step.points[kept] = Some(made.clone());
            }
            Some(made)
        });
        points.filter(|point| point.requests > 0).collect()
    }

    /// The change from the period before, if recording had begun by its start. The steps under way are left out of both.
    fn trend(&self, query: &OverviewQuery, period: Period, merged: &mut Merged) -> Option<Trend> {
        let before = period.from - (period.over - period.from);
        if !self.covers(before) {
            return None;
        }
        let ring = &self.rings[query.range.step_index()];
        let origin = query.origin;
        let mut compared = |from: i64, to: i64| {
            let tallies =
                || ring.between(from, to).flat_map(|step| &step.tallies).filter(move |(s, _)| s.is_of(origin));
            let runs = tallies().filter_map(|(series, _)| match series.source {
                Source::Real => None,
                Source::Simulated(run) => Some(run),
            });
            ComparedPeriod { runs: runs.collect(), totals: totals(with_status(tallies()), (to - from) as f64, merged) }
        };
        trend(&compared(period.from, period.over), &compared(before, period.from))
    }

    /// Requests in the last full second that is settled.
    fn current_rate(&self, origins: Origins, now: i64) -> u32 {
        let last_full = (now - SETTLED).div_euclid(1000) - 1;
        let series = self.rings[0].get(last_full).into_iter().flat_map(|step| &step.tallies);
        narrow(series.filter(|(series, _)| series.is_of(origins)).map(|(_, tally)| tally.histogram.count()).sum())
    }

    /// The steps that are over in intervals of the same number of steps. They begin at multiples of their length, so that
    /// they change when one is complete and not with each step; those of a run end with it.
    fn spark(&self, query: &OverviewQuery, period: Period, merged: &mut Merged) -> Vec<SparkPoint> {
        let ring = &self.rings[query.range.step_index()];
        let steps = (period.over - period.from) / query.range.step();
        let interval = steps.div_euclid(SPARK_POINTS as i64).max(1) * query.range.step();
        let count = (period.over - period.from) / interval;
        let end = match query.origin {
            Origins::Run(_) => period.over,
            _ => period.over.div_euclid(interval) * interval,
        };
        (1..=count)
            .rev()
            .map(|back| {
                let from = end - back * interval;
                let tallies = ring.between(from, from + interval).flat_map(|step| &step.tallies);
                let totals =
                    totals(with_status(tallies.filter(|(s, _)| s.is_of(query.origin))), interval as f64, merged);
                SparkPoint { requests: totals.requests, errors: totals.errors, p95: totals.p95.unwrap_or(0.0) }
            })
            .collect()
    }

    fn by_endpoint(&self, chosen: &[(&Series, &Tally)], seconds: f64, merged: &mut Merged) -> Vec<EndpointTotals> {
        let mut lines: Vec<EndpointTotals> = (0..)
            .zip(&self.endpoints)
            .filter_map(|(endpoint, (method, route))| {
                let tallies = chosen.iter().filter(|(series, _)| series.endpoint == endpoint).copied();
                let totals: Totals = totals(with_status(tallies), seconds, merged);
                (totals.requests > 0).then(|| EndpointTotals { method: method.clone(), route: route.clone(), totals })
            })
            .collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.totals.requests));
        lines
    }
}

fn by_status(chosen: &[(&Series, &Tally)]) -> Vec<StatusCount> {
    let mut statuses = BTreeMap::<u16, u64>::new();
    for (series, tally) in chosen {
        *statuses.entry(series.status).or_default() += tally.histogram.count();
    }
    statuses.into_iter().map(|(status, requests)| StatusCount { status, requests: narrow(requests) }).collect()
}

fn point<'a>(steps: impl Iterator<Item = &'a WindowStep>, origins: Origins, start: i64, merged: &mut Merged) -> Point {
    merged.clear();
    let mut requests = 0;
    let mut client_errors = 0;
    let mut server_errors = 0;
    for (series, tally) in steps.flat_map(|step| &step.tallies).filter(|(series, _)| series.is_of(origins)) {
        let count = merged.add(&tally.histogram);
        requests += count;
        match series.status {
            400..=499 => client_errors += count,
            500.. => server_errors += count,
            _ => {}
        }
    }
    let [p50, p95, p99] = merged.percentiles([50, 95, 99]);
    Point {
        at: start * 1000,
        requests: narrow(requests),
        client_errors: narrow(client_errors),
        server_errors: narrow(server_errors),
        percentiles: [
            p50,
            p95.filter(|_| requests >= FEWEST_FOR_P95.into()),
            p99.filter(|_| requests >= FEWEST_FOR_P99.into()),
        ],
        max: merged.max(),
        heat: merged.heat(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::metrics::engine::recorded_request::RecordedRequest;
    use crate::metrics::engine::rollup::roll_up;
    use crate::metrics::model::Range;
    use crate::origin::{Origin, RunId};

    const RUN: RunId = RunId(Uuid::from_u128(7));
    /// A moment in the middle of a minute, in epoch milliseconds.
    const NOW: i64 = 1_000_000_031_400;

    const OF_RUN: Origin = Origin::Simulated { run: RUN, seq: 0 };
    const OF_OTHER_RUN: Origin = Origin::Simulated { run: RunId(Uuid::from_u128(8)), seq: 0 };

    fn request(age_ms: i64, status: u16, duration_us: u32, origin: Origin) -> RecordedRequest {
        RecordedRequest {
            id: Uuid::nil(),
            arrived_at: (NOW - age_ms) * 1000,
            method: "GET".into(),
            route: "/users".into(),
            status,
            duration_us,
            origin,
        }
    }

    fn windows(requests: &[RecordedRequest]) -> Windows {
        let mut windows = Windows::default();
        requests.iter().for_each(|request| windows.add(request, NOW / 1000));
        windows
    }

    fn query(range: Range, origin: Origins) -> OverviewQuery {
        OverviewQuery { range, origin }
    }

    #[test]
    fn no_requests_no_claims() {
        let mut windows = Windows::default();
        for range in Range::ALL {
            let overview = windows.overview(&query(range, Origins::All), NOW);
            assert_eq!((overview.totals.requests, overview.totals.p95, overview.trend), (0, None, None));
            assert_eq!((overview.current_rate, overview.totals.error_rate), (0, None));
            assert_eq!((overview.points.len(), overview.open.max), (0, None));
            assert!(overview.spark.iter().all(|point| *point == SparkPoint::default()));
        }
    }

    #[test]
    fn only_the_window_and_the_last_full_second_count() {
        let mut windows = windows(&[
            request(301_401, 200, 1_000, Origin::Real),
            request(300_400, 200, 1_000, Origin::Real),
            request(1_900, 500, 30_000, OF_RUN),
            request(1_500, 404, 20_000, OF_RUN),
            request(500, 200, 10_000, OF_RUN),
        ]);
        let mut at = |now: i64, origin: Origins| windows.overview(&query(Range::Minutes5, origin), now);
        let overview = at(NOW, Origins::All);
        assert_eq!((overview.all, overview.simulated), (4, 3), "the first one is a second too old");
        assert_eq!(overview.current_rate, 2, "the second after them ended 400 ms ago and may lack rows");
        assert_eq!(at(NOW, Origins::Real).current_rate, 0, "both are simulated");
        assert_eq!(at(NOW + 400, Origins::All).current_rate, 1, "now it ended 800 ms ago");
        assert_eq!((overview.totals.error_rate, overview.totals.p95), (Some(0.5), Some(30.015)));
    }

    #[test]
    fn a_step_has_the_percentiles_that_its_requests_are_enough_for() {
        for (requests, p95, p99) in [(19, false, false), (20, true, false), (99, true, false), (100, true, true)] {
            let mut windows = windows(&vec![request(10_000, 200, 1_000, Origin::Real); requests]);
            let point = &windows.overview(&query(Range::Minute, Origins::All), NOW).points[0];
            let [p50, of_95, of_99] = point.percentiles.map(|percentile| percentile.is_some());
            assert_eq!((p50, of_95, of_99, point.max), (true, p95, p99, Some(1.0)), "{requests}");
        }
    }

    #[test]
    fn the_ranges_by_second_share_their_steps() {
        let mut windows = windows(&[
            request(61_500, 200, 1_000, Origin::Real),
            request(59_000, 200, 1_000, Origin::Real),
            request(2_000, 503, 9_000, OF_RUN),
        ]);
        let mut of = |range| windows.overview(&query(range, Origins::All), NOW);
        let (minute, minutes) = (of(Range::Minute), of(Range::Minutes5));
        assert_eq!((minute.all, minutes.all, minute.step), (2, 3, 1));
        assert_eq!(minute.points, minutes.points[1..]);
        assert_eq!(minute.to - minute.from, 61_400);
    }

    #[test]
    fn sparklines_change_when_an_interval_is_complete() {
        // The newest second that is over is the 29th, and the interval that it ends began with the 20th.
        let mut windows = windows(&[
            request(21_399, 200, 400, Origin::Real),
            request(11_401, 200, 400, Origin::Real),
            request(1_401, 503, 800, Origin::Real),
            request(1_399, 200, 900, Origin::Real),
        ]);
        let mut spark = |now: i64| {
            let spark = windows.overview(&query(Range::Minutes5, Origins::All), now).spark;
            let [.., before, last] = spark.as_slice() else { panic!("{spark:?}") };
            ((before.requests, before.errors), (last.requests, last.errors, last.p95), spark.len())
        };
        assert_eq!(spark(NOW), ((2, 0), (1, 1, 0.8), 30));
        assert_eq!(spark(NOW + 9_000), spark(NOW));
        assert_eq!(spark(NOW + 9_400), ((1, 1), (1, 0, 0.9), 30));
        for (range, points) in [(Range::Minute, 30), (Range::Hour, 30), (Range::Day, 32)] {
            assert_eq!(windows.overview(&query(range, Origins::All), NOW).spark.len(), points, "whole steps");
        }
    }

    #[test]
    fn the_trend_needs_a_whole_period_of_the_same_traffic_before() {
        let times =
            |number: usize, age_ms: i64, duration: u32, origin| vec![request(age_ms, 200, duration, origin); number];
        let recent = times(200, 10_000, 100, Origin::Real);
        let before = times(100, 400_000, 200, Origin::Real);
        let oldest = times(1, 700_000, 100, Origin::Real);
        let of = |range, parts: &[&[RecordedRequest]]| {
            windows(&parts.concat()).overview(&query(range, Origins::All), NOW).trend
        };
        let seconds = |parts: &[&[RecordedRequest]]| of(Range::Minutes5, parts);
        assert_eq!(seconds(&[&recent]), None, "nothing before");
        assert_eq!(seconds(&[&recent, &before]), None, "the records begin within the period before");
        let change = seconds(&[&recent, &before, &oldest]).expect("a baseline");
        assert_eq!((change.requests, change.p95), (1.0, Some(-0.5)), "twice as many in half the time");
        let under_way = times(50, 300, 100, OF_OTHER_RUN);
        assert_eq!(seconds(&[&recent, &before, &oldest, &under_way]), Some(change), "the second under way is left out");
        let of_run = [times(1, 20_000, 100, OF_RUN), times(1, 390_000, 100, OF_RUN)];
        assert!(seconds(&[&recent, &before, &oldest, &of_run[0]]).is_none(), "a run in one of them");
        assert!(seconds(&[&recent, &before, &oldest, &of_run[0], &of_run[1]]).is_some(), "the same run in both");
        // An hour, and the hour before.
        let earlier = times(100, 5_000_000, 100, Origin::Real);
        let (first, simulated) = (times(1, 8_000_000, 100, Origin::Real), times(1, 4_900_000, 100, OF_RUN));
        assert!(of(Range::Hour, &[&recent, &earlier, &first]).is_some());
        assert!(of(Range::Hour, &[&recent, &earlier, &first, &simulated]).is_none(), "minutes don't know the run");
    }

    #[test]
    fn late_rows_of_an_old_minute_are_counted_and_a_kept_point_is_made_anew() {
        let mut windows = windows(&[request(130_000, 200, 100, Origin::Real)]);
        let minute = |windows: &mut Windows| {
            let overview = windows.overview(&query(Range::Hour, Origins::All), NOW);
            overview.points.iter().map(|point| point.requests).collect::<Vec<_>>()
        };
        assert_eq!(minute(&mut windows), [1]);
        windows.add(&request(130_001, 200, 100, Origin::Real), NOW / 1000);
        assert_eq!(minute(&mut windows), [2]);
    }

    #[test]
    fn a_run_is_told_from_other_runs_by_the_second() {
        let mut windows = windows(&[
            request(5_000, 200, 100, OF_RUN),
            request(5_000, 500, 100, OF_OTHER_RUN),
            request(5_000, 500, 100, Origin::Real),
        ]);
        let overview = windows.overview(&query(Range::Minutes5, Origins::Run(RUN)), NOW);
        assert_eq!((overview.totals.requests, overview.totals.errors), (1, 0));
        assert_eq!((overview.all, overview.real, overview.simulated), (3, 1, 2));
    }

    #[test]
    fn the_period_of_a_run_is_its_own_however_long_ago() {
        let mut windows = windows(&[
            request(400_000, 200, 100, Origin::Real),
            request(390_000, 200, 100, OF_RUN),
            request(387_500, 500, 100, OF_RUN),
            request(10_000, 200, 100, Origin::Real),
        ]);
        let second = |age: i64| (NOW - age) / 1000;
        let period = Period::of_run(second(390_000), second(387_500), NOW);
        let of = query(Range::Minutes5, Origins::Run(RUN));
        let overview = windows.overview_of(&of, period, period.to * 1000, NOW);
        assert_eq!((overview.from, overview.to), (second(390_000) * 1000, (second(387_500) + 1) * 1000));
        assert_eq!((overview.totals.requests, overview.totals.errors, overview.all), (2, 1, 2));
        let points: Vec<_> = overview.points.iter().map(|point| (point.at - overview.from, point.requests)).collect();
        assert_eq!(points, [(0, 1), (2000, 1)]);
        assert_eq!((overview.spark.len(), overview.open.requests, overview.current_rate), (3, 0, 0));
        let live = Period::of_run(second(5_000), second(100), NOW);
        assert_eq!(live.over, second(SETTLED), "the newest second is not settled");
    }

    fn any_request() -> impl Strategy<Value = RecordedRequest> {
        let origin = prop_oneof![Just(Origin::Real), Just(OF_RUN), Just(OF_OTHER_RUN)];
        let age = prop_oneof![0..2_000_i64, 0..700_000_i64, 0..8_000_000_i64, 0..200_000_000_i64];
        let status = prop_oneof![Just(200), Just(201), Just(404), Just(500), Just(503)];
        let route = prop_oneof![Just("/users"), Just("/users/{id}")];
        (age, status, 0..5_000_000_u32, origin, route).prop_map(|(age, status, duration, origin, route)| {
            RecordedRequest { route: route.into(), ..request(age, status, duration, origin) }
        })
    }

    proptest! {
        /// Compares with a plain count over all requests.
        #[test]
        fn everything_adds_up(requests in prop::collection::vec(any_request(), 0..200)) {
            let mut windows = windows(&requests);
            for range in Range::ALL {
                let all = windows.overview(&query(range, Origins::All), NOW);
                let [real, simulated] =
                    [Origins::Real, Origins::Simulated].map(|origin| windows.overview(&query(range, origin), NOW));
                prop_assert_eq!(all.all, real.totals.requests + simulated.totals.requests);
                prop_assert_eq!((all.real, all.simulated), (real.totals.requests, simulated.totals.requests));
                prop_assert_eq!(all.totals.errors, real.totals.errors + simulated.totals.errors);
                for overview in [all, real, simulated] {
                    let within: Vec<_> = requests
                        .iter()
                        .filter(|request| request.second() >= overview.from / 1000)
                        .filter(|request| match overview.origin {
                            Origins::All => true,
                            origin => (origin == Origins::Real) == (request.origin == Origin::Real),
                        })
                        .collect();
                    let counted = overview.totals.requests;
                    prop_assert_eq!(counted as usize, within.len());
                    let errors = within.iter().filter(|request| request.status >= 400).count();
                    prop_assert_eq!(overview.totals.errors as usize, errors);
                    let sum = |of: fn(&Point) -> u32| overview.points.iter().map(of).sum::<u32>() + of(&overview.open);
                    prop_assert_eq!(sum(|point| point.requests), counted);
                    prop_assert_eq!(sum(|point| point.client_errors + point.server_errors), overview.totals.errors);
                    prop_assert_eq!(overview.endpoints.iter().map(|line| line.totals.requests).sum::<u32>(), counted);
                    prop_assert_eq!(overview.statuses.iter().map(|line| line.requests).sum::<u32>(), counted);
                }
            }
        }

        /// A restart changes no number: seconds from the rows, the rest from the roll-ups.
        #[test]
        fn rebuilt_windows_say_the_same(requests in prop::collection::vec(any_request(), 0..100)) {
            let mut before = windows(&requests);
            let mut after = Windows::default();
            for request in &requests {
                after.add_to_seconds(request, NOW / 1000);
            }
            for (key, tally) in roll_up(&requests) {
                after.add_rollup(&key, &tally, NOW / 1000);
            }
            for range in Range::ALL {
                for origin in [Origins::All, Origins::Real, Origins::Simulated] {
                    let query = query(range, origin);
                    let (before, after) = (before.overview(&query, NOW), after.overview(&query, NOW));
                    prop_assert_eq!((before.totals, before.points), (after.totals, after.points));
                    prop_assert_eq!((before.trend, before.spark), (after.trend, after.spark));
                }
            }
        }
    }
}
