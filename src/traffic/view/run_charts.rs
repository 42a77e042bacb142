//! The charts of a run, as its client saw it. The time axis is the run, from 0:00 to its planned end; what has not
//! happened yet is empty.

use leptos::context::Provider;
use leptos::prelude::*;

use super::run_tiles::LEAST_FOR_P99;
use super::settings_text::planned_rate;
use crate::error::{AppError, Loaded};
use crate::latency_buckets::BOUNDS;
use crate::traffic::engine::latency::Latency;
use crate::traffic::engine::second::Second;
use crate::traffic::engine::timeline::{CLASSES, Timeline};
use crate::traffic::model::{Run, Settings};
use crate::ui::chart::Chart;
use crate::ui::chart::axis::TimeAxis;
use crate::ui::chart::figure::ChartFigure;
use crate::ui::chart::group::ChartGroup;
use crate::ui::chart::latency::{Column, distribution, heatmap};
use crate::ui::chart::rate::{Rates, rate};
use crate::ui::chart::stacked::{StackSeries, stacked};
use crate::ui::format::{clock, count, millis, percent};
use crate::ui::notice::Failed;

/// The looks of the classes of responses, in the order of [`CLASSES`].
const CLASS_LOOKS: [&str; CLASSES.len()] = ["status-2xx", "status-3xx", "status-4xx", "status-5xx", "status-none"];

/// Rate, latency over time, responses, and the distribution of the latencies. The frames stand from the start, so that
/// nothing moves when the data come.
#[component]
pub fn RunCharts(
    /// The run.
    run: Signal<Run>,
    /// The run by second.
    timeline: Signal<Loaded<Timeline>>,
) -> impl IntoView {
    let error =
        Memo::new(move |_| timeline.with(|loaded| loaded.as_ref().and_then(|loaded| loaded.as_ref().err().cloned())));
    let content = move || match error.get() {
        Some(error) => view! { <FailedCharts error /> }.into_any(),
        None => view! { <Charts run timeline /> }.into_any(),
    };
    view! { <div class="run-charts">{content}</div> }.into_any()
}

#[component]
fn FailedCharts(error: AppError) -> impl IntoView {
    view! {
        <div class="card wide charts-failed">
            <Failed what="The charts could not be loaded." error />
        </div>
    }
}

#[component]
fn Charts(run: Signal<Run>, timeline: Signal<Loaded<Timeline>>) -> impl IntoView {
    // What stays the same while the run goes on, so that a snapshot of the run does not draw the charts again.
    let plan = Memo::new(move |_| run.with(|run| (run.settings(), run.cap)));
    let ok = Memo::new(move |_| run.with(|run| run.stats.service.ok.clone()));
    let seconds = Memo::new(move |_| run.with(|run| run.duration));
    let of = move |chart: fn(u32, &Timeline) -> Chart| drawn(timeline, move |timeline| chart(seconds.get(), timeline));
    let rate = drawn(timeline, move |timeline| plan.with(|(settings, cap)| rate_chart(settings, *cap, timeline)));
    let distribution = drawn(timeline, move |timeline| distribution_chart(&ok.read(), timeline));
    view! {
        <Provider value=ChartGroup::default()>
            <div class="card wide">
                <ChartFigure id="rate" chart=rate />
            </div>
            <div class="card wide">
                <ChartFigure id="latency" chart=of(latency_chart) />
            </div>
            <div class="card">
                <ChartFigure id="responses" chart=of(responses_chart) />
            </div>
        </Provider>
        <Provider value=ChartGroup::default()>
            <div class="card">
                <ChartFigure id="distribution" chart=distribution />
            </div>
        </Provider>
    }
}

/// A chart of the timeline; an empty one that says so while the timeline is loading.
fn drawn(
    timeline: Signal<Loaded<Timeline>>,
    chart: impl Fn(&Timeline) -> Chart + Send + Sync + 'static,
) -> Signal<Chart> {
    Signal::derive(move || {
        timeline.with(|loaded| match loaded {
            Some(Ok(timeline)) => chart(timeline),
            _ => Chart { sentence: "Loading.".to_owned(), ..chart(&Timeline::default()) },
        })
    })
}

