//! A verdict that can fail: what is not known is never shown as verified.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::Connection;
use tempfile::TempDir;
use traffic_simulator::platform::database::Database;

use crate::server::TestServer;

fn settings(scenario: &str, endpoints: Value) -> Value {
    json!({ "scenario": scenario, "duration": 5, "maxRps": 10, "endpoints": endpoints, "seed": 3 })
}

/// One sample of `/metrics`.
async fn sample(server: &TestServer, name: &str) -> f64 {
    let text = server.get("/metrics").await.text;
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {text}"));
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}

/// The writers give a batch up after 40 seconds, so this takes a while.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_rows_were_dropped_because_the_database_was_locked_is_incomplete() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("normal", json!(["list", "get"]))).await;
    while server.job(&id).await["stats"]["sent"].as_u64() < Some(5) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut other = server.sql().await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.expect("a lock");
    let gone = tokio::time::Instant::now() + Duration::from_secs(60);
    while sample(&server, "traffic_simulator_rows_dropped_total").await == 0.0 {
        assert!(tokio::time::Instant::now() < gone, "no row was dropped");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    lock.rollback().await.expect("unlocked");
    let job = server.closed(&id).await;
    let (audit, sent) = (&job["stats"]["audit"], &job["stats"]["sent"]);
    let dropped = audit["dropped"].as_u64().expect("a number");
    assert_eq!(
        (&audit["outcome"], audit["differences"].as_array().map(Vec::len)),
        (&json!("incomplete"), Some(0)),
        "{job}"
    );
    assert!(dropped > 0 && audit["recorded"].as_u64() == sent.as_u64().map(|sent| sent - dropped), "{job}");
    let words = format!("{dropped} of {sent} requests were not recorded (dropped, counted)");
    assert_eq!(audit["gaps"][0], words, "{job}");
    assert_eq!(job["stats"]["dashboardCheck"]["outcome"], "notChecked", "{job}");

    let page = server.get(&format!("/runs/{id}")).await.text;
    let report = server.get(&format!("/traffic/runs/{id}/export?format=html")).await.text;
    for text in [&page, &report] {
        assert!(text.contains(&format!("Audit incomplete: {words}.")), "{text}");
        assert!(text.contains("Dashboard not checked: requests of the run were not recorded"), "{text}");
        assert!(!text.contains("Audit verified") && !text.contains("Dashboard right"), "{text}");
    }
    assert!(server.get("/runs").await.text.contains("○ audit incomplete"));
    assert!(server.get("/").await.text.contains("○ audit incomplete"));
    let summary = &server.get("/traffic/runs").await.json()["runs"][0];
    assert_eq!((&summary["audit"], &summary["dashboardCheck"]), (&json!("incomplete"), &json!("notChecked")));
    assert_eq!(sample(&server, "traffic_simulator_audits_total{outcome=\"incomplete\"}").await, 1.0);
    assert_eq!(sample(&server, "traffic_simulator_audits_total{outcome=\"verified\"}").await, 0.0);
    assert_eq!(sample(&server, "traffic_simulator_dashboard_checks_total{outcome=\"notChecked\"}").await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_vanish_or_appear_behind_the_program_s_back_make_the_audit_wrong() {
    // What happens to each fourth row of a run as it is stored.
    for (fault, words) in [
        ("DELETE FROM recorded_requests WHERE id = NEW.id", "not recorded in the database, nor counted as dropped: "),
        (
            "UPDATE recorded_requests SET seq = seq + 1000 WHERE id = NEW.id",
            "recorded in the database, but never sent: ",
        ),
        (
            "UPDATE recorded_requests SET seq = seq + 1 WHERE id = NEW.id",
            "requests that were recorded more than once: ",
        ),
    ] {
        let server = TestServer::start().await;
        let trigger =
            format!("CREATE TRIGGER fault AFTER INSERT ON recorded_requests WHEN NEW.seq % 4 = 0 BEGIN {fault}; END");
        sqlx::query(sqlx::AssertSqlSafe(trigger)).execute(&mut server.sql().await).await.expect("a trigger");
        let id = server.start_run(&settings("normal", json!(["list"]))).await;
        let job = server.closed(&id).await;
        let audit = &job["stats"]["audit"];
        assert_eq!((&audit["outcome"], &job["status"]), (&json!("wrong"), &json!("completed")), "{fault}: {audit}");
        let differences = audit["differences"].as_array().expect("a list");
        let found =
            differences.iter().any(|difference| difference.as_str().is_some_and(|text| text.starts_with(words)));
        assert!(found, "{fault}: {audit}");
        assert!(server.get("/runs").await.text.contains("✗ audit wrong"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_somebody_else_removed_makes_the_audit_wrong() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("normal", json!(["create"]))).await;
    loop {
        let mut sql = server.sql().await;
        let removed = "DELETE FROM users WHERE id = (SELECT id FROM users WHERE run IS NOT NULL LIMIT 1)";
        if sqlx::query(removed).execute(&mut sql).await.expect("an answer").rows_affected() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let job = server.closed(&id).await;
    assert_eq!(job["stats"]["audit"]["outcome"], "wrong", "{job}");
    let words = job["stats"]["audit"]["differences"][0].as_str().expect("words");
    assert!(words.contains("users of the run were found"), "{words}");
}

/// The same server once more, with its database changed meanwhile. The folder has to live as long as the server.
async fn started_again(server: TestServer, changes: &[String]) -> (TestServer, TempDir) {
    let folder = server.shut_down().await;
    (started_in(&folder, changes).await, folder)
}

async fn started_in(folder: &TempDir, changes: &[String]) -> TestServer {
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let database = Database::open(&url).await.expect("the database");
    let mut transaction = database.begin().await.expect("a transaction");
    for change in changes {
        sqlx::query(sqlx::AssertSqlSafe(change.clone())).execute(&mut *transaction).await.expect("a change");
    }
    transaction.commit().await.expect("a commit");
    database.close().await;
    TestServer::start_with(|config| config.database_url = url).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_closed_after_a_crash_is_incomplete_unless_a_request_occurs_twice() {
    for (fault, outcome, words) in [
        (None, "incomplete", "what arrived is not known any more, because the server that ran it was killed"),
        (
            Some(
                "INSERT INTO recorded_requests SELECT randomblob(16), arrived_at, method, route, status, duration_us, origin, run, seq FROM recorded_requests WHERE run IS NOT NULL",
            ),
            "wrong",
            "requests that were recorded more than once: ",
        ),
    ] {
        let server = TestServer::start().await;
        let id = server.start_run(&settings("normal", json!("all"))).await;
        server.closed(&id).await;
        // As a killed process leaves it.
        let unclosed = "UPDATE runs SET closed = 0, status = 'running', job = json_remove(json_set(job, '$.closed', json('false'), \
                        '$.status', 'running'), '$.stats.audit', '$.stats.dashboardCheck')";
        let changes: Vec<String> = std::iter::once(unclosed).chain(fault).map(str::to_owned).collect();
        let (again, _folder) = started_again(server, &changes).await;
        let job = again.job(&id).await;
        assert_eq!((&job["status"], &job["closed"]), (&json!("error"), &json!(true)));
        let audit = &job["stats"]["audit"];
        assert_eq!(audit["outcome"], outcome, "{job}");
        let found =
            [&audit["differences"], &audit["gaps"]].into_iter().flat_map(|list| list.as_array().expect("a list"));
        assert!(found.filter_map(Value::as_str).any(|found| found.starts_with(words)), "{audit}");
        assert_eq!((audit.get("capKept"), audit.get("arrived")), (None, None), "nobody knows: {audit}");
        assert_eq!(job["stats"]["dashboardCheck"]["outcome"], "notChecked", "{job}");
        let page = again.get(&format!("/runs/{id}")).await.text;
        assert!(page.contains("Cap not checked") && !page.contains("✓"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_an_older_version_are_read_as_they_are_and_those_with_drops_as_incomplete() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("normal", json!(["list"]))).await;
    server.closed(&id).await;
    let folder = server.shut_down().await;
    // As version 0.1 wrote it.
    let older = |verified: bool, dropped: u32| {
        let differences = if verified { "[]" } else { r#"["a row is missing"]"# };
        let recorded = 149 - dropped;
        let books = format!(
            r#"{{"verified":{verified},"capKept":true,"sent":149,"neverArrived":0,"arrived":149,"recorded":{recorded},"dropped":{dropped},
               "ledgerDropped":{dropped},"mostInAnySecond":20,"cap":20,"capViolations":0,"created":4,"removed":4,"differences":{differences}}}"#
        );
        let truth = r#"{"right":true,"requests":149,"arrived":149,"errorRate":0.0,"injected":0.0,"p95":2.03,"exactP95":2.03,"differences":[]}"#;
        format!(
            "UPDATE runs SET job = json_set(json_remove(job, '$.stats.audit', '$.stats.dashboardCheck'), \
             '$.stats.books', json('{books}'), '$.stats.truth', json('{truth}')), summary = NULL"
        )
    };
    for (verified, dropped, outcomes, words) in [
        (true, 0, ["verified", "right"], ["Audit verified: 149 sent, 149 arrived, 149 recorded.", "✓ verified"]),
        (
            true,
            114,
            ["incomplete", "notChecked"],
            ["Audit incomplete: 114 of 149 requests were not recorded (dropped, counted).", "○ audit incomplete"],
        ),
        (false, 0, ["wrong", "right"], ["A row is missing.", "✗ audit wrong"]),
    ] {
        let server = started_in(&folder, &[older(verified, dropped)]).await;
        let job = server.job(&id).await;
        let found = [&job["stats"]["audit"]["outcome"], &job["stats"]["dashboardCheck"]["outcome"]];
        assert_eq!(found.map(|outcome| outcome.as_str()), outcomes.map(Some), "{job}");
        let summary = &server.get("/traffic/runs").await.json()["runs"][0];
        assert_eq!([&summary["audit"], &summary["dashboardCheck"]].map(|outcome| outcome.as_str()), outcomes.map(Some));
        assert!(job["stats"].get("books").is_none() && job["stats"].get("truth").is_none(), "{job}");
        assert!(server.get(&format!("/runs/{id}")).await.text.contains(words[0]), "{}", words[0]);
        assert!(server.get("/runs").await.text.contains(words[1]), "{}", words[1]);
        server.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_request_of_a_run_that_is_sealed_forgotten_or_unknown_is_gone_and_never_real() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("normal", json!(["list"]))).await;
    server.closed(&id).await;
    let claim = |run: &str, key: &str| {
        server
            .request("POST", "/api/v1/users")
            .header("content-type", "application/json")
            .header("x-traffic-run", run)
            .header("x-traffic-seq", "3")
            .header("x-traffic-key", key)
            .body(r#"{"name":"Late","email":"late@example.com"}"#)
    };
    let rows = "SELECT count(*) FROM recorded_requests WHERE run IS NOT NULL";
    let (simulated, users) = (server.count(rows).await, server.count("SELECT count(*) FROM users").await);
    let unknown = "019b76da-a800-7000-8000-000000000000";
    let gone = server.send(claim(unknown, &"0".repeat(32))).await;
    assert_eq!(gone.status, 410);
    assert!(gone.problem()["detail"].as_str().is_some_and(|words| words.contains("x-traffic")));
    assert_eq!(server.count("SELECT count(*) FROM users").await, users);
    while server.count(rows).await == simulated {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.count("SELECT count(*) FROM recorded_requests WHERE run IS NULL").await, 0, "never as real");
    let of_unknown = "SELECT count(*) FROM recorded_requests WHERE run = x'019b76daa80070008000000000000000'";
    assert_eq!(server.count(of_unknown).await, 0, "nor as one of a run, which nobody could check");
    // Neither is a request that only looks like one.
    let malformed = server.send(claim("not a run", &"0".repeat(32))).await;
    assert_eq!(malformed.status, 201, "it is a real request with odd headers");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_settings_are_the_same_words_wherever_they_stand_and_two_delays_differ() {
    let server = TestServer::start().await;
    let mut ids = Vec::new();
    for delay in ["client", "server"] {
        let mut settings = settings("latency-degradation", json!(["list"]));
        settings["delay"] = json!(delay);
        let id = server.start_run(&settings).await;
        server.closed(&id).await;
        ids.push(id);
    }
    for (id, words) in ids.iter().zip(["pauses between requests", "delay in the server&#39;s response"]) {
        let plain = words.replace("&#39;", "'");
        for path in [
            format!("/runs/{id}"),
            format!("/traffic/runs/{id}/export?format=html"),
            "/runs".to_owned(),
            "/".to_owned(),
        ] {
            let text = server.get(&path).await.text;
            assert!(text.contains(words) || text.contains(&plain), "{path} does not say: {words}");
        }
    }
    let client = server.get(&format!("/runs/{}", ids[0])).await.text;
    assert!(client.contains("about 2.5 per second, at most 5.0"), "{client}");
    assert!(!client.contains("19.8 per second"), "{client}");
    let comparison = server.get(&format!("/runs/compare?a={}&b={}", ids[0], ids[1])).await.text;
    let differing = comparison.split("<ul class=\"differing\">").nth(1).expect("settings that differ");
    let words = "pauses between requests → delay in the server's response";
    assert!(differing.replace("&#39;", "'").contains(words), "{differing}");
}
