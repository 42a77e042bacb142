//! The charts of the dashboard: rate, latency, responses, and the health of simulator and database.

use crate::latency_buckets::BOUNDS;
use crate::metrics::model::{GaugePoint, Origins, Overview, Point};
use crate::ui::chart::axis::TimeAxis;
use crate::ui::chart::latency::{Column, heatmap};
use crate::ui::chart::lines::{LineSeries, lines};
use crate::ui::chart::past::{ChartPeriod, PastRates, past_rate};
use crate::ui::chart::stacked::stacked;
use crate::ui::chart::{Chart, Rows};
use crate::ui::format::{count, millis, percent};
use crate::ui::notice::failed_html;

/// The note above a table that leaves out the steps without requests.
const LEFT_OUT: &str = "Steps without requests are left out.";

/// All charts of the chosen range and requests, with the periods of the runs shaded.
pub fn charts_html(overview: Result<&Overview, &str>, periods: &[ChartPeriod], rows: &Rows) -> String {
    let overview = match overview {
        Ok(overview) => overview,
        Err(why) => return failed_html("The charts could not be loaded.", why),
    };
    let axis = axis(overview);
    let charts: [(&str, &str, fn(&Overview, &TimeAxis, &[ChartPeriod]) -> Chart); 4] = [
        ("Rate", "past-rate", rate_chart),
        ("Latency", "past-latency", latency_chart),
        ("Responses", "past-answers", responses_chart),
        ("Simulator and database health", "past-waits", health_chart),
    ];
    let mut html = "<div class=\"grid\">".to_owned();
    for (label, id, make) in charts {
        let axis = axis.with_rows(rows.has(id));
        let chart = make(overview, &axis, periods).shaded(&axis, periods, "simulator run");
        html.extend(["<section class=\"card\" aria-label=\"", label, "\">"]);
        html.push_str(&chart.html(id, rows));
        html.push_str("</section>");
    }
    html.push_str("</div>");
    html
}

/// The time axis of the steps that are over: up to now, or of one run.
fn axis(overview: &Overview) -> TimeAxis {
    let steps = overview.points.len() as u32;
    match overview.origin {
        Origins::Run(_) => TimeAxis::from_start(overview.from, overview.step, steps),
        _ => TimeAxis::until_now(overview.from, overview.step, steps),
    }
}

/// The length of a step: "second", "minute" or "5 minutes".
fn step_name(overview: &Overview) -> &'static str {
    match overview.step {
        1 => "second",
        60 => "minute",
        _ => "5 minutes",
    }
}

fn is_empty(overview: &Overview) -> impl Fn(usize) -> bool + '_ {
    |step| overview.points.get(step).is_none_or(|point| point.requests == 0)
}

/// Requests per second, beside what the simulator had planned.
pub fn rate_chart(overview: &Overview, axis: &TimeAxis, periods: &[ChartPeriod]) -> Chart {
    let achieved: Vec<f64> =
        overview.points.iter().map(|point| f64::from(point.requests) / f64::from(overview.step.max(1))).collect();
    // The plans do not apply to real requests.
    let planned = if overview.origin == Origins::Real { &[] } else { periods };
    let highest = overview.points.iter().map(|point| point.requests).max().unwrap_or(0);
    let sentence = if overview.totals.requests == 0 {
        "No requests in this period.".to_owned()
    } else {
        format!(
            "{} requests, {:.2} per second on average; at most {} in one {}.",
            count(overview.totals.requests),
            overview.totals.rate,
            count(highest),
            step_name(overview)
        )
    };
    let chart = past_rate("Rate", sentence, axis, &PastRates { achieved: &achieved, planned });
    chart.without_empty_steps(is_empty(overview), LEFT_OUT)
}

