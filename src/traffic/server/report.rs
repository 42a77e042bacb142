//! The report of a run: one HTML file without references to other files, for reading, mailing and keeping. It is made of
//! the components of the run's page.

use leptos::prelude::*;

use crate::traffic::engine::findings::Findings;
use crate::traffic::engine::latency::Latency;
use crate::traffic::engine::stats::Stats;
use crate::traffic::model::Run;
use crate::traffic::view::endpoint_table::EndpointTable;
use crate::traffic::view::failure_groups::FailureGroups;
use crate::traffic::view::result_sentence::ResultSentence;
use crate::traffic::view::run_badge::status_label;
use crate::traffic::view::run_charts::RunCharts;
use crate::traffic::view::run_settings::RunSettings;
use crate::traffic::view::run_sides::SidesCard;
use crate::traffic::view::run_tiles::RunTiles;
use crate::traffic::view::verdict_panel::VerdictPanel;
use crate::ui::card::Card;
use crate::ui::document_title::DocumentTitle;
use crate::ui::format::{count, millis, utc};
use crate::ui::table::{DataTable, Heads};

const STYLE: &str = concat!(
    include_str!("../../../style/tokens.css"),
    include_str!("../../../style/base.css"),
    include_str!("../../../style/chart.css"),
    include_str!("../../../style/table.css"),
    include_str!("../../../style/run.css"),
    include_str!("../../../style/report.css"),
);

/// The whole HTML file.
pub fn html(run: Run, findings: Findings) -> String {
    let title = format!("{} · Traffic Simulator", heading(&run));
    let document = || {
        view! {
            <!DOCTYPE html>
            <html lang="en">
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1" />
                    <meta name="color-scheme" content="light dark" />
                    <DocumentTitle text=title />
                    <style>{STYLE}</style>
                </head>
                <body>
                    <Report run findings />
                </body>
            </html>
        }
        .to_html()
    };
    Owner::new().with(document) + "\n"
}

/// The name of the run, or else its scenario.
fn heading(run: &Run) -> String {
    run.name.clone().unwrap_or_else(|| run.scenario.title().to_owned())
}

#[component]
fn Report(run: Run, findings: Findings) -> impl IntoView {
    let latencies = run.stats.clone();
    let title = view! { <Title run=run.clone() /> };
    let single = Signal::stored(Some(Ok(run.stats.recent_failures.clone())));
    let run = Signal::stored(run);
    let Findings { timeline, sides } = findings;
    view! {
        <main class="report">
            {title} <ResultSentence run /> <RunTiles run /> <VerdictPanel run open=true />
            <Card id="settings" title="Settings">
                <RunSettings run />
            </Card> <RunCharts run timeline=Signal::stored(Some(Ok(timeline))) /> <Latencies stats=latencies />
            <EndpointTable run /> <FailureGroups run single in_a_file=true />
            <SidesCard sides=Signal::stored(Some(Ok(sides))) in_a_file=true />
        </main>
    }
}

/// What the run is: its name, its note, its times.
#[component]
fn Title(run: Run) -> impl IntoView {
    let state = match run.reason {
        Some(reason) => format!("{}: {}", status_label(run.status), reason.message()),
        None => status_label(run.status).to_owned(),
    };
    let end = run.end_time.map(|end| format!(" · ended {}", utc(end))).unwrap_or_default();
    view! {
        <header>
            <p class="report-quiet">"Traffic Simulator · report of a run"</p>
            <h1>{heading(&run)}</h1>
            <p>{format!("{} · {state}", run.scenario.title())}</p>
            <p class="report-quiet">{format!("Run {} · started {}{end}", run.job_id, utc(run.start_time))}</p>
            {run.note.map(|note| view! { <p class="report-note">{note}</p> })}
        </header>
    }
}

/// Service time and response time, apart for successful and failed requests.
#[component]
fn Latencies(stats: Stats) -> impl IntoView {
    let row = |(name, latency): (&'static str, Latency)| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td data-head="Requests">{count(latency.count)}</td>
                <td data-head="Mean">{millis(latency.mean)}</td>
                <td data-head="p50">{millis(latency.p50)}</td>
                <td data-head="p95">{millis(latency.p95)}</td>
                <td data-head="p99">{millis(latency.p99)}</td>
                <td data-head="Slowest">{millis(latency.max)}</td>
            </tr>
        }
    };
    let rows = [
        ("Service time, successful", stats.service.ok),
        ("Service time, failed", stats.service.failed),
        ("Response time, successful", stats.response.ok),
        ("Response time, failed", stats.response.failed),
    ];
    view! {
        <Card id="latencies" title="Latency">
            <DataTable label="Latency">
                <Heads names=vec!["Client", "Requests", "Mean", "p50", "p95", "p99", "Slowest"] />
                <tbody>{rows.map(row).collect_view()}</tbody>
            </DataTable>
            <p class="sentence">
                {format!(
                    "Service time: from sending to the end of the response. Response time: from the planned time to the end of the response. Scheduling delay p99: {}.",
                    millis(stats.scheduling_delay_p99),
                )}
            </p>
        </Card>
    }
}
