//! The tables of a run: its endpoints, and its newest failures.

use super::engine::stats::{CallStats, Failure};
use super::model::Job;
use crate::ui::format::{count, millis, percent};
use crate::ui::notice::empty_html;
use crate::ui::table::{Cell, row, table_html};

/// Count, failures and latency by endpoint.
pub(super) fn endpoints_html(job: &Job) -> String {
    let rows: String = job.stats.calls.iter().map(endpoint_row).collect();
    let heads = ["Endpoint", "Requests", "Failed", "p50", "p95", "p99", "Slowest"];
    let table = table_html("By endpoint", heads, &rows, "");
    let empty = empty_html(rows.is_empty().then_some("No request has ended yet."));
    format!(
        "<section class=\"card wide\" aria-labelledby=\"endpoints-title\"><h3 id=\"endpoints-title\">By endpoint</h3>{table}{empty}\
         <p class=\"sentence\">Latencies are those of the successful requests.</p></section>"
    )
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
pub(super) fn failures_html(job: &Job) -> String {
    let rows: String = job.stats.recent_failures.iter().map(failure_row).collect();
    let (shown, all) = (job.stats.recent_failures.len() as u32, job.stats.failed_requests);
    let caption = match (shown, all) {
        (0, _) => "No request has failed.".to_owned(),
        (shown, all) if shown == all => format!("All {} of them, newest first.", count(all)),
        (shown, all) => format!("The newest {} of {}.", count(shown), count(all)),
    };
    let table = table_html("Failures", ["#", "Request", "What happened", "Request id"], &rows, "texts");
    format!(
        "<section class=\"card wide\" aria-labelledby=\"failures-title\"><h3 id=\"failures-title\">Failures</h3>\
         <p class=\"sentence\" data-part=\"failures-caption\">{caption}</p><div class=\"tall\">{table}</div></section>"
    )
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