/// The latency in the server: a heatmap of the requests, and percentiles.
pub fn latency_chart(overview: &Overview, axis: &TimeAxis, _periods: &[ChartPeriod]) -> Chart {
    let columns: Vec<Column<'_>> =
        overview.points.iter().map(|point| Column { percentiles: point.percentiles, buckets: &point.heat }).collect();
    let totals = &overview.totals;
    let sentence = match totals.p50 {
        None => "No requests in this period.".to_owned(),
        p50 => format!(
            "Half of the responses took at most {}, 95 % at most {}, 99 % at most {}.",
            millis(p50),
            millis(totals.p95),
            millis(totals.p99)
        ),
    };
    heatmap("Server latency", sentence, axis, &BOUNDS, &columns).without_empty_steps(is_empty(overview), LEFT_OUT)
}

/// Responses by class of status.
pub fn responses_chart(overview: &Overview, axis: &TimeAxis, _periods: &[ChartPeriod]) -> Chart {
    let names = ["2xx and 3xx", "4xx", "5xx"].map(str::to_owned);
    let classes = |point: &Point| {
        let errors = point.client_errors + point.server_errors;
        vec![point.requests.saturating_sub(errors), point.client_errors, point.server_errors]
    };
    let columns: Vec<_> = overview.points.iter().map(classes).collect();
    let by_status = overview.statuses.iter().map(|status| format!("{} × {}", count(status.requests), status.status));
    let sentence = match overview.totals.requests {
        0 => "No requests in this period.".to_owned(),
        _ => format!(
            "{}. {} of them are errors.",
            by_status.collect::<Vec<_>>().join(", "),
            percent(overview.totals.error_rate)
        ),
    };
    stacked("Responses by status", sentence, axis, &names, &columns).without_empty_steps(is_empty(overview), LEFT_OUT)
}

/// The health of simulator and database on the same axis, which may explain a high latency.
pub fn health_chart(overview: &Overview, axis: &TimeAxis, _periods: &[ChartPeriod]) -> Chart {
    let values_of = |read: fn(&GaugePoint) -> Option<f64>| -> Vec<Option<f64>> {
        let mut values = vec![None; axis.steps as usize];
        for gauge in &overview.gauges {
            if let Some(value) = step_of(axis, gauge).and_then(|step| values.get_mut(step)) {
                *value = read(gauge);
            }
        }
        values
    };
    let worst = |read: fn(&GaugePoint) -> f64| overview.gauges.iter().map(read).fold(0.0, f64::max);
    let most = |read: fn(&GaugePoint) -> u32| overview.gauges.iter().map(read).max().unwrap_or(0);
    let series = [
        LineSeries {
            name: "database wait".into(),
            class: "run-a",
            values: values_of(|gauge| Some(gauge.database_wait)),
        },
        LineSeries {
            name: "scheduling delay".into(),
            class: "run-b",
            values: values_of(|gauge| gauge.scheduling_delay),
        },
    ];
    let dropped: u32 = overview.gauges.iter().map(|gauge| gauge.dropped).sum();
    let sentence = format!(
        "Longest wait for the database {}; most rows waiting to be written {}; rows dropped {}; most open live streams {}.",
        millis(Some(worst(|gauge| gauge.database_wait))),
        count(most(|gauge| gauge.writer_queue)),
        count(dropped),
        count(most(|gauge| gauge.open_streams)),
    );
    let has_reading: Vec<bool> = series[0].values.iter().map(Option::is_some).collect();
    let is_empty = |step: usize| !has_reading.get(step).copied().unwrap_or(false);
    let mut chart =
        lines("Simulator and database health", sentence, "Milliseconds", axis, &series, |ms| millis(Some(ms)));
    add_counts(&mut chart, overview, axis);
    chart.without_empty_steps(is_empty, "Steps without a reading are left out.")
}

/// The step of a reading, unless it is from before the axis.
fn step_of(axis: &TimeAxis, gauge: &GaugePoint) -> Option<usize> {
    let position = axis.position(gauge.at);
    (position >= 0.0).then_some(position as usize)
}

