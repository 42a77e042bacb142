//! The charts of a period: rate, latency and responses. Pure: the component [`super::period_charts`] shows them.

use crate::latency_buckets::BOUNDS;
use crate::metrics::engine::overview::Period;
use crate::metrics::model::{FEWEST_FOR_P95, FEWEST_FOR_P99, Origins, Overview, Point, Range};
use crate::metrics::view::plans::plans;
use crate::ui::chart::Chart;
use crate::ui::chart::axis::TimeAxis;
use crate::ui::chart::latency::{Column, heatmap};
use crate::ui::chart::past::{ChartPeriod, PastRates, past_rate};
use crate::ui::chart::point::Tick;
use crate::ui::chart::stacked::{StackSeries, stacked};
use crate::ui::format::{count, duration, millis, percent, time_of_day};

/// The note above a table that leaves out the steps without requests.
const LEFT_OUT: &str = "Steps without requests are left out.";
/// What a chart says that has nothing to show.
const NOTHING: &str = "No requests in this period.";
/// The most names of runs in a chart; the other runs are shaded without a name.
const NAMES: usize = 4;
/// The room that a name needs, as a share of the width.
const NAME_WIDTH: f64 = 0.17;

/// The time axis of a range that ends at `now`, in epoch milliseconds.
pub fn axis(range: Range, now: i64) -> TimeAxis {
    TimeAxis::until_now(Period::until(now, range).from * 1000, range.step() as u32, range.steps() as u32)
}

/// An overview on its time axis.
#[derive(Debug)]
pub struct ChartedPeriod<'a> {
    overview: &'a Overview,
    axis: TimeAxis,
    /// The point of each step that has one.
    steps: Vec<Option<&'a Point>>,
    /// The runs.
    periods: &'a [ChartPeriod],
}

impl<'a> ChartedPeriod<'a> {
    /// The overview as it looks at `now`, in epoch milliseconds, which may be later than the overview itself: then nothing
    /// has come since.
    pub fn new(overview: &'a Overview, periods: &'a [ChartPeriod], now: i64) -> Self {
        let axis = axis(overview.range, now);
        let mut steps = vec![None; axis.steps as usize];
        for point in &overview.points {
            let index = (point.at - axis.from.unwrap_or(0)).div_euclid(i64::from(axis.step) * 1000);
            if let Some(step) = usize::try_from(index).ok().and_then(|index| steps.get_mut(index)) {
                *step = Some(point);
            }
        }
        Self { overview, axis, steps, periods }
    }

    /// Requests per second, beside what the simulator had planned.
    pub fn rate(&self) -> Chart {
        let per_second = |of: fn(&Point) -> u32| -> Vec<f64> {
            let of_step = |step: &Option<&Point>| step.map_or(0.0, |point| f64::from(of(point)));
            self.steps.iter().map(|step| of_step(step) / f64::from(self.axis.step)).collect()
        };
        let rates = PastRates {
            achieved: &per_second(|point| point.requests),
            failed: &per_second(|point| point.client_errors + point.server_errors),
            planned: &match self.overview.origin {
                // The plans do not apply to real requests.
                Origins::Real => Vec::new(),
                _ => plans(&self.axis, self.periods),
            },
        };
        let mut chart = self.finished(past_rate("Rate", self.rate_sentence(), &self.axis, &rates));
        name_some_bands(&mut chart);
        chart
    }

    /// The rate in words. The average leaves out idle time.
    fn rate_sentence(&self) -> String {
        let requests = || self.steps.iter().flatten().map(|point| point.requests);
        let drawn: u32 = requests().sum();
        match (self.overview.totals.requests, drawn) {
            (0, _) => NOTHING.to_owned(),
            (new, 0) => format!("{} requests, all in the step that is not over.", count(new)),
            _ => {
                let seconds = requests().count() as u32 * self.axis.step;
                format!(
                    "{:.1} per second on average over the {} with requests; at most {} in {}.",
                    f64::from(drawn) / f64::from(seconds),
                    duration(seconds),
                    count(requests().max().unwrap_or(0)),
                    step_name(self.axis.step),
                )
            }
        }
    }

