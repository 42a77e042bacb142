//! The charts of two runs in one picture. Both have the axis of the longer run, from its start.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::run_figures::title;
use crate::traffic::engine::outcome::Fate;
use crate::traffic::engine::timeline::Timeline;
use crate::traffic::model::Run;
use crate::ui::chart::Chart;
use crate::ui::chart::axis::TimeAxis;
use crate::ui::chart::figure::ChartFigure;
use crate::ui::chart::group::ChartGroup;
use crate::ui::chart::lines::{LineSeries, lines};
use crate::ui::format::millis;

/// What the charts show of one run, by second of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparedRun {
    /// What the run is called.
    pub title: String,
    /// The duration in seconds.
    pub duration: u32,
    /// Requests that were sent.
    pub sent: Vec<u32>,
    /// Requests that failed, by the second in which they were sent.
    pub failed: Vec<u32>,
    /// Median of the service time of the ok requests, in milliseconds.
    pub p50: Vec<Option<f64>>,
}

impl ComparedRun {
    /// The part of a run that the charts show.
    pub fn new(run: &Run, timeline: &Timeline) -> Self {
        let fails = |name: &str| Fate::of_name(name).is_some_and(|fate| !fate.is_ok() && fate != Fate::Cancelled);
        let failing: Vec<bool> = timeline.fates.iter().map(|fate| fails(&fate.name)).collect();
        let failed = |counts: &[u32]| -> u32 {
            counts.iter().zip(&failing).filter(|(_, fails)| **fails).map(|(count, _)| count).sum()
        };
        Self {
            title: title(run.name.as_deref(), run.scenario),
            duration: run.duration,
            sent: timeline.seconds.iter().map(|second| second.sent).collect(),
            failed: timeline.seconds.iter().map(|second| failed(&second.fates)).collect(),
            p50: timeline.seconds.iter().map(|second| second.p50).collect(),
        }
    }
}

/// Both runs as lines; `values` are those of one run by second.
fn series(runs: &[ComparedRun; 2], values: fn(&ComparedRun) -> Vec<Option<f64>>) -> [LineSeries; 2] {
    let line = |letter: &str, class, run: &ComparedRun| LineSeries {
        name: format!("{letter}: {}", run.title),
        class,
        values: values(run),
    };
    [line("A", "run-a", &runs[0]), line("B", "run-b", &runs[1])]
}

fn axis(runs: &[ComparedRun; 2]) -> TimeAxis {
    TimeAxis::of_run(runs[0].duration.max(runs[1].duration))
}

fn counts(counts: &[u32]) -> Vec<Option<f64>> {
    counts.iter().map(|n| Some(f64::from(*n))).collect()
}

fn total(counts: &[u32]) -> u32 {
    counts.iter().sum()
}

fn rate_chart(runs: &[ComparedRun; 2]) -> Chart {
    let [a, b] = runs;
    let sentence = format!("A sent {} requests, B {}.", total(&a.sent), total(&b.sent));
    let both = series(runs, |run| counts(&run.sent));
    let chart = lines("Requests sent", sentence, "Requests per second", &axis(runs), &both, |n| format!("{n}"));
    Chart { unit: "requests per second", ..chart }
}

fn latency_chart(runs: &[ComparedRun; 2]) -> Chart {
    let sentence = "The median of the requests that were sent in each second and ended ok.".to_owned();
    let both = series(runs, |run| run.p50.clone());
    let chart = lines("p50 latency", sentence, "Milliseconds", &axis(runs), &both, |ms| millis(Some(ms)));
    Chart { unit: "milliseconds", ..chart }
}

/// `None` if no request of either run has failed.
fn failure_chart(runs: &[ComparedRun; 2]) -> Option<Chart> {
    let [a, b] = runs;
    let (in_a, in_b) = (total(&a.failed), total(&b.failed));
    let sentence = format!("{in_a} requests of A failed, and {in_b} of B.");
    let both = series(runs, |run| counts(&run.failed));
    let chart = lines("Failed requests", sentence, "Requests per second", &axis(runs), &both, |n| format!("{n}"));
    (in_a + in_b > 0).then_some(Chart { unit: "requests per second", ..chart })
}

/// The charts of two runs. They share one crosshair and one zoom.
#[component]
pub fn ComparisonCharts(
    /// The first and the second run.
    runs: [ComparedRun; 2],
) -> impl IntoView {
    ChartGroup::provide();
    let figure = |id: &'static str, chart: Chart| {
        view! {
            <section class="card">
                <ChartFigure id chart=Signal::stored(chart) />
            </section>
        }
    };
    let failures = failure_chart(&runs).map(|chart| figure("compared-failures", chart));
    view! {
        <div class="compared-charts">
            {figure("compared-rate", rate_chart(&runs))} {figure("compared-latency", latency_chart(&runs))} {failures}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::engine::second::Ended;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    #[test]
    fn failures_of_each_second_are_counted_and_drawn_only_if_there_are_any() {
        let ended = |second, fate| Ended { second, service: 2000, fate };
        let requests = [
            ended(0, Fate::Answered(200)),
            ended(0, Fate::Answered(500)),
            ended(0, Fate::Cancelled),
            ended(1, Fate::Timeout),
        ];
        let run = fixture::run(Status::Completed, true);
        let compared = ComparedRun::new(&run, &Timeline::of(&[3, 2], &requests, 2));
        assert_eq!(compared.sent, [3, 2]);
        assert_eq!(
            (compared.failed.as_slice(), compared.p50.as_slice()),
            ([1, 1].as_slice(), [Some(2.0), None].as_slice())
        );
        let chart = failure_chart(&[compared.clone(), ComparedRun::default()]).expect("failures");
        assert_eq!(
            (chart.sentence.as_str(), chart.keys[0].name.as_str()),
            ("2 requests of A failed, and 0 of B.", "A: Peak Usage")
        );
        assert_eq!(failure_chart(&[ComparedRun { failed: vec![0], ..compared }, ComparedRun::default()]), None);
    }
}
