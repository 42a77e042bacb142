//! The key figures of a period, as the server measured it.

use leptos::prelude::*;

use crate::error::AppError;
use crate::metrics::engine::trend::{Change, ChangeKind};
use crate::metrics::model::{Overview, SparkPoint};
use crate::ui::chart::spark::Sparkline;
use crate::ui::format::{count, millis, percent};
use crate::ui::notice::Failed;
use crate::ui::stat::Stat;
use crate::ui::tone::Tone;

/// The names of the tiles.
const TILES: [&str; 4] = ["Requests", "Current rate", "Error rate", "p95 latency"];

/// What one tile shows.
#[derive(Clone, Debug, Default, PartialEq)]
struct PeriodTile {
    value: String,
    tone: Tone,
    note: String,
    /// The change from the period before; `None` without one that can be compared.
    trend: Option<Change>,
    spark: Vec<f64>,
}

/// The four key figures of a period. Each says what it is of, and how it compares.
#[component]
pub fn PeriodTiles(
    /// What the server measured.
    #[prop(into)]
    overview: Signal<Result<Overview, AppError>>,
) -> impl IntoView {
    let failed = Memo::new(move |_| overview.with(|overview| overview.as_ref().err().cloned()));
    let tiles = Memo::new(move |_| overview.with(|overview| overview.as_ref().map(tiles).unwrap_or_default()));
    let baseline =
        Memo::new(move |_| overview.with(|overview| overview.as_ref().map_or("", |overview| overview.range.title())));
    let tile = move |index: usize| {
        let tile = Memo::new(move |_| tiles.read()[index].clone());
        view! { <Tile label=TILES[index] tile baseline /> }
    };
    let content = move || match failed.get() {
        Some(error) => view! { <Failed what="The figures of the period could not be loaded." error /> }.into_any(),
        None => view! { <dl class="stats period-tiles">{[0, 1, 2, 3].map(tile).collect_view()}</dl> }.into_any(),
    };
    view! { {content} }.into_any()
}

#[component]
fn Tile(label: &'static str, tile: Memo<PeriodTile>, baseline: Memo<&'static str>) -> impl IntoView {
    let value = Signal::derive(move || tile.read().value.clone());
    let tone = Signal::derive(move || tile.read().tone);
    let note = Signal::derive(move || tile.read().note.clone());
    let spark = Signal::derive(move || tile.read().spark.clone());
    view! {
        <Stat label value tone note>
            <TrendNote change=Signal::derive(move || tile.read().trend.clone()) baseline />
            <Sparkline values=spark />
        </Stat>
    }
}

/// How a figure compares with the period before. Its line is there even when it is empty, so that nothing moves.
#[component]
fn TrendNote(change: Signal<Option<Change>>, baseline: Memo<&'static str>) -> impl IntoView {
    let kind = move || change.with(|change| change.as_ref().map(|change| change.kind).unwrap_or_default());
    let tone = move || match kind() {
        ChangeKind::Neutral => Tone::Quiet.name(),
        ChangeKind::Better => Tone::Good.name(),
        ChangeKind::Worse => Tone::Bad.name(),
    };
    let arrow = move || match change.read().as_ref().and_then(|change| change.text.chars().next()) {
        Some('+' | '×') => "▲ ",
        Some('−') => "▼ ",
        _ => "",
    };
    let text = move || change.with(|change| change.as_ref().map(|change| change.text.clone()));
    let against = move || change.read().is_some().then(|| format!(" vs previous {}", baseline.get()));
    view! {
        <span class="trend">
            <strong data-tone=tone>
                <span aria-hidden="true">{arrow}</span>
                {text}
            </strong>
            {against}
        </span>
    }
}

