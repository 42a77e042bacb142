//! The four key figures, fresh every second.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::model::{Kpis, SparkPoint, Trend};
use super::server_fns::get_kpis;
use crate::ui::chart::Sparkline;
use crate::ui::format::{count, millis, percent};

const REFRESH: Duration = Duration::from_secs(1);

/// The key figures of the last five minutes.
#[component]
pub fn KpiCards() -> impl IntoView {
    let first = Resource::new(|| (), |()| get_kpis());
    view! {
        <section class="kpis" aria-labelledby="kpis-title">
            <h2 id="kpis-title" class="section-title">
                "Last 5 minutes"
            </h2>
            <Suspense fallback=|| view! { <p class="loading">"Loading the key figures…"</p> }>
                {move || Suspend::new(async move {
                    // Without a first answer the cards start empty and say so; the next second tries again.
                    let first = first.await;
                    let reachable = first.is_ok();
                    view! { <Board first=first.unwrap_or_default() reachable /> }
                })}
            </Suspense>
        </section>
    }
}

#[component]
fn Board(first: Kpis, reachable: bool) -> impl IntoView {
    let kpis = RwSignal::new(first);
    let reachable = RwSignal::new(reachable);
    refresh(kpis, reachable);
    let spark =
        move |of: fn(&SparkPoint) -> f64| Signal::derive(move || kpis.read().spark.iter().map(of).collect::<Vec<_>>());
    let trend = move |of: fn(&Trend) -> Option<String>| Signal::derive(move || kpis.read().trend.as_ref().and_then(of));
    view! {
        <div class="kpi-row" data-stale=move || (!reachable.get()).to_string()>
            <Kpi
                name="Requests"
                value=Signal::derive(move || count(kpis.read().requests))
                note=Signal::derive(move || format!("{} simulated", count(kpis.read().simulated)))
                trend=trend(|trend| Some(change(trend.requests)))
                spark=spark(|point| f64::from(point.requests))
            />
            <Kpi
                name="Current rate"
                value=Signal::derive(move || format!("{} /s", kpis.read().current_rate))
                note=Signal::derive(|| "in the last full second".to_owned())
                trend=Signal::derive(|| None)
                spark=spark(|point| f64::from(point.requests))
            />
            <Kpi
                name="Error rate"
                value=Signal::derive(move || percent(kpis.read().error_rate))
                note=Signal::derive(|| "answers of status 400 and up".to_owned())
                trend=trend(|trend| trend.error_rate.map(|points| format!("{:+.1} points", points * 100.0)))
                spark=spark(|point| f64::from(point.errors) / f64::from(point.requests.max(1)))
            />
            <Kpi
                name="p95 latency"
                value=Signal::derive(move || millis(kpis.read().p95))
                note=Signal::derive(|| "95 of 100 answers are faster".to_owned())
                trend=trend(|trend| trend.p95.map(change))
                spark=spark(|point| point.p95)
            />
        </div>
        <p class="stale-note" hidden=move || reachable.get()>
            "The server can't be reached. These are its last known figures; the page keeps trying."
        </p>
    }
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
    /// The change against the five minutes before; nothing without a baseline.
    trend: Signal<Option<String>>,
    spark: Signal<Vec<f64>>,
) -> impl IntoView {
    view! {
        <article class="card kpi">
            <h3>{name}</h3>
            <p class="kpi-trend" hidden=move || trend.read().is_none()>
                {move || trend.get()}
                <span class="visually-hidden">" against the 5 minutes before"</span>
            </p>
            <p class="kpi-value">{value}</p>
            <Sparkline values=spark />
            <p class="kpi-note">{note}</p>
        </article>
    }
}

/// Asks for new figures every second while the tab is visible; a question that is still open is not asked twice.
fn refresh(kpis: RwSignal<Kpis>, reachable: RwSignal<bool>) {
    let asking = StoredValue::new(false);
    let ask = move || {
        if document().hidden() || asking.get_value() {
            return;
        }
        asking.set_value(true);
        spawn_local(async move {
            let answer = get_kpis().await;
            // The page may have been left meanwhile.
            let _left = asking.try_set_value(false);
            let _left = reachable.try_set(answer.is_ok());
            if let Ok(answer) = answer {
                let _left = kpis.try_set(answer);
            }
        });
    };
    Effect::new(move |_| {
        if let Ok(timer) = set_interval_with_handle(ask, REFRESH) {
            on_cleanup(move || timer.clear());
        }
    });
}
