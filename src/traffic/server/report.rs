//! The report of a run: one HTML file without links to other files, for reading, mailing and keeping.

use leptos::prelude::*;

use crate::traffic::engine::exchange::Exchange;
use crate::traffic::engine::findings::Findings;
use crate::traffic::engine::latency::Latency;
use crate::traffic::engine::sides::Sides;
use crate::traffic::engine::stats::Stats;
use crate::traffic::engine::timeline::Timeline;
use crate::traffic::model::Run;
use crate::traffic::view::run_badge::status_label;
use crate::traffic::view::run_charts::{distribution_chart, latency_chart, responses_chart};
use crate::traffic::view::run_sides::{SIDES_HEADS, exchange_chart, sides_rows, sides_sentence};
use crate::traffic::view::run_tables::{GROUP_HEADS, failures_sentence, group_row};
use crate::traffic::view::settings_text::{below_title, planned_rate_of};
use crate::traffic::view::verdict;
use crate::ui::chart::Chart;
use crate::ui::chart::frame::ChartFrame;
use crate::ui::chart::rate::{Rates, rate};
use crate::ui::format::{count, millis, utc};
use crate::ui::table::table_html;

const STYLE: &str = concat!(
    include_str!("../../../style/tokens.css"),
    include_str!("../../../style/base.css"),
    include_str!("../../../style/chart.css"),
    include_str!("../../../style/run.css"),
    include_str!("../../../style/report.css"),
);

/// The whole HTML file.
pub fn html(run: &Run, findings: Findings) -> String {
    let run = run.clone();
    let Findings { timeline, sides } = findings;
    let body = Owner::new().with(|| view! { <Report run timeline sides /> }.to_html());
    let title = "Traffic Simulator: report of a run";
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body>{body}</body></html>\n"
    )
}

#[component]
fn Report(run: Run, timeline: Timeline, sides: Sides) -> impl IntoView {
    let shape = run.settings().shape(run.cap);
    let sentence = format!("{} requests sent. Planned: {}.", count(run.stats.sent), planned_rate_of(&run));
    let seconds = run.duration;
    let planned = shape.corners();
    let rates = Rates { seconds, planned: &planned, achieved: Some(&run.stats.sent_per_second), cap: run.cap };
    let figure = |id: &'static str, chart: Chart| view! { <ChartFrame id chart /> };
    let charts = [
        figure("rate", rate("Rate over time", sentence, &rates)),
        figure("latency", latency_chart(&timeline, &run.stats, seconds)),
        figure("distribution", distribution_chart(&timeline, &run.stats, seconds)),
        figure("answers", responses_chart(&timeline, &run.stats, seconds)),
    ];
    let waterfalls =
        (!sides.slowest.is_empty()).then(|| figure("slowest", exchange_chart("Slowest requests", &sides.slowest)));
    view! {
        <main class="report">
            <header>
                <p class="report-kicker">"Traffic Simulator · report"</p>
                <h1>{run.scenario.title()}</h1>
                <p>{settings_line(&run)}</p>
                <p class="report-quiet">{format!("Run {} · started {}", run.job_id, utc(run.start_time))}</p>
            </header>
            <section>
                <h2>"Verdict"</h2>
                {verdict::lines(&run).iter().map(verdict_line).collect_view()}
            </section>
            <section>
                <h2>"Requests"</h2>
                <Numbers stats=run.stats.clone() />
                {charts.collect_view()}
            </section>
            <Latencies stats=run.stats.clone() />
            <Calls stats=run.stats.clone() />
            <Failures stats=run.stats.clone() />
            <section>
                <h2>"Client and server"</h2>
                <p>{sides_sentence(&sides)}</p>
                <div inner_html=table_html("Client and server", SIDES_HEADS, &sides_rows(&sides), "")></div>
            </section>
            <section>
                <h2>"The slowest requests"</h2>
                {waterfalls}
                <Slowest exchanges=sides.slowest />
            </section>
        </main>
    }
}

fn verdict_line(line: &verdict::VerdictLine) -> impl IntoView + use<> {
    view! { <p class=format!("verdict-line {}", line.tone.class())>{line.text()}</p> }
}

/// The settings of the run and how it ended.
fn settings_line(run: &Run) -> String {
    let state = match run.reason {
        Some(reason) => format!("{}: {}", status_label(run.status), reason.message()),
        None => status_label(run.status).to_owned(),
    };
    format!("{} · {state}", below_title(&run.settings()))
}

#[component]
fn Numbers(stats: Stats) -> impl IntoView {
    let rows = [
        ("Planned", count(stats.planned)),
        ("Sent", count(stats.sent)),
        ("Missed", count(stats.missed)),
        ("Not reached", count(stats.not_reached)),
        ("Successful", count(stats.successful_requests)),
        ("Failed", count(stats.failed_requests)),
        ("Cancelled", count(stats.cancelled)),
        ("Average latency", millis(stats.avg_latency)),
        ("Scheduling delay p99", millis(stats.scheduling_delay_p99)),
    ];
    view! { <dl class="report-numbers">{rows.map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }).collect_view()}</dl> }
}

