//! The figures of a run as tiles: what its client has seen so far, and what came of it in the end.

use leptos::prelude::*;

use crate::traffic::engine::dashboard_check::expected_errors;
use crate::traffic::engine::mix::Call;
use crate::traffic::model::Run;
use crate::ui::format::{count, duration, millis, percent};
use crate::ui::stat::Stat;
use crate::ui::tone::Tone;

/// The fewest successful requests of which p99 says more than the slowest one does.
pub const LEAST_FOR_P99: u32 = 100;

/// What one tile says.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tile {
    value: String,
    note: String,
    tone: Tone,
}

type TileOf = fn(&Run) -> Tile;

/// The tiles with their names.
const TILES: [(&str, TileOf); 6] = [
    ("Sent", sent),
    ("Rate", rate),
    ("Failed", failed),
    ("p50", |run| latency(run.stats.service.ok.p50)),
    ("p95", |run| latency(run.stats.service.ok.p95)),
    ("p99", p99),
];

/// The figures of a run. All are of one moment, and of the run as a whole.
#[component]
pub fn RunTiles(
    /// The run.
    run: Signal<Run>,
) -> impl IntoView {
    let tile = move |(label, of): (&'static str, TileOf)| {
        let tile = Memo::new(move |_| run.with(of));
        view! {
            <Stat
                label
                value=Signal::derive(move || tile.read().value.clone())
                tone=Signal::derive(move || tile.read().tone)
                note=Signal::derive(move || tile.read().note.clone())
            />
        }
    };
    view! { <dl class="stats run-tiles">{TILES.map(tile).collect_view()}</dl> }.into_any()
}

/// How many requests were sent of those that are planned, and why not all of them.
fn sent(run: &Run) -> Tile {
    let stats = &run.stats;
    let mut note = format!("of {} planned", count(stats.planned));
    for (number, what) in [(stats.missed, "missed"), (stats.not_reached, "not sent")] {
        if number > 0 {
            note += &format!(", {} {what}", count(number));
        }
    }
    Tile { value: count(stats.sent), note, tone: Tone::Plain }
}

/// The rate in the last full second; after the end, the average over the run.
fn rate(run: &Run) -> Tile {
    let seconds = run.stats.elapsed / 1000;
    let (value, note) = if run.status.is_final() {
        let average =
            (run.stats.elapsed > 0).then(|| f64::from(run.stats.sent) * 1000.0 / f64::from(run.stats.elapsed));
        let value = average.map_or("–".to_owned(), |average| format!("{average:.1} /s"));
        (value, format!("average over {}", duration(seconds)))
    } else if seconds == 0 {
        ("–".to_owned(), "in the first second".to_owned())
    } else {
        let planned = run.settings().shape(run.cap).rate_at(f64::from(seconds) - 0.5);
        (format!("{} /s", run.stats.current_rps), format!("second {seconds}, planned {planned:.1}"))
    };
    Tile { value, note, tone: Tone::Plain }
}

/// How many requests failed, and whether that was to be expected.
fn failed(run: &Run) -> Tile {
    let stats = &run.stats;
    let total = stats.total_requests;
    if total == 0 {
        return Tile { value: count(0), note: "no response yet".to_owned(), tone: Tone::Plain };
    }
    let share = f64::from(stats.failed_requests) / f64::from(total);
    let percent = percent(Some(share));
    let expected = expected_errors(stats, total);
    let note = match &expected {
        None => format!("{percent} of {} requests", count(total)),
        Some(expected) => {
            format!("{percent}, planned {:.1} ± {:.1} %", expected.share * 100.0, expected.four_sigma * 100.0)
        }
    };
    let elsewhere = stats.calls.iter().any(|call| call.call != Call::Error && call.failed > 0);
    let as_planned =
        expected.is_some_and(|expected| !elsewhere && (share - expected.share).abs() <= expected.four_sigma);
    let tone = match (stats.failed_requests, as_planned) {
        (0, _) => Tone::Plain,
        (_, true) => Tone::Warn,
        (_, false) => Tone::Bad,
    };
    Tile { value: count(stats.failed_requests), note, tone }
}

fn latency(percentile: Option<f64>) -> Tile {
    Tile { value: millis(percentile), note: "client, successful".to_owned(), tone: Tone::Plain }
}