/// The tiles of a period, in the order of [`TILES`].
fn tiles(overview: &Overview) -> [PeriodTile; 4] {
    let (totals, trend) = (&overview.totals, overview.trend.as_ref());
    let spark = |of: fn(&SparkPoint) -> f64| overview.spark.iter().map(of).collect::<Vec<_>>();
    let requests = spark(|point| f64::from(point.requests));
    let period = format!("server, last {}", overview.range.title());
    [
        PeriodTile {
            value: count(totals.requests),
            note: format!("{} · {period}", shares(overview)),
            trend: trend.map(|trend| trend.of_requests()),
            spark: requests.clone(),
            ..PeriodTile::default()
        },
        PeriodTile {
            value: format!("{} /s", count(overview.current_rate)),
            note: "responses in the last complete second · server".to_owned(),
            spark: requests,
            ..PeriodTile::default()
        },
        PeriodTile {
            value: percent(totals.error_rate),
            tone: Tone::bad_if(totals.errors > 0),
            note: format!("{} of {} failed · {period}", count(totals.errors), count(totals.requests)),
            trend: trend.and_then(|trend| trend.of_error_rate()),
            spark: spark(|point| f64::from(point.errors) / f64::from(point.requests.max(1))),
        },
        PeriodTile {
            value: millis(totals.p95),
            note: format!("all responses · {period}"),
            trend: trend.and_then(|trend| trend.of_p95()),
            spark: spark(|point| point.p95),
            ..PeriodTile::default()
        },
    ]
}

/// How many requests are simulated and real, and how many were not recorded.
fn shares(overview: &Overview) -> String {
    let dropped = match overview.dropped {
        0 => String::new(),
        dropped => format!(", {} not recorded", count(dropped)),
    };
    format!("{} simulated, {} real{dropped}", count(overview.simulated), count(overview.real))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::model::{Range, Totals, Trend};

    fn overview() -> Overview {
        let totals =
            Totals { requests: 594, errors: 80, error_rate: Some(80.0 / 594.0), p95: Some(2.7), ..Totals::default() };
        let trend = Trend { requests: 0.28, error_rate: Some(-0.012), p95: Some(2.4) };
        Overview { totals, trend: Some(trend), simulated: 590, real: 4, current_rate: 20, ..Overview::default() }
    }

    fn html(overview: Result<Overview, AppError>) -> String {
        Owner::new().with(|| view! { <PeriodTiles overview=Signal::stored(overview) /> }.to_html())
    }

    #[test]
    fn each_figure_says_what_it_is_of() {
        let tiles = tiles(&Overview { range: Range::Hour, dropped: 3, ..overview() });
        let rows: Vec<_> = tiles.iter().map(|tile| (tile.value.as_str(), tile.tone, tile.note.as_str())).collect();
        let expected = [
            ("594", Tone::Plain, "590 simulated, 4 real, 3 not recorded · server, last 1 h"),
            ("20 /s", Tone::Plain, "responses in the last complete second · server"),
            ("13.5 %", Tone::Bad, "80 of 594 failed · server, last 1 h"),
            ("2.70 ms", Tone::Plain, "all responses · server, last 1 h"),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_trend_has_a_tone_and_names_its_baseline() {
        let html = html(Ok(overview()));
        for part in ["+28 %", "−1.2 points", "×3.4", "data-tone=\"good\"", "data-tone=\"bad\"", "data-tone=\"quiet\""]
        {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert_eq!(html.matches(" vs previous 5 min").count(), 3, "{html}");
        assert_eq!(html.matches("class=\"spark\"").count(), 4);
        assert!(!html.contains("style="), "{html}");
    }

    #[test]
    fn without_a_baseline_the_line_of_the_trend_stays_and_is_empty() {
        let html = html(Ok(Overview { trend: None, ..overview() }));
        assert_eq!((html.matches("class=\"trend\"").count(), html.matches("vs previous").count()), (4, 0), "{html}");
    }

    #[test]
    fn an_error_takes_the_place_of_the_figures() {
        let html = html(Err(AppError::Unavailable));
        assert!(html.contains("The figures of the period could not be loaded."), "{html}");
        assert!(!html.contains("<dl"), "{html}");
    }
}
