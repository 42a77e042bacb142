//! The tables of a run: endpoints and failures.

use crate::traffic::engine::failures::{Failure, FailureGroup};
use crate::traffic::engine::outcome::Fate;
use crate::traffic::engine::stats::{CallStats, Stats};
use crate::traffic::model::Run;
use crate::ui::chart::Rows;
use crate::ui::format::{count, millis, percent};
use crate::ui::notice::empty_html;
use crate::ui::table::{TableCell, row, table_html};

pub(crate) fn endpoints_html(run: &Run) -> String {
    let rows: String = run.stats.calls.iter().map(endpoint_row).collect();
    let heads = ["Endpoint", "Requests", "Failed", "p50", "p95", "p99", "Slowest"];
    let table = table_html("By endpoint", heads, &rows, "");
    let empty = empty_html(rows.is_empty().then_some("No requests have finished yet."));
    format!(
        "<section class=\"card wide\" aria-labelledby=\"endpoints-title\"><h3 id=\"endpoints-title\">By endpoint</h3>{table}{empty}\
         <p class=\"sentence\">Latencies of successful requests only.</p></section>"
    )
}

fn endpoint_row(call: &CallStats) -> String {
    let all = call.ok + call.failed;
    let failed = match call.failed {
        0 => "0".to_owned(),
        failed => format!("{} ({})", count(failed), percent(Some(f64::from(failed) / f64::from(all)))),
    };
    let service = &call.service;
    let latencies = [service.p50, service.p95, service.p99, service.max].map(|value| TableCell::text(millis(value)));
    let front =
        [TableCell::code(call.call.route()), TableCell::text(count(all)), TableCell::text(failed).bad(call.failed > 0)];
    row(front.into_iter().chain(latencies))
}

/// The name that [`Rows`] has for the list of individual failures.
pub const SINGLE_FAILURES: &str = "failures";

/// The failures by endpoint and outcome, and on request the latest individual failures with their request ids.
pub(crate) fn failures_html(run: &Run, rows: &Rows) -> String {
    let stats = &run.stats;
    let id = SINGLE_FAILURES;
    let groups: String = stats.failures.iter().map(|group| group_row(group, true)).collect();
    let groups = table_html("Failures by endpoint and outcome", GROUP_HEADS, &groups, "texts");
    let listed = if rows.has(id) { &stats.recent_failures[..] } else { &[] };
    let single: String = listed.iter().map(failure_row).collect();
    let single = table_html("Individual failures", ["#", "Request", "What happened", "Request id"], &single, "texts");
    format!(
        "<section class=\"card wide\" aria-labelledby=\"failures-title\" data-chart=\"{id}\"><h3 id=\"failures-title\">Failures</h3>\
         <p class=\"sentence\" data-part=\"failures-caption\">{}</p>{groups}\
         <details class=\"as-table\"><summary>Show the latest individual failures</summary><div class=\"tall\">{single}</div></details></section>",
        failures_sentence(stats)
    )
}

/// The headers of the table of failures by endpoint and outcome.
pub const GROUP_HEADS: [&str; 5] = ["Endpoint", "What happened", "Requests", "Latest sample", "Request id"];

/// How many requests failed, and how many of these the groups cover.
pub fn failures_sentence(stats: &Stats) -> String {
    let shown: u32 = stats.failures.iter().map(|group| group.count).sum();
    match (stats.failed_requests, stats.failed_requests.saturating_sub(shown)) {
        (0, _) => "No failed requests.".to_owned(),
        // A stored run of an earlier version.
        (all, _) if shown == 0 => format!("{} requests failed.", count(all)),
        (1, 0) => "One request failed.".to_owned(),
        (all, 0) => format!("{} requests failed, grouped by endpoint and outcome.", count(all)),
        (all, others) => format!(
            "{} requests failed. Most frequent groups shown: {}; {} requests failed in other ways.",
            count(all),
            stats.failures.len(),
            count(others)
        ),
    }
}

/// One row of the table of failures by endpoint and outcome, with or without a link to its sample.
pub fn group_row(group: &FailureGroup, linked: bool) -> String {
    let words = Fate::of_name(&group.outcome).map_or_else(|| group.outcome.clone(), Fate::message);
    let seq = group.sample.seq;
    let path = group.sample.path.as_deref().unwrap_or_default();
    row([
        TableCell::code(group.call.route()),
        TableCell::text(words),
        TableCell::text(count(group.count)),
        TableCell::code(format!("#{seq} {path}").trim().to_owned()),
        request_id(group.sample.request_id.as_deref(), linked),
    ])
}

fn request_id(id: Option<&str>, linked: bool) -> TableCell<'static> {
    let Some(id) = id else { return TableCell::default() };
    let cell = TableCell::code(id.to_owned());
    if linked { cell.linked(format!("/requests/{id}")) } else { cell }
}

fn failure_row(failure: &Failure) -> String {
    row([
        TableCell::text(failure.seq.to_string()),
        TableCell::code(format!("{} {}", failure.method, failure.path)),
        TableCell::text(failure.reason.clone()),
        request_id(failure.request_id.as_deref(), true),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::engine::failures::FailureSample;
    use crate::traffic::engine::mix::Call;

    fn group(outcome: &str, count: u32) -> FailureGroup {
        let sample = FailureSample { seq: 7, path: Some("/x?a=<b>".to_owned()), request_id: Some("0-1".to_owned()) };
        FailureGroup { call: Call::Error, outcome: outcome.to_owned(), count, sample }
    }

    #[test]
    fn a_group_is_a_row_with_one_of_its_requests() {
        let line = group_row(&group("503", 1234), true);
        for part in ["GET /users/error", "answered 503", "1\u{202f}234", "#7 /x?a=&lt;b&gt;", "href=\"/requests/0-1\""]
        {
            assert!(line.contains(part), "{part} is missing in {line}");
        }
        assert!(!group_row(&group("503", 1), false).contains("href"), "a report stands for itself");
        assert!(group_row(&group("timeout", 1), true).contains("no answer within 5 s"));
        assert!(group_row(&group("of-a-newer-version", 1), true).contains("of-a-newer-version"));
    }

    #[test]
    fn the_sentence_says_what_the_groups_leave_out() {
        let stats = |failed_requests, failures| Stats { failed_requests, failures, ..Stats::default() };
        let rows = [
            (stats(0, Vec::new()), "No failed requests."),
            (stats(1, vec![group("503", 1)]), "One request failed."),
            (stats(3, vec![group("503", 2), group("500", 1)]), "3 requests failed, grouped by endpoint and outcome."),
            (
                stats(9, vec![group("503", 2)]),
                "9 requests failed. Most frequent groups shown: 1; 7 requests failed in other ways.",
            ),
            (stats(5, Vec::new()), "5 requests failed."),
        ];
        for (stats, words) in rows {
            assert_eq!(failures_sentence(&stats), words);
        }
    }
}
