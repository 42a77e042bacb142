//! The tables of a run: its endpoints, and its newest failures.

use leptos::prelude::*;

use super::engine::stats::{CallStats, Failure};
use super::model::Job;
use crate::ui::format::{count, millis, percent};
use crate::ui::notice::Empty;
use crate::ui::stat::tone;

/// Count, failures and latency by endpoint.
#[component]
pub fn EndpointTable(
    /// The run.
    job: RwSignal<Job>,
) -> impl IntoView {
    let calls = Memo::new(move |_| job.read().stats.calls.clone());
    view! {
        <section class="card wide" aria-labelledby="endpoints-title">
            <h3 id="endpoints-title">"By endpoint"</h3>
            <div class="table-scroll" role="region" tabindex="0" aria-labelledby="endpoints-title">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Endpoint"</th>
                            <th scope="col">"Requests"</th>
                            <th scope="col">"Failed"</th>
                            <th scope="col">"p50"</th>
                            <th scope="col">"p95"</th>
                            <th scope="col">"p99"</th>
                            <th scope="col">"Slowest"</th>
                        </tr>
                    </thead>
                    <tbody>{move || calls.read().iter().map(endpoint_row).collect_view()}</tbody>
                </table>
            </div>
            <Show when=move || calls.read().is_empty()>
                <Empty>"No request has ended yet."</Empty>
            </Show>
            <p class="sentence">"Latencies are those of the successful requests."</p>
        </section>
    }
}

fn endpoint_row(call: &CallStats) -> impl IntoView + use<> {
    let all = call.ok + call.failed;
    let failed = match call.failed {
        0 => "0".to_owned(),
        failed => format!("{} ({})", count(failed), percent(Some(f64::from(failed) / f64::from(all)))),
    };
    view! {
        <tr>
            <th scope="row">
                <code>{call.call.route()}</code>
            </th>
            <td>{count(all)}</td>
            <td data-tone=tone(call.failed > 0)>{failed}</td>
            <td>{millis(call.service.p50)}</td>
            <td>{millis(call.service.p95)}</td>
            <td>{millis(call.service.p99)}</td>
            <td>{millis(call.service.max)}</td>
        </tr>
    }
}

/// The newest failures, with what finds them in the server's log.
#[component]
pub fn FailureTable(
    /// The run.
    job: RwSignal<Job>,
) -> impl IntoView {
    let failures = Memo::new(move |_| job.read().stats.recent_failures.clone());
    let caption = move || {
        let (shown, all) = (failures.read().len() as u32, job.read().stats.failed_requests);
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
            <Show when=move || !failures.read().is_empty()>
                <div class="table-scroll tall" role="region" tabindex="0" aria-labelledby="failures-title">
                    <table class="texts">
                        <thead>
                            <tr>
                                <th scope="col">"#"</th>
                                <th scope="col">"Request"</th>
                                <th scope="col">"What happened"</th>
                                <th scope="col">"Request id"</th>
                            </tr>
                        </thead>
                        <tbody>{move || failures.read().iter().map(failure_row).collect_view()}</tbody>
                    </table>
                </div>
            </Show>
        </section>
    }
}

fn failure_row(failure: &Failure) -> impl IntoView + use<> {
    view! {
        <tr>
            <th scope="row">{failure.seq}</th>
            <td>
                <code>{format!("{} {}", failure.method, failure.path)}</code>
            </td>
            <td>{failure.reason.clone()}</td>
            <td>
                <code class="id">{failure.request_id.clone().unwrap_or_else(|| "–".to_owned())}</code>
            </td>
        </tr>
    }
}