fn p99(run: &Run) -> Tile {
    let ok = &run.stats.service.ok;
    if ok.count >= LEAST_FOR_P99 {
        return latency(ok.p99);
    }
    Tile { note: format!("from {LEAST_FOR_P99} requests on"), ..latency(None) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::engine::latency::Latency;
    use crate::traffic::engine::scenario::{Delay, Scenario};
    use crate::traffic::engine::stats::{CallStats, Stats};
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    fn of(tile: TileOf, run: &Run) -> (String, String, Tone) {
        let Tile { value, note, tone } = tile(run);
        (value, note, tone)
    }

    fn says(value: &str, note: &str, tone: Tone) -> (String, String, Tone) {
        (value.to_owned(), note.to_owned(), tone)
    }

    #[test]
    fn what_was_sent_is_told_with_what_was_not() {
        let mut run = fixture::run(Status::Running, false);
        run.stats = Stats { planned: 1894, sent: 1238, ..run.stats };
        assert_eq!(of(sent, &run), says("1\u{202f}238", "of 1\u{202f}894 planned", Tone::Plain));
        run.stats = Stats { missed: 2, not_reached: 654, ..run.stats };
        assert_eq!(of(sent, &run).1, "of 1\u{202f}894 planned, 2 missed, 654 not sent");
    }

    #[test]
    fn the_rate_is_of_the_last_second_and_in_the_end_of_the_run() {
        let mut run = fixture::run(Status::Running, false);
        run.stats.current_rps = 20;
        assert_eq!(of(rate, &run), says("20 /s", "second 12, planned 19.8", Tone::Plain));
        run.stats.elapsed = 2_100;
        assert_eq!(of(rate, &run).1, "second 2, planned 4.0", "Peak Usage rises by 8/3 in each second");
        run.stats.elapsed = 900;
        assert_eq!(of(rate, &run), says("–", "in the first second", Tone::Plain));
        run.scenario = Scenario::LatencyDegradation;
        run.delay = Delay::Client;
        run.stats.elapsed = 12_300;
        assert_eq!(of(rate, &run).1, "second 12, planned 2.9");
        let mut ended = fixture::run(Status::Cancelled, true);
        ended.stats = Stats { sent: 241, current_rps: 0, ..ended.stats };
        assert_eq!(of(rate, &ended), says("19.6 /s", "average over 12 s", Tone::Plain));
        ended.stats.elapsed = 0;
        assert_eq!(of(rate, &ended).0, "–");
    }

    #[test]
    fn failures_are_bad_news_unless_the_plan_asked_for_them() {
        let mut run = fixture::run(Status::Running, false);
        assert_eq!(of(failed, &run), says("2", "0.2 % of 1\u{202f}234 requests", Tone::Bad));
        let calls = |call, ok, failed| CallStats { call, ok, failed, service: Latency::default() };
        let injected = |list_failed, error_failed| {
            let calls = vec![
                calls(Call::List, 420 - list_failed, list_failed),
                calls(Call::Error, 180 - error_failed, error_failed),
            ];
            Stats { total_requests: 600, failed_requests: list_failed + error_failed, calls, ..Stats::default() }
        };
        // 180 calls of 600 that fail half of the time: 90 ± 4·√45.
        let rows = [
            (injected(0, 81), "13.5 %, planned 15.0 ± 4.5 %", Tone::Warn, "within what chance makes likely"),
            (injected(0, 150), "25.0 %, planned 15.0 ± 4.5 %", Tone::Bad, "far more"),
            (injected(0, 40), "6.7 %, planned 15.0 ± 4.5 %", Tone::Bad, "far less"),
            (injected(1, 81), "13.7 %, planned 15.0 ± 4.5 %", Tone::Bad, "one that nobody asked for"),
        ];
        for (stats, note, tone, why) in rows {
            run.stats = stats;
            assert_eq!((of(failed, &run).1.as_str(), of(failed, &run).2), (note, tone), "{why}");
        }
        run.stats = Stats::default();
        assert_eq!(of(failed, &run), says("0", "no response yet", Tone::Plain));
        run.stats = Stats { total_requests: 5, ..Stats::default() };
        assert_eq!(of(failed, &run), says("0", "0.0 % of 5 requests", Tone::Plain));
    }

    #[test]
    fn p99_needs_a_hundred_requests() {
        let mut run = fixture::run(Status::Running, false);
        run.stats.service.ok = Latency { count: 99, p50: Some(0.61), p99: Some(41.0), ..Latency::default() };
        assert_eq!(of(p99, &run), says("–", "from 100 requests on", Tone::Plain));
        assert_eq!(of(TILES[3].1, &run), says("0.61 ms", "client, successful", Tone::Plain));
        run.stats.service.ok.count = 100;
        assert_eq!(of(p99, &run), says("41.0 ms", "client, successful", Tone::Plain));
    }

    #[test]
    fn each_tile_says_what_it_is_of() {
        let html = fixture::html(|| view! { <RunTiles run=Signal::stored(fixture::run(Status::Running, false)) /> });
        for part in ["<dl class=\"stats run-tiles\">", ">Failed", "data-tone=\"bad\"", "client, successful", ">p99"] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert_eq!(html.matches("<dt>").count(), 6);
    }
}
