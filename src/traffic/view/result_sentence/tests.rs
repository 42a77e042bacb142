//! Sentences of literal runs: for each scenario and each end.

use super::*;
use crate::origin::RunId;
use crate::traffic::engine::mix::Call;
use crate::traffic::engine::outcome::FateCount;
use crate::traffic::engine::stats::{CallStats, Witnesses};
use crate::traffic::model::{Endpoints, Settings};

fn latency(count: u32, p95: f64, max: f64) -> Latency {
    let some = |ms| (count > 0).then_some(ms);
    Latency { count, p95: some(p95), max: some(max), ..Latency::default() }
}

/// A completed run of 30 s: how many requests of each call were ok, and how many of them failed.
fn run(scenario: Scenario, calls: &[(Call, u32, u32)]) -> Run {
    let settings =
        Settings { scenario, duration: 30, max_rps: 20, endpoints: Endpoints::all(), seed: 9, delay: Delay::Client };
    let of = |(call, ok, failed): &(Call, u32, u32)| CallStats {
        call: *call,
        ok: *ok,
        failed: *failed,
        service: Latency::default(),
    };
    let ok: u32 = calls.iter().map(|(_, ok, _)| ok).sum();
    let failed: u32 = calls.iter().map(|(_, _, failed)| failed).sum();
    let mut stats = Stats {
        elapsed: 30_000,
        planned: 594,
        sent: ok + failed,
        total_requests: ok + failed,
        successful_requests: ok,
        failed_requests: failed,
        calls: calls.iter().map(of).collect(),
        ..Stats::default()
    };
    stats.service.ok = latency(ok, 2.69, 81.2);
    stats.response.ok = latency(ok, 480.4, 512.0);
    Run { status: Status::Completed, closed: true, stats, ..Run::starting(RunId(uuid::Uuid::nil()), settings, 20, 0) }
}

const ERRORS: [(Call, u32, u32); 2] = [(Call::List, 416, 0), (Call::Error, 98, 80)];

#[test]
fn each_scenario_says_what_failed_whether_that_was_planned_and_how_long_it_took() {
    let fine = [(Call::List, 594, 0)];
    let server = |run: Run| Run { delay: Delay::Server, ..run };
    let rows = [
        (run(Scenario::Normal, &fine), "594 requests, none failed; p95 2.7 ms, slowest 81 ms."),
        (run(Scenario::Peak, &fine), "594 requests, none failed; p95 2.7 ms, slowest 81 ms."),
        (run(Scenario::Stress, &fine), "594 requests, none failed; p95 2.7 ms, slowest 81 ms."),
        (
            run(Scenario::ErrorInjection, &ERRORS),
            "13.5 % of 594 requests failed, all on GET /api/v1/users/error, as planned (15 % ± 4.5); p95 2.7 ms, slowest 81 ms.",
        ),
        (
            run(Scenario::LatencyDegradation, &fine),
            "594 requests, none failed; response time p95 480 ms, 100–500 ms of it a planned pause on the client; service time p95 2.7 ms, slowest 81 ms.",
        ),
        (
            server(run(Scenario::LatencyDegradation, &fine)),
            "594 requests, none failed; service time p95 2.7 ms, slowest 81 ms, 100–500 ms of it a planned delay in the server's response.",
        ),
    ];
    for (run, sentence) in rows {
        assert_eq!(result_sentence(&run), sentence);
    }
}

