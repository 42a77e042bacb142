//! Literal texts of verdicts.

use super::*;
use crate::traffic::engine::stats::Stats;
use crate::traffic::model::{Reason, RunSummary, Status};
use crate::traffic::view::fixture;

/// A closed run with an audit and a dashboard check from their stored JSON.
fn run(audit: &str, check: &str) -> Run {
    let stats = Stats {
        audit: Some(serde_json::from_str(audit).expect("an audit")),
        dashboard_check: Some(serde_json::from_str(check).expect("a check")),
        ..Stats::default()
    };
    Run { stats, ..fixture::run(Status::Completed, true) }
}

fn texts(run: &Run) -> Vec<String> {
    lines(run).iter().map(VerdictLine::text).collect()
}

const VERIFIED: &str = r#"{"outcome":"verified","capKept":true,"sent":241,"unanswered":0,"neverArrived":0,"arrived":241,
    "recorded":241,"mostInAnySecond":20,"cap":20,"created":42,"removed":42,"a field of a newer version":1}"#;
const RIGHT: &str = r#"{"outcome":"right","requests":241,"arrived":241,"errorRate":0.162,"injected":0.162,"p95":2.51,
    "exactP95":2.51,"expected":{"share":0.149,"fourSigma":0.07}}"#;

#[test]
fn a_run_that_is_in_order() {
    let run = Run { stop_took: Some(0.58), ..run(VERIFIED, RIGHT) };
    assert_eq!(
        texts(&run),
        [
            "✓ Audit verified: 241 sent, 241 arrived, 241 recorded.",
            "✓ Cap kept: the server saw at most 20 requests in any second; 20 are allowed.",
            "42 users created, 42 removed. Stop took 0.58 ms.",
            "✓ Dashboard right: it shows 16.2 % errors (injected: 16.2 %) and a p95 of 2.51 ms (exact: 2.51 ms). Expected errors: 14.9 % ± 7.0.",
        ]
    );
    assert_eq!(short(&RunSummary::from(&run)).text(), "✓ verified");
    assert_eq!(summary(&run), "audit verified, cap kept, dashboard right");
    assert_eq!(headline(&run).text(), "✓ Verified: sent = arrived = recorded · cap kept · dashboard agrees");
    assert_eq!(lines(&Run { closed: false, ..run }), [], "none before it is closed");
}

#[test]
fn what_is_not_known_has_no_tick() {
    let audit = r#"{"outcome":"incomplete","capKept":true,"sent":149,"unanswered":69,"neverArrived":3,"arrived":146,"recorded":35,
        "dropped":114,"mostInAnySecond":19,"cap":20,"created":4,"removed":3,"kept":1,
        "gaps":["114 of 149 requests were not recorded (dropped, counted)","the recorded requests could not be read"]}"#;
    let check = r#"{"outcome":"notChecked","gaps":["requests of the run were not recorded (dropped, counted)"]}"#;
    let run = run(audit, check);
    assert_eq!(
        texts(&run),
        [
            "○ Audit incomplete: 114 of 149 requests were not recorded (dropped, counted).",
            "The recorded requests could not be read.",
            "149 sent, 146 arrived, 35 recorded.",
            "✓ Cap kept: the server saw at most 19 requests in any second; 20 are allowed.",
            "4 users created, 3 removed, 1 kept because a real client changed them. 69 got no response. 3 were sent but never seen to arrive.",
            "○ Dashboard not checked: requests of the run were not recorded (dropped, counted).",
        ]
    );
    assert_eq!(short(&RunSummary::from(&run)).text(), "○ audit incomplete");
    assert_eq!(
        headline(&run).text(),
        "○ Audit incomplete: 114 of 149 requests were not recorded (dropped, counted). The recorded requests could not be read."
    );
}

#[test]
fn what_is_wrong_is_said_first_and_one_by_one() {
    let audit = VERIFIED
        .replace("\"verified\"", "\"wrong\", \"differences\": [\"requests that arrived more than once: 1 (#4)\"]");
    let check =
        RIGHT.replace("\"right\"", "\"wrong\", \"differences\": [\"the dashboard says 7 requests, 241 arrived\"]");
    let both = Run { reason: Some(Reason::Shutdown), status: Status::Error, ..run(&audit, &check) };
    let texts = texts(&both);
    for expected in [
        "Ended early: the server was shut down.",
        "✗ Audit wrong: 241 sent, 241 arrived, 241 recorded.",
        "Requests that arrived more than once: 1 (#4).",
        "The dashboard says 7 requests, 241 arrived.",
    ] {
        assert!(texts.iter().any(|text| text == expected), "{expected}: {texts:?}");
    }
    assert_eq!(
        headline(&both).text(),
        "✗ Audit wrong: 241 sent, 241 arrived, 241 recorded. Requests that arrived more than once: 1 (#4)."
    );
    let short = |audit: &str, check: &str| short(&RunSummary::from(&run(audit, check))).text();
    assert_eq!(short(&audit, &check), "✗ audit wrong");
    assert_eq!(short(VERIFIED, &check), "✗ dashboard wrong");
    assert_eq!(short(VERIFIED, r#"{"outcome":"notChecked"}"#), "○ dashboard not checked");
    assert_eq!(short(&VERIFIED.replace("\"capKept\":true", "\"capKept\":false"), RIGHT), "✗ cap broken");
    assert_eq!(short(&VERIFIED.replace("\"capKept\":true,", ""), RIGHT), "○ cap not checked");
}

#[test]
fn a_run_that_an_older_version_closed_after_a_crash_has_no_audit() {
    let mut run = run(VERIFIED, RIGHT);
    run.stats.audit = None;
    run.stats.dashboard_check = None;
    assert!(texts(&run)[0].starts_with("○ No audit"), "{:?}", texts(&run));
    assert_eq!(short(&RunSummary::from(&run)).text(), "–");
}

#[test]
fn a_line_above_the_details_says_what_is_wrong_before_what_is_open() {
    let missing = VERIFIED.replace("\"arrived\":241", "\"arrived\":240");
    let not_checked = r#"{"outcome":"notChecked","gaps":["the dashboard's query gave no answer"]}"#;
    let no_cap = VERIFIED.replace("\"capKept\":true,", "");
    let broken = VERIFIED.replace("\"capKept\":true", "\"capKept\":false");
    let rows = [
        (&missing[..], RIGHT, "✓ Verified: 241 sent, 240 arrived, 241 recorded · cap kept · dashboard agrees"),
        (VERIFIED, not_checked, "○ Dashboard not checked: the dashboard's query gave no answer."),
        (&no_cap, RIGHT, "○ Cap not checked: the arrival times of the requests are no longer known."),
        (&broken, not_checked, "✗ Cap broken: the server saw at most 20 requests in any second; 20 are allowed."),
    ];
    for (audit, check, words) in rows {
        assert_eq!(headline(&run(audit, check)).text(), words);
    }
    let mut older = run(VERIFIED, RIGHT);
    older.stats.dashboard_check = None;
    assert_eq!(headline(&older).text(), "✓ Verified: sent = arrived = recorded · cap kept");
}

#[test]
fn before_the_end_the_line_says_what_comes() {
    let rows = [
        (Status::Running, false, "Audit, cap, clean-up and dashboard are checked at the end of the run."),
        (Status::Completed, false, "The run is being closed: every request is accounted for now."),
        (
            Status::Completed,
            true,
            "○ Finished, not stored yet: the database can't be written. The server keeps trying.",
        ),
    ];
    for (status, unstored, words) in rows {
        assert_eq!(headline(&Run { unstored, ..fixture::run(status, false) }).text(), words);
    }
}
