//! What the windows say about one range: totals, by endpoint, by status, and step by step.

use std::collections::BTreeMap;

use super::histogram::Merged;
use super::rollup::Tally;
use super::trend::trend;
use super::window::{SETTLED, Series, WindowStep, Windows, narrow, totals, with_status};
use crate::metrics::model::{
    EndpointTotals, Origins, Overview, OverviewQuery, Point, SPARK_POINTS, SparkPoint, StatusCount, Totals,
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
    pub fn until(now: i64, query: &OverviewQuery) -> Self {
        let step = query.range.step();
        let over = (now - SETTLED).div_euclid(1000).div_euclid(step) * step;
        Self { from: over - query.range.seconds(), over, to: now.div_euclid(1000) + 1 }
    }

    /// The period of a run whose requests arrived from second `first` to second `last`, seen at `now`, in epoch
    /// milliseconds. Its end may not be settled yet.
    pub fn of_run(first: i64, last: i64, now: i64) -> Self {
        let over = (last + 1).min((now - SETTLED).div_euclid(1000)).max(first);
        Self { from: first, over, to: last + 1 }
    }
}

impl Windows {
    /// Everything about the period that ends at `now`, in epoch milliseconds, except the vital signs and the number of
    /// dropped rows. Only the range of seconds knows the run of a request; the others find nothing for a run.
    pub fn overview(&mut self, query: &OverviewQuery, now: i64) -> Overview {
        self.overview_of(query, Period::until(now, query), now, now)
    }

