//! The health of simulator and database on the time axis of the requests: it may explain a high latency.

use leptos::prelude::*;
use web_sys::MouseEvent;

use super::charts::axis;
use crate::error::{AppError, Loaded};
use crate::metrics::health_model::{GaugePoint, Health};
use crate::ui::chart::Chart;
use crate::ui::chart::axis::TimeAxis;
use crate::ui::chart::figure::ChartFigure;
use crate::ui::chart::lines::{LineSeries, lines};
use crate::ui::dom::is_plain_click;
use crate::ui::format::{count, millis};
use crate::ui::notice::Failed;

/// What is below the heading.
#[derive(Clone, Debug, PartialEq)]
enum HealthState {
    Closed,
    Loading,
    Failed(AppError),
    Shown,
}

/// The program's vital signs, behind a link that opens them, because they are seldom asked for. The link works without
/// JavaScript: the page is loaded again with or without them.
#[component]
pub fn HealthCharts(
    /// The vital signs.
    #[prop(into)]
    health: Signal<Loaded<Health>>,
    /// Are they shown?
    #[prop(into)]
    open: Signal<bool>,
    /// The address of the page with the other choice.
    #[prop(into)]
    href: Signal<String>,
    /// Shows or hides them in the browser.
    on_toggle: Callback<()>,
) -> impl IntoView {
    let state = Memo::new(move |_| match (open.get(), &*health.read()) {
        (false, _) => HealthState::Closed,
        (true, None) => HealthState::Loading,
        (true, Some(Err(error))) => HealthState::Failed(error.clone()),
        (true, Some(Ok(_))) => HealthState::Shown,
    });
    let chart = Signal::derive(move || match &*health.read() {
        Some(Ok(health)) => health_chart(health),
        _ => Chart::default(),
    });
    let on_click = move |event: MouseEvent| {
        if is_plain_click(&event) {
            event.prevent_default();
            on_toggle.run(());
        }
    };
    let content = move || match state.get() {
        HealthState::Closed => ().into_any(),
        HealthState::Loading => view! { <p class="loading">"Loading …"</p> }.into_any(),
        HealthState::Failed(error) => view! { <Failed what="The health could not be loaded." error /> }.into_any(),
        HealthState::Shown => view! { <ChartFigure id="past-health" chart /> }.into_any(),
    };
    view! {
        <section class="card health wide" aria-labelledby="health-title">
            <h2 class="card-title" id="health-title">
                <a class="disclosure" href=href aria-expanded=move || open.get().to_string() on:click=on_click>
                    "Simulator and database health"
                </a>
            </h2>
            {content}
        </section>
    }
    .into_any()
}

fn health_chart(health: &Health) -> Chart {
    let axis = axis(health.range, health.now);
    let values_of = |read: fn(&GaugePoint) -> Option<f64>| -> Vec<Option<f64>> {
        let mut values = vec![None; axis.steps as usize];
        for gauge in &health.points {
            if let Some(value) = step_of(&axis, gauge).and_then(|step| values.get_mut(step)) {
                *value = read(gauge);
            }
        }
        values
    };
    let worst = |read: fn(&GaugePoint) -> f64| health.points.iter().map(read).fold(0.0, f64::max);
    let most = |read: fn(&GaugePoint) -> u32| health.points.iter().map(read).max().unwrap_or(0);
    let waits = values_of(|gauge| Some(gauge.database_wait));
    let delays = values_of(|gauge| gauge.scheduling_delay);
    let has_reading: Vec<bool> = waits.iter().map(Option::is_some).collect();
    let series = [
        LineSeries { name: "database wait".into(), class: "run-a", values: waits },
        LineSeries { name: "scheduling delay".into(), class: "run-b", values: delays },
    ];
    let dropped: u32 = health.points.iter().map(|gauge| gauge.dropped).sum();
    let sentence = format!(
        "Longest wait for the database {}; most rows waiting to be written {}; rows dropped {}; most open live streams {}.",
        millis(Some(worst(|gauge| gauge.database_wait))),
        count(most(|gauge| gauge.writer_queue)),
        count(dropped),
        count(most(|gauge| gauge.open_streams)),
    );
    let mut chart = lines("Waits", sentence, "Milliseconds", &axis, &series, |ms| millis(Some(ms)));
    chart.unit = "milliseconds";
    add_counts(&mut chart, health, &axis);
    let is_empty = |step: usize| !has_reading.get(step).copied().unwrap_or(false);
    chart.without_empty_steps(is_empty, "Steps without a reading are left out.")
}

/// The step of a reading, unless it is from before the axis.
fn step_of(axis: &TimeAxis, gauge: &GaugePoint) -> Option<usize> {
    let position = axis.position(gauge.at);
    (position >= 0.0).then_some(position as usize)
}

/// Adds the gauges that are counts to the table only: in the picture they would need an axis of their own.
fn add_counts(chart: &mut Chart, health: &Health, axis: &TimeAxis) {
    chart.more_columns.extend(["rows waiting", "rows dropped", "live streams"].map(str::to_owned));
    for gauge in &health.points {
        if let Some(point) = step_of(axis, gauge).and_then(|step| chart.points.get_mut(step)) {
            point.cells.extend([gauge.writer_queue, gauge.dropped, gauge.open_streams].map(count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::model::Range;

    fn health() -> Health {
        let gauge = |at, database_wait, scheduling_delay| GaugePoint {
            at,
            writer_queue: 4,
            dropped: 0,
            open_streams: 1,
            database_wait,
            scheduling_delay,
        };
        let points = vec![gauge(99_000, 0.5, Some(0.25)), gauge(100_000, 9.0, None)];
        Health { range: Range::Minute, now: 101_800, points }
    }

    fn html(health: Loaded<Health>, open: bool) -> String {
        let section = move || {
            let (health, open) = (Signal::stored(health), Signal::stored(open));
            let href = Signal::stored("/?health=open".to_owned());
            view! { <HealthCharts health open href on_toggle=Callback::new(|()| {}) /> }.to_html()
        };
        Owner::new().with(section)
    }

    #[test]
    fn the_steps_with_a_reading_have_rows_and_the_worst_are_named() {
        let chart = health_chart(&health());
        let rows: Vec<_> = chart.points.iter().map(|point| point.cells.join(" | ")).collect();
        assert_eq!(rows, ["00:01:39 UTC | 0.50 ms | 0.25 ms | 4 | 0 | 1", "00:01:40 UTC | 9.00 ms |  | 4 | 0 | 1"]);
        assert_eq!(chart.heads().count(), 6);
        assert!(chart.sentence.starts_with("Longest wait for the database 9.00 ms; most rows waiting"));
    }

    #[test]
    fn it_is_closed_until_it_is_asked_for_and_says_what_it_does_then() {
        let rows = [
            (None, false, "aria-expanded=\"false\""),
            (None, true, "Loading"),
            (Some(Ok(health())), true, "id=\"past-health\""),
            (Some(Err(AppError::Unavailable)), true, "The health could not be loaded."),
        ];
        for (loaded, open, part) in rows {
            let page = html(loaded, open);
            assert!(page.contains(part) && page.contains("href=\"/?health=open\""), "{part}: {page}");
        }
        assert!(!html(Some(Ok(health())), false).contains("<figure"));
    }
}