/// Planned, sent and failed requests in each second, and the cap.
pub fn rate_chart(settings: &Settings, cap: u32, timeline: &Timeline) -> Chart {
    let shape = settings.shape(cap);
    let sent = timeline.sent();
    let failed = timeline.failed();
    let planned = planned_rate(&shape);
    let sentence = match sent.iter().max() {
        None => format!("Planned: {planned}. The first second is not over yet."),
        Some(highest) => format!("Planned: {planned}. Sent: at most {highest} in one second."),
    };
    let corners = shape.corners();
    let rates =
        Rates { seconds: settings.duration, planned: &corners, achieved: Some(&sent), failed: Some(&failed), cap };
    rate("Rate, client", sentence, &rates)
}

/// Latency by second: a heatmap of the successful requests, and lines.
pub fn latency_chart(duration: u32, timeline: &Timeline) -> Chart {
    let columns: Vec<Column<'_>> = timeline.seconds.iter().map(column).collect();
    let slowest = timeline.seconds.iter().enumerate().filter_map(|(at, second)| Some((second.max?, at)));
    let sentence = match slowest.max_by(|a, b| a.0.total_cmp(&b.0)) {
        None => "No successful response yet.".to_owned(),
        Some((max, at)) => {
            let slowest = format!("The slowest took {}, sent at {}.", millis(Some(max)), clock(at as u32));
            let with_p95 = columns.iter().any(|column| column.p95.is_some());
            if with_p95 { slowest + " p95 only in seconds with 20 or more." } else { slowest }
        }
    };
    heatmap("Latency, client, successful", sentence, &TimeAxis::of_run(duration), &BOUNDS, &columns)
}

fn column(second: &Second) -> Column<'_> {
    Column { p50: second.p50, p95: second.p95, max: second.max, buckets: &second.heat }
}

/// The responses in each second, by class of status.
pub fn responses_chart(duration: u32, timeline: &Timeline) -> Chart {
    let series = CLASSES.into_iter().zip(CLASS_LOOKS).map(|(name, class)| StackSeries { name: name.to_owned(), class });
    let series: Vec<StackSeries> = series.collect();
    let columns: Vec<Vec<u32>> = timeline.by_class().iter().map(|counts| counts.to_vec()).collect();
    let total: u32 = columns.iter().flatten().sum();
    let failed: u32 = timeline.failed().iter().sum();
    let sentence = match (total, failed) {
        (0, _) => "No response yet.".to_owned(),
        (total, 0) => format!("All {} responses are 2xx.", count(total)),
        (total, failed) => {
            let share = percent(Some(f64::from(failed) / f64::from(total)));
            format!("{} of {} requests failed: {share}.", count(failed), count(total))
        }
    };
    let chart = stacked("Responses, client", sentence, &TimeAxis::of_run(duration), &series, &columns);
    Chart { unit: "per second, by class of status", ..chart }
}