/// Adds the gauges that are counts to the table only: in the picture they would need an axis of their own.
fn add_counts(chart: &mut Chart, overview: &Overview, axis: &TimeAxis) {
    chart.more_columns.extend(["rows waiting", "rows dropped", "live streams"].map(str::to_owned));
    for gauge in overview.gauges.iter().filter(|_| axis.rows) {
        if let Some(point) = step_of(axis, gauge).and_then(|step| chart.points.get_mut(step)) {
            point.cells.extend([gauge.writer_queue, gauge.dropped, gauge.open_streams].map(count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::model::{StatusCount, Totals};

    fn overview() -> Overview {
        let busy = Point {
            at: 101_000,
            requests: 20,
            client_errors: 2,
            server_errors: 3,
            percentiles: [Some(1.0), Some(5.0), Some(9.0)],
            heat: vec![(7, 19), (12, 1)],
        };
        let totals = Totals {
            requests: 20,
            rate: 6.67,
            error_rate: Some(0.25),
            p50: Some(1.0),
            p95: Some(5.0),
            p99: Some(9.0),
            ..Totals::default()
        };
        let gauge = |at, database_wait, scheduling_delay| GaugePoint {
            at,
            writer_queue: 4,
            dropped: 0,
            open_streams: 1,
            database_wait,
            scheduling_delay,
        };
        Overview {
            from: 100_000,
            to: 103_400,
            step: 1,
            totals,
            statuses: vec![StatusCount { status: 200, requests: 15 }, StatusCount { status: 503, requests: 5 }],
            points: vec![Point { at: 100_000, ..Point::default() }, busy, Point { at: 102_000, ..Point::default() }],
            // The second one is of a step that is not over, so no chart shows it yet.
            gauges: vec![gauge(101_000, 0.5, Some(0.25)), gauge(103_000, 9.0, None)],
            ..Overview::default()
        }
    }

    fn rows(chart: &Chart) -> Vec<String> {
        chart.points.iter().map(|point| point.cells.join(" | ")).collect()
    }

    #[test]
    fn each_chart_has_the_rows_of_the_steps_with_data() {
        let overview = overview();
        let axis = axis(&overview);
        assert_eq!(rows(&rate_chart(&overview, &axis, &[])), ["00:01:41 UTC | 20"]);
        let latency = latency_chart(&overview, &axis, &[]);
        assert_eq!(rows(&latency), ["00:01:41 UTC | 1.00 ms | 5.00 ms | 9.00 ms | 20 | 1–1.5 ms: 19, 6.8–10 ms: 1"]);
        assert_eq!(rows(&responses_chart(&overview, &axis, &[])), ["00:01:41 UTC | 15 | 2 | 3"]);
        let health = health_chart(&overview, &axis, &[]);
        assert_eq!(rows(&health), ["00:01:41 UTC | 0.50 ms | 0.25 ms | 4 | 0 | 1"]);
        assert_eq!(health.heads().count(), 6);
    }

    #[test]
    fn sentences_summarize_the_pictures() {
        let overview = overview();
        let axis = axis(&overview);
        assert_eq!(
            rate_chart(&overview, &axis, &[]).sentence,
            "20 requests, 6.67 per second on average; at most 20 in one second."
        );
        assert_eq!(responses_chart(&overview, &axis, &[]).sentence, "15 × 200, 5 × 503. 25.0 % of them are errors.");
        let nothing = Overview { from: 0, step: 1, ..Overview::default() };
        for make in [rate_chart, latency_chart, responses_chart] {
            assert_eq!(make(&nothing, &super::axis(&nothing), &[]).sentence, "No requests in this period.");
        }
    }

    #[test]
    fn a_plan_is_shown_beside_simulated_requests_and_not_beside_real_ones() {
        let period = ChartPeriod { from: 100_000, to: 160_000, planned: vec![(0.0, 10.0), (60.0, 10.0)], cap: 20 };
        let columns = |origin| {
            let overview = Overview { origin, ..overview() };
            rate_chart(&overview, &axis(&overview), std::slice::from_ref(&period)).columns
        };
        assert_eq!(columns(Origins::All), ["time", "requests", "planned", "cap"]);
        assert_eq!(columns(Origins::Real), ["time", "requests"]);
    }
}