#[test]
fn failures_are_as_planned_within_four_sigma_and_on_the_error_endpoint_only() {
    let errors =
        |ok, failed| run(Scenario::ErrorInjection, &[(Call::List, 594 - ok - failed, 0), (Call::Error, ok, failed)]);
    // Of 178 calls 89 fail on average, and four sigma are 26.7.
    let rows = [
        (errors(116, 62), "10.4 % of 594 requests failed, all on GET /api/v1/users/error, not as planned (15 % ± 4.5)"),
        (errors(115, 63), "10.6 % of 594 requests failed, all on GET /api/v1/users/error, as planned (15 % ± 4.5)"),
        (errors(63, 115), "19.4 % of 594 requests failed, all on GET /api/v1/users/error, as planned (15 % ± 4.5)"),
        (errors(62, 116), "19.5 % of 594 requests failed, all on GET /api/v1/users/error, not as planned (15 % ± 4.5)"),
        (errors(178, 0), "594 requests, none failed, not as planned (15 % ± 4.5)"),
        (
            run(Scenario::ErrorInjection, &[(Call::List, 7, 0), (Call::Error, 3, 0)]),
            "10 requests, none failed, within the plan (15 % ± 34.6)",
        ),
        (
            run(Scenario::ErrorInjection, &[(Call::List, 401, 15), (Call::Error, 98, 80)]),
            "16.0 % of 594 requests failed: 80 on GET /api/v1/users/error, as planned (15 % ± 4.5), and 15 elsewhere, not as planned",
        ),
        (
            run(Scenario::Normal, &[(Call::List, 100, 0), (Call::Get, 90, 10)]),
            "5.0 % of 200 requests failed, all on GET /api/v1/users/{id}, not as planned",
        ),
        (
            run(Scenario::Normal, &[(Call::List, 90, 10), (Call::Get, 90, 10)]),
            "10.0 % of 200 requests failed, on 2 endpoints, not as planned",
        ),
        (
            run(Scenario::Stress, &[(Call::List, 11_875, 5), (Call::Get, 1, 0)]),
            "5 of 11\u{202f}881 requests failed, all on GET /api/v1/users, not as planned",
        ),
        (
            run(Scenario::Normal, &[(Call::List, 19, 1)]),
            "5.0 % of 20 requests failed, on GET /api/v1/users, not as planned",
        ),
    ];
    for (run, sentence) in rows {
        let said = result_sentence(&run);
        assert_eq!(said.split(';').next(), Some(sentence), "{said}");
    }
}

#[test]
fn the_expected_share_is_that_of_the_dashboard_check_once_it_is_made() {
    let mut checked = run(Scenario::ErrorInjection, &ERRORS);
    let check = r#"{"outcome":"right","expected":{"share":0.1,"fourSigma":0.02}}"#;
    checked.stats.dashboard_check = Some(serde_json::from_str(check).expect("a check"));
    assert!(result_sentence(&checked).contains("not as planned (10 % ± 2);"), "{}", result_sentence(&checked));
}

#[test]
fn each_end_says_when_and_why() {
    let ended = |status, reason, elapsed| {
        let mut run = Run { status, reason, ..run(Scenario::Normal, &[(Call::List, 237, 0)]) };
        run.stats.elapsed = elapsed;
        run
    };
    let early = |reason| ended(Status::Error, Some(reason), 12_300);
    let mut killed = early(Reason::Interrupted);
    killed.stats.recounted = Some(Witnesses { by_client: 231, by_server: 6 });
    let rest = ": 237 requests, none failed; p95 2.7 ms, slowest 81 ms.";
    let rows = [
        (ended(Status::Cancelled, None, 12_300), "Stopped after 12 s"),
        (ended(Status::Cancelled, None, 700), "Stopped within the first second"),
        (early(Reason::TargetDown), "Ended early after 12 s, because the API did not answer fifty requests in a row"),
        (early(Reason::Storage), "Ended early after 12 s, because the database could not be written"),
        (early(Reason::Panic), "Ended early after 12 s, because the generator failed"),
        (
            early(Reason::Interrupted),
            "Ended early after 12 s, because the server stood still or was killed during the run",
        ),
        (early(Reason::Shutdown), "Ended early after 12 s, because the server was shut down"),
        (
            early(Reason::Cap),
            "Ended early after 12 s, because more requests arrived within one second than the cap allows",
        ),
        (ended(Status::Error, None, 12_300), "Ended early after 12 s"),
        (
            ended(Status::Error, Some(Reason::Storage), 30_000),
            "Failed at its end, because the database could not be written",
        ),
        (ended(Status::Running, None, 12_300), "So far"),
    ];
    for (run, end) in rows {
        assert_eq!(result_sentence(&run), format!("{end}{rest}"));
    }
    let end = "Ended early after 12 s, because the server was killed";
    assert_eq!(result_sentence(&killed), format!("{end}{rest} 6 requests were seen by the server alone."));
}