/// The distribution of the latencies of the whole run, of which `ok` is the summary.
pub fn distribution_chart(ok: &Latency, timeline: &Timeline) -> Chart {
    let p99 = ok.p99.filter(|_| ok.count >= LEAST_FOR_P99);
    let named = [("p50", ok.p50), ("p95", ok.p95), ("p99", p99), ("slowest", ok.max)];
    let texts = named.into_iter().filter_map(|(name, ms)| Some(format!("{name} {}", millis(Some(ms?)))));
    let sentence = match texts.collect::<Vec<_>>().join(" · ") {
        nothing if nothing.is_empty() => "No successful response yet.".to_owned(),
        texts => texts,
    };
    distribution("Latency distribution, client, successful", sentence, &BOUNDS, &timeline.heat, [ok.p50, ok.p95, p99])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::engine::outcome::FateCount;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    /// Two seconds: 20 and 4 requests, of which 0 and 3 failed.
    fn timeline() -> Timeline {
        let fates = [("200", 21), ("503", 2), ("timeout", 1)];
        let fates = fates.map(|(name, count)| FateCount { name: name.to_owned(), count }).to_vec();
        let heat = vec![(5, 18), (9, 2)];
        let busy = Second { sent: 20, fates: vec![20, 0, 0], p50: Some(0.5), p95: Some(2.0), max: Some(3.0), heat };
        let (slow, heat) = (Some(80.0), vec![(18, 1)]);
        let failing = Second { sent: 4, fates: vec![1, 2, 1], p50: slow, p95: None, max: slow, heat };
        Timeline { fates, seconds: vec![busy, failing], heat: vec![(5, 18), (9, 2), (18, 1)] }
    }

    fn rows(chart: &Chart) -> Vec<String> {
        chart.points.iter().map(|point| point.cells.join(" ")).collect()
    }

    #[test]
    fn the_rate_has_plan_sent_and_failed_of_each_second() {
        let run = fixture::run(Status::Running, false);
        let chart = rate_chart(&run.settings(), 20, &timeline());
        assert!(rows(&chart).contains(&"0:01 2.7 4 3 20".to_owned()), "{:?}", rows(&chart));
        assert_eq!(chart.sentence, "Planned: at most 19.8 per second. Sent: at most 20 in one second.");
        let empty = rate_chart(&run.settings(), 20, &Timeline::default());
        assert_eq!(empty.sentence, "Planned: at most 19.8 per second. The first second is not over yet.");
    }

    #[test]
    fn a_second_without_p95_has_a_gap_in_its_line() {
        let chart = latency_chart(30, &timeline());
        let lines: Vec<_> = chart.points.iter().map(|point| point.cells[1..4].to_vec()).collect();
        assert_eq!(lines, [["0.50 ms", "2.00 ms", "3.00 ms"], ["80.0 ms", "", "80.0 ms"]]);
        assert_eq!(chart.sentence, "The slowest took 80.0 ms, sent at 0:01. p95 only in seconds with 20 or more.");
        assert_eq!(latency_chart(30, &Timeline::default()).sentence, "No successful response yet.");
    }

    #[test]
    fn a_class_without_responses_draws_nothing() {
        let chart = responses_chart(30, &timeline());
        assert_eq!(rows(&chart), ["0:00 20 0 0 0 0", "0:01 1 0 0 2 1"]);
        assert_eq!(chart.sentence, "3 of 24 requests failed: 12.5 %.");
        let drawn: Vec<_> = chart.marks.iter().filter(|mark| !mark.path.is_empty()).map(|mark| mark.class).collect();
        assert_eq!(drawn, ["status-2xx", "status-5xx", "status-none"]);
        let mut fine = timeline();
        fine.seconds.truncate(1);
        assert_eq!(responses_chart(30, &fine).sentence, "All 20 responses are 2xx.");
    }

    #[test]
    fn a_distribution_names_p99_from_a_hundred_requests_on() {
        let mut ok =
            Latency { count: 99, p50: Some(0.29), p95: Some(0.69), p99: Some(12.6), max: Some(81.0), mean: None };
        assert_eq!(distribution_chart(&ok, &timeline()).sentence, "p50 0.29 ms · p95 0.69 ms · slowest 81.0 ms");
        ok.count = 100;
        let sentence = "p50 0.29 ms · p95 0.69 ms · p99 12.6 ms · slowest 81.0 ms";
        assert_eq!(distribution_chart(&ok, &timeline()).sentence, sentence);
        assert_eq!(
            distribution_chart(&Latency::default(), &Timeline::default()).sentence,
            "No successful response yet."
        );
    }

    fn html(loaded: Loaded<Timeline>) -> String {
        let run = fixture::run(Status::Running, false);
        fixture::html(|| view! { <RunCharts run=Signal::stored(run) timeline=Signal::stored(loaded) /> })
    }

    #[test]
    fn the_frames_are_there_before_the_data() {
        let loading = html(None);
        assert_eq!((loading.matches("<figure").count(), loading.matches("Loading.").count()), (4, 8), "{loading}");
        let loaded = html(Some(Ok(timeline())));
        assert_eq!((loaded.matches("<figure").count(), loaded.matches("Loading.").count()), (4, 0), "{loaded}");
        assert!(!loaded.contains("style="), "{loaded}");
    }

    #[test]
    fn a_failed_load_is_said_in_place_of_the_charts() {
        let failed = html(Some(Err(AppError::Unavailable)));
        assert!(failed.contains("The charts could not be loaded.") && failed.contains("Retry"), "{failed}");
        assert!(!failed.contains("<figure"), "{failed}");
    }
}
