//! The four key figures.

use leptos::prelude::*;

use super::live_overview::LiveOverview;
use super::model::{Overview, SparkPoint, Trend};
use crate::ui::chart::Sparkline;
use crate::ui::erased::{flag, text};
use crate::ui::format::{count, millis, percent};

/// The key figures of the chosen range and requests.
#[component]
pub fn KpiCards(
    /// What they are made of.
    live: LiveOverview,
) -> impl IntoView {
    let title = text(move || format!("Last {}", live.view.get().range.title()));
    let content = live.or_failure("The key figures could not be loaded.", move || view! { <Board live /> }.into_any());
    view! {
        <section class="kpis" aria-labelledby="kpis-title">
            <h2 id="kpis-title" class="section-title">{title}</h2>
            {content}
        </section>
    }
}

#[component]
fn Board(live: LiveOverview) -> impl IntoView {
    let spark =
        move |of: fn(&SparkPoint) -> f64| live.of(move |overview| overview.spark.iter().map(of).collect::<Vec<_>>());
    let trend = move |of: fn(&Trend) -> Option<String>| live.of(move |overview| overview.trend.as_ref().and_then(of));
    let kpi = move |name, value: fn(&Overview) -> String, note: fn(&Overview) -> String, trend, spark| {
        view! { <Kpi name value=live.of(value) note=live.of(note) trend range=live.of(|overview| overview.range.title()) spark /> }.into_any()
    };
    view! {
        <div class="kpi-row" data-stale=text(move || (!live.reachable.get()).to_string())>
            {kpi(
                "Requests",
                |overview| count(overview.totals.requests),
                share_note,
                trend(|trend| Some(change(trend.requests))),
                spark(|point| f64::from(point.requests)),
            )}
            {kpi(
                "Current rate",
                |overview| format!("{} /s", overview.current_rate),
                |_| "in the last full second".to_owned(),
                Signal::stored(None),
                spark(|point| f64::from(point.requests)),
            )}
            {kpi(
                "Error rate",
                |overview| percent(overview.totals.error_rate),
                |_| "answers of status 400 and up".to_owned(),
                trend(|trend| trend.error_rate.map(|points| format!("{:+.1} points", points * 100.0))),
                spark(|point| f64::from(point.errors) / f64::from(point.requests.max(1))),
            )}
            {kpi(
                "p95 latency",
                |overview| millis(overview.totals.p95),
                |_| "95 of 100 answers are faster".to_owned(),
                trend(|trend| trend.p95.map(change)),
                spark(|point| point.p95),
            )}
        </div>
        <p class="stale-note" hidden=live.reachable>
            "The server can't be reached. These are its last known figures; the page keeps trying."
        </p>
    }
}

/// How many of everybody's requests are simulated, or what was left out, where that is worth a word.
fn share_note(overview: &Overview) -> String {
    let dropped =
        if overview.dropped > 0 { format!(" · {} not recorded", count(overview.dropped)) } else { String::new() };
    format!("{} simulated, {} real{dropped}", count(overview.simulated), count(overview.real))
}

/// A relative change in percent, with its sign.
fn change(share: f64) -> String {
    match (share * 100.0).round() {
        0.0 => "±0 %".to_owned(),
        percent => format!("{percent:+.0} %"),
    }
}

#[component]
fn Kpi(
    name: &'static str,
    value: Signal<String>,
    note: Signal<String>,
    /// The change against the period before; nothing without a baseline.
    trend: Signal<Option<String>>,
    range: Signal<&'static str>,
    spark: Signal<Vec<f64>>,
) -> impl IntoView {
    view! {
        <article class="card kpi">
            <h3>{name}</h3>
            <p class="kpi-trend" hidden=flag(move || trend.read().is_none())>
                {text(move || trend.get().unwrap_or_default())}
                <span class="visually-hidden">{text(move || format!(" against the {} before", range.get()))}</span>
            </p>
            <p class="kpi-value">{value}</p>
            <Sparkline values=spark />
            <p class="kpi-note">{note}</p>
        </article>
    }
}