#[test]
fn what_was_not_sent_or_not_answered_is_named() {
    let mut few = run(Scenario::Normal, &[(Call::List, 3, 0)]);
    few.stats = Stats { missed: 6, planned: 10, cancelled: 1, ..few.stats };
    assert_eq!(
        result_sentence(&few),
        "3 requests, none failed; slowest 81 ms. 6 of 10 planned requests were missed. 1 request in flight was cancelled."
    );
    let nothing = |sent| {
        let mut run = run(Scenario::Peak, &[]);
        run.status = Status::Cancelled;
        run.stats = Stats { sent, elapsed: 0, ..run.stats };
        result_sentence(&run)
    };
    assert_eq!(nothing(0), "Stopped within the first second: no request was sent.");
    assert_eq!(nothing(2), "Stopped within the first second: 2 requests sent, none answered.");
    let down = |fates: &[(&str, u32)]| {
        let mut run = run(Scenario::Normal, &[(Call::List, 0, 25), (Call::Get, 0, 25)]);
        run.status = Status::Error;
        let fate = |(name, count): &(&str, u32)| FateCount { name: (*name).to_owned(), count: *count };
        run.stats.fates = fates.iter().map(fate).collect();
        failures(&run.stats) + &place(&run.stats)
    };
    let rows = [
        (down(&[("connect", 50)]), "all 50 requests failed, because the connection was refused"),
        (down(&[("timeout", 50), ("cancelled", 2)]), "all 50 requests failed, without a response within 5 s"),
        (down(&[("transport", 50)]), "all 50 requests failed, because the connection broke"),
        (down(&[("transport", 10), ("503", 40)]), "all 50 requests failed, on 2 endpoints"),
    ];
    for (said, words) in rows {
        assert_eq!(said, words);
    }
}

#[test]
fn the_strip_says_it_in_short() {
    let mut missed = run(Scenario::Normal, &[(Call::List, 588, 0)]);
    missed.stats.missed = 6;
    let stopped = Run { status: Status::Cancelled, ..run(Scenario::LatencyDegradation, &[(Call::List, 30, 0)]) };
    let rows = [
        (run(Scenario::ErrorInjection, &ERRORS), "13.5 % of 594 requests failed, as planned (15 ± 4.5); p95 2.7 ms"),
        (missed, "588 requests, none failed; p95 2.7 ms; 6 missed"),
        (stopped, "Stopped after 30 s: 30 requests, none failed; response time p95 480 ms"),
        (run(Scenario::Peak, &[(Call::List, 5, 5)]), "50.0 % of 10 requests failed, not as planned; slowest 81 ms"),
        (
            run(Scenario::ErrorInjection, &[(Call::List, 401, 15), (Call::Error, 98, 80)]),
            "16.0 % of 594 requests failed, not as planned (15 ± 4.5); p95 2.7 ms",
        ),
    ];
    for (run, sentence) in rows {
        assert_eq!(strip_sentence(&run), sentence);
    }
}

#[test]
fn a_run_without_its_lists_says_what_is_left() {
    let mut bare = run(Scenario::ErrorInjection, &ERRORS);
    bare.stats.calls = Vec::new();
    assert_eq!(result_sentence(&bare), "13.5 % of 594 requests failed; p95 2.7 ms, slowest 81 ms.");
}