    /// The latency in the server: a heatmap of the requests, with median and maximum of each step.
    pub fn latency(&self) -> Chart {
        let column = |step: &Option<&'a Point>| {
            step.map_or_else(Column::default, |point| Column {
                p50: point.percentiles[0],
                p95: point.percentiles[1],
                max: point.max,
                buckets: &point.heat,
            })
        };
        let columns: Vec<Column<'_>> = self.steps.iter().map(column).collect();
        let mut chart = heatmap("Latency", self.latency_sentence(), &self.axis, &BOUNDS, &columns);
        chart.unit = "server, logarithmic";
        self.finished(chart)
    }

    fn latency_sentence(&self) -> String {
        let totals = &self.overview.totals;
        let points = self.overview.points.iter().chain([&self.overview.open]);
        let max = points
            .filter_map(|point| point.max)
            .fold(None, |max: Option<f64>, ms| Some(max.map_or(ms, |max| max.max(ms))));
        let p95 = totals.p95.filter(|_| totals.requests >= FEWEST_FOR_P95);
        let p99 = totals.p99.filter(|_| totals.requests >= FEWEST_FOR_P99);
        let values = [("p50", totals.p50), ("p95", p95), ("p99", p99), ("max", max)];
        let known: Vec<String> =
            values.into_iter().filter_map(|(name, ms)| Some(format!("{name} {}", millis(Some(ms?))))).collect();
        if known.is_empty() { NOTHING.to_owned() } else { format!("{} of all responses.", known.join(" · ")) }
    }

    /// Responses by class of status.
    pub fn responses(&self) -> Chart {
        let series = [("2xx and 3xx", "status-2xx"), ("4xx", "status-4xx"), ("5xx", "status-5xx")];
        let series = series.map(|(name, class)| StackSeries { name: name.to_owned(), class });
        let classes = |step: &Option<&Point>| {
            step.map_or_else(
                || vec![0; 3],
                |point| {
                    let errors = point.client_errors + point.server_errors;
                    vec![point.requests.saturating_sub(errors), point.client_errors, point.server_errors]
                },
            )
        };
        let columns: Vec<_> = self.steps.iter().map(classes).collect();
        let totals = &self.overview.totals;
        let by_status = self.overview.statuses.iter();
        let by_status = by_status.map(|status| format!("{} × {}", count(status.requests), status.status));
        let sentence = match totals.requests {
            0 => NOTHING.to_owned(),
            _ => format!("{}; {} failed.", by_status.collect::<Vec<_>>().join(", "), percent(totals.error_rate)),
        };
        let mut chart = stacked("Responses", sentence, &self.axis, &series, &columns);
        chart.unit = match self.axis.step {
            1 => "responses per second",
            60 => "responses per minute",
            _ => "responses per 5 minutes",
        };
        self.finished(chart)
    }

    /// A chart with the runs shaded, without the rows of empty steps, and without the legend of nothing.
    fn finished(&self, chart: Chart) -> Chart {
        let is_empty = |step: usize| self.steps.get(step).copied().flatten().is_none();
        let mut chart = chart.without_empty_steps(is_empty, LEFT_OUT);
        if chart.points.is_empty() {
            chart.keys.clear();
        }
        let mut chart = chart.shaded(&self.axis, self.periods, "simulator run");
        // The rate names the runs for all charts.
        chart.bands.retain(|_| chart.title == "Rate");
        chart
    }
}

/// The length of a step: "one second", "one minute" or "5 minutes".
fn step_name(step: u32) -> &'static str {
    match step {
        1 => "one second",
        60 => "one minute",
        _ => "5 minutes",
    }
}

/// Leaves the names of the newest bands only, and of these as many as don't cover each other. Bands are newest first.
fn name_some_bands(chart: &mut Chart) {
    let mut named: Vec<(f64, f64)> = Vec::new();
    chart.bands.retain(|band| {
        let (from, to) = band.name_span(NAME_WIDTH);
        let fits =
            named.len() < NAMES && named.iter().all(|(other_from, other_to)| to <= *other_from || from >= *other_to);
        if fits {
            named.push((from, to));
        }
        fits
    });
}

