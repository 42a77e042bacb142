//! The charts of a run that need more than its snapshots: latency over time, its distribution, and
//! the answers by status code.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::de::DeserializeOwned;

use super::engine::sides::Sides;
use super::engine::stats::Stats;
use super::engine::timeline::Timeline;
use super::live::LiveRun;
use super::server_fns::{get_sides, get_timeline};
use crate::buckets::BOUNDS;
use crate::error::AppError;
use crate::packed::Packed;
use crate::ui::chart::axis::TimeAxis;
use crate::ui::chart::latency::{Column, distribution, heatmap};
use crate::ui::chart::stacked::stacked;
use crate::ui::chart::{Chart, ChartFrame};
use crate::ui::format::{count, millis, percent};
use crate::ui::notice::Failed;
use crate::ui::poll::poll;

const REFRESH: Duration = Duration::from_secs(2);
/// Both sides are asked for at every so manieth refresh: all requests have to be looked at.
const SIDES_EVERY: u32 = 5;

/// What the charts show, as far as it could be loaded.
#[derive(Clone, Copy)]
pub struct Details {
    /// The run second by second.
    pub timeline: RwSignal<Result<Timeline, AppError>>,
    /// Its two sides.
    pub sides: RwSignal<Result<Sides, AppError>>,
}

impl Details {
    /// Keeps both fresh while the run goes on, and takes them once more when it is closed.
    pub fn follow(self, run: LiveRun) {
        let round = StoredValue::new(0_u32);
        let complete = StoredValue::new(run.job.with_untracked(|job| job.closed));
        poll(REFRESH, move || {
            let closed = run.job.with_untracked(|job| job.closed);
            round.update_value(|round| *round += 1);
            let with_sides = closed || round.get_value().is_multiple_of(SIDES_EVERY);
            Box::pin(async move {
                if complete.try_get_value() == Some(false) {
                    let loaded = self.load(run, with_sides).await;
                    // The page may have been left meanwhile.
                    let _left = complete.try_set_value(closed && loaded);
                }
            })
        });
    }

    /// Asks the server. What is there stays when it does not answer. Says whether all of it came.
    pub async fn load(self, run: LiveRun, with_sides: bool) -> bool {
        let Some(id) = run.job.try_with_untracked(|job| job.job_id) else { return false };
        let mut all = keep(self.timeline, unpacked(get_timeline(id).await));
        if with_sides {
            all &= keep(self.sides, unpacked(get_sides(id).await));
        }
        all
    }
}

/// The value of an answer.
pub(super) fn unpacked<T: DeserializeOwned>(answer: Result<Packed, AppError>) -> Result<T, AppError> {
    answer.and_then(|packed| packed.unpack())
}

fn keep<T: Send + Sync + 'static>(signal: RwSignal<Result<T, AppError>>, answer: Result<T, AppError>) -> bool {
    let good = answer.is_ok();
    if good || signal.try_with_untracked(Result::is_err).unwrap_or(false) {
        // The page may have been left meanwhile.
        let _left = signal.try_set(answer);
    }
    good
}

/// Latency over time, its distribution, and the answers: or why they are not there.
#[component]
pub fn RunCharts(
    /// The run, followed.
    run: LiveRun,
    /// What is known beyond its snapshots.
    details: Details,
) -> impl IntoView {
    let error = Memo::new(move |_| details.timeline.read().as_ref().err().map(ToString::to_string));
    let retry = Callback::new(move |()| spawn_local(async move { _ = details.load(run, true).await }));
    move || match error.get() {
        Some(why) => {
            view! { <section class="card"><Failed what="The charts could not be loaded." why retry /></section> }
                .into_any()
        }
        None => view! { <Charts run timeline=details.timeline /> }.into_any(),
    }
}

#[component]
fn Charts(run: LiveRun, timeline: RwSignal<Result<Timeline, AppError>>) -> impl IntoView {
    let duration = run.job.with_untracked(|job| job.duration);
    let of = move |make: fn(&Timeline, &Stats, u32) -> Chart| {
        Memo::new(move |_| {
            let timeline = timeline.read();
            timeline.as_ref().map(|timeline| make(timeline, &run.job.read().stats, duration)).unwrap_or_default()
        })
    };
    view! {
        <section class="card wide" aria-label="Latency over time"><ChartFrame id="latency" chart=of(latency_chart) /></section>
        <section class="card" aria-label="Distribution of the latency"><ChartFrame id="distribution" chart=of(distribution_chart) /></section>
        <section class="card" aria-label="Answers over time"><ChartFrame id="answers" chart=of(answers_chart) /></section>
    }
}

/// Latency over time, by second: how many requests took how long, and percentiles.
pub fn latency_chart(timeline: &Timeline, stats: &Stats, duration: u32) -> Chart {
    let second = |second: &'_ super::engine::timeline::Second| (second.percentiles, second.heat.clone());
    let seconds: Vec<_> = timeline.seconds.iter().map(second).collect();
    let columns: Vec<Column<'_>> =
        seconds.iter().map(|(percentiles, buckets)| Column { percentiles: *percentiles, buckets }).collect();
    let worst = timeline.seconds.iter().enumerate().filter_map(|(at, second)| Some((second.percentiles[2]?, at)));
    let worst = worst.max_by(|a, b| a.0.total_cmp(&b.0));
    let sentence = match (worst, stats.service.ok.p50) {
        (Some((p99, at)), Some(p50)) => format!(
            "Half of the successful requests took at most {}; the slowest second was {}, with a p99 of {}.",
            millis(Some(p50)),
            crate::ui::format::clock(at as u32),
            millis(Some(p99)),
        ),
        _ => "No successful answer yet.".to_owned(),
    };
    heatmap("Latency over time", sentence, &TimeAxis::of_run(duration), &BOUNDS, &columns)
}

/// How the latencies of the whole run are distributed.
pub fn distribution_chart(timeline: &Timeline, stats: &Stats, _duration: u32) -> Chart {
    let ok = &stats.service.ok;
    let sentence = match ok.p99 {
        None => "No successful answer yet.".to_owned(),
        p99 => format!(
            "Of {} successful requests half took at most {}, 99 of 100 at most {}, the slowest {}.",
            count(ok.count),
            millis(ok.p50),
            millis(p99),
            millis(ok.max),
        ),
    };
    distribution("How long requests took", sentence, &BOUNDS, &timeline.heat, [ok.p50, ok.p95, ok.p99])
}

/// The answers of each second, by status code.
pub fn answers_chart(timeline: &Timeline, stats: &Stats, duration: u32) -> Chart {
    let names: Vec<String> = timeline.fates.iter().map(|fate| fate.name.clone()).collect();
    let columns: Vec<Vec<u32>> = timeline.seconds.iter().map(|second| second.fates.clone()).collect();
    let (failed, total) = (stats.failed_requests, stats.total_requests);
    let sentence = match (total, failed) {
        (0, _) => "No answer yet.".to_owned(),
        (total, 0) => format!("All {} requests were answered with 2xx.", count(total)),
        (total, failed) => format!(
            "{} of {} requests failed, {}.",
            count(failed),
            count(total),
            percent(Some(f64::from(failed) / f64::from(total)))
        ),
    };
    stacked("Answers by status code", sentence, &TimeAxis::of_run(duration), &names, &columns)
}
