//! `/runs/compare?a=&b=`: charts of two runs in one picture, and a table of their differences.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::run_page::not_found_status;
use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::engine::timeline::Timeline;
use crate::traffic::model::Run;
use crate::traffic::server_fns::{get_run, get_timeline};
use crate::traffic::view::comparison::{Difference, compare};
use crate::ui::chart::Chart;
use crate::ui::chart::axis::TimeAxis;
use crate::ui::chart::frame::ChartFrame;
use crate::ui::chart::lines::{LineSeries, lines};
use crate::ui::format::{millis, utc};
use crate::ui::notice::{Empty, failed};
use crate::ui::table::{TableCell, row, table_html};

type Side = (Run, Timeline);

async fn side(id: Option<RunId>) -> Result<Side, AppError> {
    let id = id.ok_or(AppError::NotFound)?;
    Ok((get_run(id).await?, get_timeline(id).await?))
}

/// `/runs/compare`
#[component]
pub fn ComparePage() -> impl IntoView {
    let query = use_query_map();
    let id = |name: &str| query.read_untracked().get(name).and_then(|id| id.parse::<RunId>().ok());
    let a = id("a");
    let b = id("b");
    let content = async move {
        match (side(a).await, side(b).await) {
            (Ok(a), Ok(b)) => view! { <Comparison a b /> }.into_any(),
            (Err(AppError::NotFound), _) | (_, Err(AppError::NotFound)) => {
                // Without two ids in the address, nothing is missing.
                if a.is_some() && b.is_some() {
                    not_found_status(&AppError::NotFound);
                }
                view! { <Empty>"At least one of the runs to compare does not exist. " <a href="/runs">"Choose two runs"</a></Empty> }
                    .into_any()
            }
            (Err(error), _) | (_, Err(error)) => failed("The runs could not be loaded.", &error.to_string()),
        }
    };
    view! {
        <Title text="Two runs compared · Traffic Simulator" />
        <nav class="crumbs" aria-label="Breadcrumb">
            <a href="/">"Dashboard"</a>
            <span aria-hidden="true">"/"</span>
            <a href="/runs">"Runs"</a>
            <span aria-hidden="true">"/"</span>
            <span aria-current="page">"Compare"</span>
        </nav>
        <h1>"Two runs compared"</h1>
        <Suspense>{Suspend::new(content)}</Suspense>
    }
    .into_any()
}

#[component]
fn Comparison(a: Side, b: Side) -> impl IntoView {
    let differences: String = compare(&a.0, &b.0).iter().map(difference_row).collect();
    let table = table_html("Differences", ["Value", "A", "B", "B compared with A"], &differences, "");
    let rate = rate_chart(&a, &b);
    let latency = latency_chart(&a, &b);
    let side = |name: &'static str, class: &'static str, run: &Run| {
        let link = format!("/runs/{}", run.job_id);
        view! {
            <p class=class>
                <strong>{name}</strong>
                " "
                <a href=link>{format!("{} of {}", run.scenario.title(), utc(run.start_time))}</a>
            </p>
        }
    };
    view! {
        <section class="card sides" aria-label="The two runs">
            {side("A", "side-a", &a.0)}
            {side("B", "side-b", &b.0)}
        </section>
        <div class="grid">
            <section class="card" aria-label="Rate of both runs"><ChartFrame id="rates" chart=rate /></section>
            <section class="card" aria-label="Latency of both runs"><ChartFrame id="latencies" chart=latency /></section>
            <section class="card wide" aria-labelledby="differences-title">
                <h2 class="card-title" id="differences-title">"Differences"</h2>
                <div inner_html=table></div>
            </section>
        </div>
    }
}

fn difference_row(difference: &Difference) -> String {
    let Difference { what, a, b, change, differs } = difference;
    let values = [a, b, change].map(|text| TableCell::text(text).quiet(!differs));
    row(std::iter::once(TableCell::text(*what)).chain(values))
}

fn both(a: &Side, b: &Side, values: impl Fn(&Side) -> Vec<Option<f64>>) -> [LineSeries; 2] {
    let series = |name: &str, class, side| LineSeries { name: name.to_owned(), class, values: values(side) };
    [series("A", "run-a", a), series("B", "run-b", b)]
}

/// A time axis for the longer of two runs.
fn longer_axis(a: &Side, b: &Side) -> TimeAxis {
    TimeAxis::of_run(a.0.duration.max(b.0.duration))
}

fn rate_chart(a: &Side, b: &Side) -> Chart {
    let sent = |side: &Side| side.0.stats.sent_per_second.iter().map(|n| Some(f64::from(*n))).collect();
    let sentence = format!("A sent {} requests, B {}.", a.0.stats.sent, b.0.stats.sent);
    lines("Requests sent per second", sentence, "Requests per second", &longer_axis(a, b), &both(a, b, sent), |n| {
        format!("{n}")
    })
}

fn latency_chart(a: &Side, b: &Side) -> Chart {
    let p95 = |side: &Side| side.1.seconds.iter().map(|second| second.percentiles[1]).collect();
    let whole = |side: &Side| millis(side.0.stats.service.ok.p95);
    let sentence = format!("p95 over the whole run: A {}, B {}.", whole(a), whole(b));
    lines("p95 latency by second", sentence, "Milliseconds", &longer_axis(a, b), &both(a, b, p95), |ms| {
        millis(Some(ms))
    })
}