/// The chart with times of day below it: while its data are old, it does not end now.
#[must_use]
pub fn by_time_of_day(mut chart: Chart) -> Chart {
    let Some(axis) = chart.axis else { return chart };
    let label = |tick: Tick| {
        let at = axis.from.unwrap_or(0) + (tick.at * f64::from(axis.seconds()) * 1000.0) as i64;
        Tick { text: time_of_day(at, !axis.step.is_multiple_of(60)), ..tick }
    };
    chart.x = chart.bottom_ticks((0.0, 1.0)).into_iter().map(label).collect();
    chart.axis = None;
    chart
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::model::{StatusCount, Totals};

    /// The moment of the overview, in epoch milliseconds: the last second that is over is that of 100,000.
    const NOW: i64 = 101_800;

    fn overview() -> Overview {
        let quiet =
            Point { at: 90_000, requests: 1, percentiles: [Some(1.0), None, None], max: Some(1.0), ..Point::default() };
        let busy = Point {
            at: 100_000,
            requests: 20,
            client_errors: 2,
            server_errors: 3,
            percentiles: [Some(1.0), Some(5.0), None],
            max: Some(9.0),
            heat: vec![(7, 19), (12, 1)],
        };
        let totals = Totals {
            requests: 21,
            errors: 5,
            error_rate: Some(0.25),
            p50: Some(1.0),
            p95: Some(5.0),
            p99: Some(9.0),
            ..Totals::default()
        };
        let statuses = vec![StatusCount { status: 200, requests: 16 }, StatusCount { status: 503, requests: 5 }];
        Overview {
            range: Range::Minute,
            to: NOW,
            step: 1,
            totals,
            statuses,
            points: vec![quiet, busy],
            ..Overview::default()
        }
    }

    fn run(from: i64, name: &str) -> ChartPeriod {
        ChartPeriod {
            from,
            to: from + 5_000,
            planned: vec![(0.0, 10.0), (5.0, 10.0)],
            cap: 20,
            name: name.to_owned(),
            href: format!("/runs/{name}"),
        }
    }

    fn rows(chart: &Chart) -> Vec<String> {
        chart.points.iter().map(|point| point.cells.join(" | ")).collect()
    }

    #[test]
    fn each_chart_has_the_rows_of_the_steps_with_requests() {
        let overview = overview();
        let period = ChartedPeriod::new(&overview, &[], NOW);
        assert_eq!(rows(&period.rate()), ["00:01:30 UTC | 1 | 0", "00:01:40 UTC | 20 | 5"]);
        assert_eq!(
            rows(&period.latency())[1],
            "00:01:40 UTC | 1.00 ms | 5.00 ms | 9.00 ms | 20 | 1–1.5 ms: 19, 6.8–10 ms: 1"
        );
        assert_eq!(rows(&period.responses())[1], "00:01:40 UTC | 15 | 2 | 3");
    }

    #[test]
    fn time_goes_on_without_new_data() {
        let overview = overview();
        let at = |now: i64| rows(&ChartedPeriod::new(&overview, &[], now).rate()).len();
        let share = |now: i64| ChartedPeriod::new(&overview, &[], now).rate().points[0].at;
        assert!((share(NOW) - share(NOW + 6_000) - 0.1).abs() < 1e-9, "six of sixty seconds to the left");
        assert_eq!([at(NOW), at(NOW + 49_000), at(NOW + 50_000), at(NOW + 60_000)], [2, 2, 1, 0]);
    }

    #[test]
    fn sentences_summarize_the_pictures() {
        let overview = overview();
        let period = ChartedPeriod::new(&overview, &[], NOW);
        let expected = "10.5 per second on average over the 2 s with requests; at most 20 in one second.";
        assert_eq!(period.rate().sentence, expected);
        assert_eq!(period.latency().sentence, "p50 1.00 ms · p95 5.00 ms · max 9.00 ms of all responses.");
        assert_eq!(period.responses().sentence, "16 × 200, 5 × 503; 25.0 % failed.");
        let new = Overview { points: Vec::new(), ..overview.clone() };
        let sentence = ChartedPeriod::new(&new, &[], NOW).rate().sentence;
        assert_eq!(sentence, "21 requests, all in the step that is not over.");
    }

    #[test]
    fn the_unit_says_how_long_a_step_is() {
        for (range, unit) in [(Range::Minutes5, "second"), (Range::Hour, "minute"), (Range::Day, "5 minutes")] {
            let overview = Overview { range, ..Overview::default() };
            let period = ChartedPeriod::new(&overview, &[], NOW);
            assert_eq!(period.rate().unit, "requests per second");
            assert_eq!(period.responses().unit, format!("responses per {unit}"));
        }
    }

    #[test]
    fn an_empty_chart_says_so_once_and_has_no_legend() {
        let overview = Overview::default();
        let period = ChartedPeriod::new(&overview, &[], NOW);
        for chart in [period.rate(), period.latency(), period.responses()] {
            assert_eq!((chart.sentence.as_str(), chart.keys.len()), (NOTHING, 0), "{}", chart.title);
        }
    }

    #[test]
    fn a_plan_is_shown_beside_simulated_requests_and_not_beside_real_ones() {
        let periods = [run(95_000, "1")];
        let columns = |origin| {
            let overview = Overview { origin, ..overview() };
            ChartedPeriod::new(&overview, &periods, NOW).rate().columns
        };
        assert_eq!(columns(Origins::All), ["time", "requests", "failed", "planned", "cap"]);
        assert_eq!(columns(Origins::Real), ["time", "requests", "failed"]);
    }

    #[test]
    fn the_rate_names_the_newest_runs_that_have_room() {
        let overview = overview();
        let names = |starts: &[i64]| {
            let runs: Vec<_> = starts.iter().map(|from| run(*from, &from.to_string())).collect();
            let period = ChartedPeriod::new(&overview, &runs, NOW);
            assert!(period.latency().bands.is_empty());
            assert!(period.responses().marks.iter().any(|mark| mark.class == "period"), "shaded");
            period.rate().bands.iter().map(|band| band.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&[95_000, 80_000, 78_000]), ["95000", "80000"], "the third one would lie below the second");
        assert_eq!(
            names(&[95_000, 84_000, 72_500, 56_000, 42_000]),
            ["95000", "84000", "72500", "56000"],
            "the newest"
        );
    }

    #[test]
    fn old_data_do_not_end_now() {
        let overview = overview();
        let chart = by_time_of_day(ChartedPeriod::new(&overview, &[], NOW).rate());
        let labels: Vec<_> = chart.bottom_ticks((0.0, 1.0)).into_iter().map(|tick| tick.text).collect();
        assert_eq!(labels.last().map(String::as_str), Some("00:01:41 UTC"));
        assert!(labels.iter().all(|label| label.ends_with("UTC")), "{labels:?}");
    }
}
