//! The charts of a run that need more than its snapshots: latency over time, its distribution, and the responses by status
//! code.

use crate::latency_buckets::BOUNDS;
use crate::traffic::engine::stats::Stats;
use crate::traffic::engine::timeline::Timeline;
use crate::traffic::model::Run;
use crate::ui::chart::axis::TimeAxis;
use crate::ui::chart::latency::{Column, distribution, heatmap};
use crate::ui::chart::stacked::stacked;
use crate::ui::chart::{Chart, Rows};
use crate::ui::format::{clock, count, millis, percent};
use crate::ui::notice::failed_html;

/// The three charts, or an error message.
pub(crate) fn charts_html(run: &Run, timeline: Result<&Timeline, &str>, rows: &Rows) -> String {
    let timeline = match timeline {
        Ok(timeline) => timeline,
        Err(why) => {
            let failed = failed_html("The charts could not be loaded.", why);
            return format!("<section class=\"card\">{failed}</section>");
        }
    };
    let render = |(class, label, id, make): (&str, &str, &str, fn(&Timeline, &Stats, u32) -> Chart)| {
        let chart = make(timeline, &run.stats, run.duration).html(id, rows);
        format!("<section class=\"{class}\" aria-label=\"{label}\">{chart}</section>")
    };
    [
        ("card wide", "Latency over time", "latency", latency_chart as _),
        ("card", "Latency distribution", "distribution", distribution_chart as _),
        ("card", "Responses over time", "answers", responses_chart as _),
    ]
    .map(render)
    .concat()
}

/// Latency by second: a heatmap of the requests, and percentiles.
pub fn latency_chart(timeline: &Timeline, stats: &Stats, duration: u32) -> Chart {
    let seconds = timeline.seconds.iter();
    let columns: Vec<Column<'_>> =
        seconds.map(|second| Column { percentiles: second.percentiles, buckets: &second.heat }).collect();
    let worst = timeline.seconds.iter().enumerate().filter_map(|(at, second)| Some((second.percentiles[2]?, at)));
    let worst = worst.max_by(|a, b| a.0.total_cmp(&b.0));
    let sentence = match (worst, stats.service.ok.p50) {
        (Some((p99, at)), Some(p50)) => format!(
            "Half of the successful requests took at most {}; the slowest second was {}, with a p99 of {}.",
            millis(Some(p50)),
            clock(at as u32),
            millis(Some(p99)),
        ),
        _ => "No successful response yet.".to_owned(),
    };
    heatmap("Latency over time", sentence, &TimeAxis::of_run(duration), &BOUNDS, &columns)
}

/// The distribution of the latencies of the whole run.
pub fn distribution_chart(timeline: &Timeline, stats: &Stats, _duration: u32) -> Chart {
    let ok = &stats.service.ok;
    let sentence = match ok.p99 {
        None => "No successful response yet.".to_owned(),
        p99 => format!(
            "Of {} successful requests, half took at most {} and 99 % at most {}; the slowest took {}.",
            count(ok.count),
            millis(ok.p50),
            millis(p99),
            millis(ok.max),
        ),
    };
    distribution("Latency distribution", sentence, &BOUNDS, &timeline.heat, [ok.p50, ok.p95, ok.p99])
}

/// The responses of each second, by status code.
pub fn responses_chart(timeline: &Timeline, stats: &Stats, duration: u32) -> Chart {
    let names: Vec<String> = timeline.fates.iter().map(|fate| fate.name.clone()).collect();
    let columns: Vec<Vec<u32>> = timeline.seconds.iter().map(|second| second.fates.clone()).collect();
    let sentence = match (stats.total_requests, stats.failed_requests) {
        (0, _) => "No response yet.".to_owned(),
        (total, 0) => format!("All {} requests got a 2xx response.", count(total)),
        (total, failed) => format!(
            "{} of {} requests failed, {}.",
            count(failed),
            count(total),
            percent(Some(f64::from(failed) / f64::from(total)))
        ),
    };
    stacked("Responses by status code", sentence, &TimeAxis::of_run(duration), &names, &columns)
}
