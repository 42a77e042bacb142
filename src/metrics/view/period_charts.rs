//! The charts of a period, as the server measured it.

use leptos::prelude::*;

use super::charts::{ChartedPeriod, by_time_of_day};
use crate::error::AppError;
use crate::metrics::model::Overview;
use crate::ui::chart::Chart;
use crate::ui::chart::figure::ChartFigure;
use crate::ui::chart::group::ChartGroup;
use crate::ui::chart::past::ChartPeriod;

/// Rate, latency and responses over one time axis. Nothing where the overview could not be loaded: the tiles say why.
#[component]
pub fn PeriodCharts(
    /// What the server measured.
    #[prop(into)]
    overview: Signal<Result<Overview, AppError>>,
    /// The runs to shade and to name, newest first.
    #[prop(into)]
    runs: Signal<Vec<ChartPeriod>>,
    /// The moment at which the time axis ends, in epoch milliseconds.
    #[prop(into)]
    now: Signal<i64>,
    /// Are the data old, so that nothing may claim to be of now?
    #[prop(optional, into)]
    stale: Signal<bool>,
) -> impl IntoView {
    let charts = Memo::new(move |_| {
        let made = |overview: &Overview| runs.with(|runs| charts(overview, runs, now.get(), stale.get()));
        overview.with(|overview| overview.as_ref().ok().map(made))
    });
    let range = Memo::new(move |_| overview.with(|overview| overview.as_ref().ok().map(|overview| overview.range)));
    // A part of one range is no part of another.
    let group = use_context::<ChartGroup>();
    Effect::watch(move || range.get(), move |_, _, _| group.iter().for_each(|group| group.reset()), false);
    let chart = move |index: usize| {
        Signal::derive(move || {
            charts.with(|charts| charts.as_ref().map(|charts| charts[index].clone())).unwrap_or_default()
        })
    };
    let is_loaded = Memo::new(move |_| charts.with(Option::is_some));
    let content = move || {
        is_loaded.get().then(|| {
            view! {
                <div class="card chart-card wide">
                    <ChartFigure id="past-rate" chart=chart(0) />
                </div>
                <div class="card chart-card wide">
                    <ChartFigure id="past-latency" chart=chart(1) />
                </div>
                <div class="card chart-card">
                    <ChartFigure id="past-responses" chart=chart(2) />
                </div>
            }
        })
    };
    view! { {content} }.into_any()
}

fn charts(overview: &Overview, runs: &[ChartPeriod], now: i64, stale: bool) -> [Chart; 3] {
    let period = ChartedPeriod::new(overview, runs, now);
    let charts = [period.rate(), period.latency(), period.responses()];
    if stale { charts.map(by_time_of_day) } else { charts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::model::Point;

    fn html(overview: Result<Overview, AppError>, stale: bool) -> String {
        let run = ChartPeriod {
            from: 90_000,
            to: 95_000,
            planned: vec![(0.0, 10.0), (5.0, 10.0)],
            cap: 20,
            name: "Peak Usage".to_owned(),
            href: "/runs/7".to_owned(),
        };
        let charts = move || {
            let (overview, runs) = (Signal::stored(overview), Signal::stored(vec![run]));
            let (now, stale) = (Signal::stored(101_800), Signal::stored(stale));
            view! { <PeriodCharts overview runs now stale /> }.to_html()
        };
        Owner::new().with(charts)
    }

    #[test]
    fn the_page_holds_pictures_names_and_numbers() {
        let point = Point { at: 100_000, requests: 20, server_errors: 3, ..Point::default() };
        let overview = Overview { points: vec![point], ..Overview::default() };
        let page = html(Ok(overview), false);
        for part in [
            "id=\"past-rate\"",
            "id=\"past-latency\"",
            "id=\"past-responses\"",
            "href=\"/runs/7\"",
            "Peak Usage",
            ">now<",
            "class=\"failed\"",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(!page.contains("style="), "{page}");
        assert!(!html(Ok(Overview::default()), true).contains(">now<"));
        assert!(!html(Err(AppError::Unavailable), false).contains("<figure"));
    }
}