fn latency_row(name: &'static str, latency: &Latency) -> impl IntoView + use<> {
    let cells = [latency.mean, latency.p50, latency.p95, latency.p99, latency.max]
        .map(|value| view! { <td>{millis(value)}</td> });
    view! { <tr><th scope="row">{name}</th><td>{count(latency.count)}</td>{cells.collect_view()}</tr> }
}

#[component]
fn Latencies(stats: Stats) -> impl IntoView {
    view! {
        <section>
            <h2>"Latency"</h2>
            <table>
                <caption>"Service time: sent to end of response. Response time: planned time to end of response."</caption>
                <thead><tr><th scope="col">"What"</th><th scope="col">"Count"</th><th scope="col">"Mean"</th><th scope="col">"p50"</th><th scope="col">"p95"</th><th scope="col">"p99"</th><th scope="col">"Max"</th></tr></thead>
                <tbody>
                    {latency_row("Service time, ok", &stats.service.ok)}
                    {latency_row("Service time, failed", &stats.service.failed)}
                    {latency_row("Response time, ok", &stats.response.ok)}
                    {latency_row("Response time, failed", &stats.response.failed)}
                </tbody>
            </table>
        </section>
    }
}

#[component]
fn Calls(stats: Stats) -> impl IntoView {
    let calls = stats.calls.iter().map(|call| {
        view! { <tr><th scope="row">{call.call.route()}</th><td>{count(call.ok)}</td><td>{count(call.failed)}</td><td>{millis(call.service.p50)}</td><td>{millis(call.service.p95)}</td><td>{millis(call.service.p99)}</td></tr> }
    });
    let fates = stats
        .fates
        .iter()
        .map(|fate| view! { <tr><th scope="row">{fate.name.clone()}</th><td>{count(fate.count)}</td></tr> });
    view! {
        <section>
            <h2>"Endpoints and responses"</h2>
            <table>
                <caption>"By endpoint; percentiles of the service time of the ok requests"</caption>
                <thead><tr><th scope="col">"Endpoint"</th><th scope="col">"Ok"</th><th scope="col">"Failed"</th><th scope="col">"p50"</th><th scope="col">"p95"</th><th scope="col">"p99"</th></tr></thead>
                <tbody>{calls.collect_view()}</tbody>
            </table>
            <table>
                <caption>"By status code or kind of failure"</caption>
                <thead><tr><th scope="col">"Outcome"</th><th scope="col">"Requests"</th></tr></thead>
                <tbody>{fates.collect_view()}</tbody>
            </table>
        </section>
    }
}

#[component]
fn Failures(stats: Stats) -> impl IntoView {
    let groups: String = stats.failures.iter().map(|group| group_row(group, false)).collect();
    let groups = (!stats.failures.is_empty())
        .then(|| view! { <div inner_html=table_html("Failures by endpoint and outcome", GROUP_HEADS, &groups, "texts")></div> });
    let rows = stats.recent_failures.iter().map(|failure| {
        let id = failure.request_id.clone().unwrap_or_else(|| "–".to_owned());
        view! { <tr><th scope="row">{failure.seq}</th><td>{failure.method.clone()}" "{failure.path.clone()}</td><td>{failure.reason.clone()}</td><td><code>{id}</code></td></tr> }
    });
    let single = (!stats.recent_failures.is_empty()).then(|| {
        view! {
            <table>
                <caption>{format!("The newest {} of {}; the server's log has each one under its request id", stats.recent_failures.len(), count(stats.failed_requests))}</caption>
                <thead><tr><th scope="col">"#"</th><th scope="col">"Request"</th><th scope="col">"What happened"</th><th scope="col">"Request id"</th></tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        }
    });
    (stats.failed_requests > 0).then(|| {
        view! {
            <section>
                <h2>"Failures"</h2>
                <p>{failures_sentence(&stats)}</p>
                {groups}
                {single}
            </section>
        }
    })
}

#[component]
fn Slowest(exchanges: Vec<Exchange>) -> impl IntoView {
    let rows = exchanges.iter().map(|exchange| {
        let call = exchange.call.map_or("–", |call| call.route());
        let outcome = exchange.outcome.clone().unwrap_or_else(|| "–".to_owned());
        view! { <tr><th scope="row">{exchange.seq}</th><td>{call}</td><td>{outcome}</td><td>{millis(exchange.response_time)}</td><td>{millis(exchange.service_time)}</td><td>{millis(exchange.server_time)}</td><td>{millis(exchange.elsewhere)}</td></tr> }
    });
    (!exchanges.is_empty()).then(|| {
        view! {
                <table>
                    <caption>"Response time since the planned time; service time as the client saw it; server time as the server measured it; elsewhere: connection, kernel, scheduling"</caption>
                    <thead><tr><th scope="col">"#"</th><th scope="col">"Endpoint"</th><th scope="col">"Outcome"</th><th scope="col">"Response"</th><th scope="col">"Service"</th><th scope="col">"Server"</th><th scope="col">"Elsewhere"</th></tr></thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
        }
    })
}