    /// As [`Windows::overview`], about any period, which ends at `end`, in epoch milliseconds.
    pub fn overview_of(&mut self, query: &OverviewQuery, period: Period, end: i64, now: i64) -> Overview {
        let mut merged = Merged::default();
        let points = self.points(query, period, &mut merged);
        let ring = &self.rings[query.range as usize];
        let of_period: Vec<(&Series, &Tally)> =
            ring.between(period.from, period.to).flat_map(|step| &step.tallies).collect();
        let chosen: Vec<(&Series, &Tally)> =
            of_period.iter().filter(|(series, _)| series.is_of(query.origin)).copied().collect();
        let seconds = (end - period.from * 1000) as f64 / 1000.0;
        let before = ring.between(period.from - query.range.seconds(), period.from).flat_map(|step| &step.tallies);
        let before = totals(
            with_status(before.filter(|(series, _)| series.is_of(query.origin))),
            query.range.seconds() as f64,
            &mut merged,
        );
        let covered = self.covers(period.from - query.range.seconds());
        let now_totals = totals(with_status(chosen.iter().copied()), seconds, &mut merged);
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
            trend: trend((&now_totals, seconds), (&before, query.range.seconds() as f64), covered),
            current_rate: self.current_rate(query.origin, now),
            spark: self.spark(query, period, &mut merged),
            totals: now_totals,
            endpoints: self.by_endpoint(&chosen, seconds, &mut merged),
            statuses: by_status(&chosen),
            points,
            open: point(ring.between(period.over, period.to), query.origin, period.over, &mut merged),
            gauges: Vec::new(),
            dropped: 0,
        }
    }

    /// The steps that are over, also those without a request. Each point is computed once and kept.
    fn points(&mut self, query: &OverviewQuery, period: Period, merged: &mut Merged) -> Vec<Point> {
        let kept = match query.origin {
            Origins::All => Some(0),
            Origins::Real => Some(1),
            Origins::Simulated => Some(2),
            Origins::Run(_) => None,
        };
        let ring = &mut self.rings[query.range as usize];
        let starts = (period.from..period.over).step_by(query.range.step() as usize);
        starts
            .map(|start| {
                let Some(step) = ring.get_mut(start) else { return Point { at: start * 1000, ..Point::default() } };
                if let Some(known) = kept.and_then(|kept| step.points[kept].clone()) {
                    return known;
                }
                let made = point(std::iter::once(&*step), query.origin, start, merged);
                if let Some(kept) = kept {
                    step.points[kept] = Some(made.clone());
                }
                made
            })
            .collect()
    }

    /// Requests in the last full second that is settled.
    fn current_rate(&self, origins: Origins, now: i64) -> u32 {
        let last_full = (now - SETTLED).div_euclid(1000) - 1;
        let series = self.rings[0].get(last_full).into_iter().flat_map(|step| &step.tallies);
        narrow(series.filter(|(series, _)| series.is_of(origins)).map(|(_, tally)| tally.histogram.count()).sum())
    }

    /// The steps that are over in intervals of the same number of steps, so that the newest one is complete.
    fn spark(&self, query: &OverviewQuery, period: Period, merged: &mut Merged) -> Vec<SparkPoint> {
        let ring = &self.rings[query.range as usize];
        let steps = (period.over - period.from) / query.range.step();
        let interval = steps.div_euclid(SPARK_POINTS as i64).max(1) * query.range.step();
        let count = (period.over - period.from) / interval;
        (1..=count)
            .rev()
            .map(|back| {
                let from = period.over - back * interval;
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
    Point {
        at: start * 1000,
        requests: narrow(requests),
        client_errors: narrow(client_errors),
        server_errors: narrow(server_errors),
        percentiles: merged.percentiles([50, 95, 99]),
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
            assert_eq!(overview.points.len() as i64, range.steps());
            assert!(overview.points.iter().all(|point| point.requests == 0 && point.percentiles == [None; 3]));
            assert!(overview.points.windows(2).all(|two| two[1].at - two[0].at == range.step() * 1000));
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
    fn sparklines_show_whole_intervals_oldest_first() {
        // The newest second that is over began 2.4 s ago, and the interval that it ends 11.4 s ago.
        let mut windows = windows(&[
            request(11_401, 200, 400, Origin::Real),
            request(11_399, 200, 400, Origin::Real),
            request(1_401, 503, 800, Origin::Real),
            request(1_399, 200, 900, Origin::Real),
        ]);
        let spark = windows.overview(&query(Range::Minutes5, Origins::All), NOW).spark;
        let (last, before) = (&spark[29], &spark[28]);
        assert_eq!((spark.len(), last.requests, last.errors, last.p95), (30, 2, 1, 0.8));
        assert_eq!((before.requests, spark.iter().map(|point| point.requests).sum::<u32>()), (1, 3));
        for (range, points) in [(Range::Hour, 30), (Range::Day, 32)] {
            assert_eq!(windows.overview(&query(range, Origins::All), NOW).spark.len(), points, "whole steps");
        }
    }

    #[test]
    fn the_trend_needs_a_whole_period_before() {
        let recent = [request(10_000, 200, 100, Origin::Real), request(20_000, 200, 100, Origin::Real)];
        let before = request(400_000, 200, 200, Origin::Real);
        let of = query(Range::Minutes5, Origins::All);
        let trend = |requests: &[RecordedRequest]| windows(requests).overview(&of, NOW).trend;
        assert_eq!(trend(&recent), None, "nothing before");
        assert_eq!(
            trend(&[recent[0].clone(), recent[1].clone(), before.clone()]),
            None,
            "the records begin within the period before"
        );
        let oldest = request(700_000, 200, 100, Origin::Real);
        let change = trend(&[recent[0].clone(), recent[1].clone(), before, oldest]).expect("a baseline");
        assert_eq!(change.p95, Some(-0.5), "in half the time");
        // 301.4 seconds are compared with 300.
        assert_eq!(change.requests, 0.991, "two instead of one");
    }

    #[test]
    fn late_rows_of_an_old_minute_are_counted_and_a_kept_point_is_made_anew() {
        let mut windows = windows(&[request(130_000, 200, 100, Origin::Real)]);
        let minute = |windows: &mut Windows| {
            let overview = windows.overview(&query(Range::Hour, Origins::All), NOW);
            overview.points.iter().map(|point| point.requests).filter(|requests| *requests > 0).collect::<Vec<_>>()
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
        assert_eq!(overview.points.iter().map(|point| point.requests).collect::<Vec<_>>(), [1, 0, 1]);
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
