//! The tables of a run: its endpoints, and its newest failures.

use leptos::prelude::*;

use super::engine::stats::{CallStats, Failure};
use super::model::Job;
use crate::ui::format::{count, millis, percent};
use crate::ui::notice::Empty;
use crate::ui::table::{Cell, DataTable, heads, row};

/// Count, failures and latency by endpoint.
#[component]
pub fn EndpointTable(
    /// The run.
    job: RwSignal<Job>,
) -> impl IntoView {
    let rows = Memo::new(move |_| job.read().stats.calls.iter().map(endpoint_row).collect::<String>());
    view! {
        <section class="card wide" aria-labelledby="endpoints-title">
            <h3 id="endpoints-title">"By endpoint"</h3>
            <DataTable
                label="By endpoint"
                heads=heads(["Endpoint", "Requests", "Failed", "p50", "p95", "p99", "Slowest"])
                rows
            />
            <Show when=move || rows.read().is_empty()>
                <Empty>"No request has ended yet."</Empty>
            </Show>
            <p class="sentence">"Latencies are those of the successful requests."</p>
        </section>
    }
    .into_any()
}

fn endpoint_row(call: &CallStats) -> String {
    let all = call.ok + call.failed;
    let failed = match call.failed {
        0 => "0".to_owned(),
        failed => format!("{} ({})", count(failed), percent(Some(f64::from(failed) / f64::from(all)))),
    };
    let service = &call.service;
    let latencies = [service.p50, service.p95, service.p99, service.max].map(|value| Cell::text(millis(value)));
    let front = [Cell::code(call.call.route()), Cell::text(count(all)), Cell::text(failed).bad(call.failed > 0)];
    row(front.into_iter().chain(latencies))
}

/// The newest failures, with what finds them in the server's log.
#[component]
pub fn FailureTable(
    /// The run.
    job: RwSignal<Job>,
) -> impl IntoView {
    let rows = Memo::new(move |_| job.read().stats.recent_failures.iter().map(failure_row).collect::<String>());
    let caption = move || {
        let job = job.read();
        let (shown, all) = (job.stats.recent_failures.len() as u32, job.stats.failed_requests);
        match (shown, all) {
            (0, _) => "No request has failed.".to_owned(),
            (shown, all) if shown == all => format!("All {} of them, newest first.", count(all)),
            (shown, all) => format!("The newest {} of {}.", count(shown), count(all)),
        }
    };
    view! {
        <section class="card wide" aria-labelledby="failures-title">
            <h3 id="failures-title">"Failures"</h3>
            <p class="sentence">{caption}</p>
            <div class="tall" hidden=move || rows.read().is_empty()>
                <DataTable label="Failures" heads=heads(["#", "Request", "What happened", "Request id"]) rows class="texts" />
            </div>
        </section>
    }
    .into_any()
}

fn failure_row(failure: &Failure) -> String {
    let id = match &failure.request_id {
        Some(id) => Cell::code(id.clone()).linked(format!("/requests/{id}")),
        None => Cell::default(),
    };
    row([
        Cell::text(failure.seq.to_string()),
        Cell::code(format!("{} {}", failure.method, failure.path)),
        Cell::text(failure.reason.clone()),
        id,
    ])
}
