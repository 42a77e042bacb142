//! The result of a run is stored, however long that takes; and what can't be stored or read costs that run only.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::server::TestServer;

async fn run_sql(server: &TestServer, statement: &'static str) {
    sqlx::query(statement).execute(&mut server.sql().await).await.expect(statement);
}

async fn short_run(server: &TestServer) -> String {
    let settings = json!({ "scenario": "normal", "duration": 60, "maxRps": 5, "endpoints": "all" });
    let id = server.start_run(&settings).await;
    server.post(&format!("/traffic/stop/{id}"), "").await;
    server.closed(&id).await;
    id
}

async fn until(server: &TestServer, id: &str, what: fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let job = server.job(id).await;
        if what(&job) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not within 30 s: {}", server.job(id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_waits_for_a_locked_database_and_says_so() {
    let server = TestServer::start().await;
    let settings = json!({ "scenario": "normal", "duration": 5, "maxRps": 1, "endpoints": ["list"] });
    let id = server.start_run(&settings).await;
    until(&server, &id, |job| job["stats"]["sent"] == 1).await;
    // Until both writers have their row.
    while server.count("SELECT (SELECT count(*) FROM ledger) + (SELECT count(*) FROM recorded_requests)").await < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut other: SqliteConnection = server.sql().await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.expect("a lock");
    server.post(&format!("/traffic/stop/{id}"), "").await;
    let job = until(&server, &id, |job| job["unstored"] == true).await;
    assert_eq!(job["closed"], false, "{job}");
    let status = job["status"].clone();

    let refused = server.post("/traffic/start", settings.to_string()).await;
    assert_eq!((refused.status, refused.header("retry-after")), (409, "1"));
    let problem = refused.problem();
    assert_eq!(problem["jobId"], json!(id));
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("finished, not stored yet")), "{problem}");
    let path = format!("/traffic/runs/{id}");
    assert_eq!(server.with_json("DELETE", &path, "").await.status, 409);
    for page in [format!("/runs/{id}"), "/runs".to_owned(), "/".to_owned()] {
        assert!(server.get(&page).await.text.contains("finished, not stored yet"), "{page}");
    }

    lock.rollback().await.expect("unlocked");
    let job = server.closed(&id).await;
    assert_eq!((&job["status"], &job["unstored"]), (&status, &Value::Null), "{job}");
    let stored =
        "SELECT count(*) FROM runs WHERE closed = 1 AND job ->> '$.unstored' IS NULL AND job ->> '$.stats.sent' = 1";
    assert_eq!(server.count(stored).await, 1);
    server.start_run(&settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_refuses_for_ever_leaves_a_closed_row() {
    let server = TestServer::start().await;
    let planted =
        "CREATE TRIGGER planted BEFORE UPDATE ON runs WHEN NEW.closed = 1 BEGIN SELECT RAISE(ABORT, 'planted'); END";
    run_sql(&server, planted).await;
    let refused = short_run(&server).await;
    run_sql(&server, "DROP TRIGGER planted").await;
    let settings = json!({ "scenario": "normal", "duration": 60, "maxRps": 5, "endpoints": "all" });
    let gone = server.start_run(&settings).await;
    run_sql(&server, "DELETE FROM runs WHERE closed = 0").await;
    server.post(&format!("/traffic/stop/{gone}"), "").await;
    let done = server.get(&format!("/traffic/stream/{gone}")).await;
    assert_eq!(done.text.matches("event: done\n").count(), 1, "{}", done.text);
    for id in [refused, gone] {
        let job = server.closed(&id).await;
        assert_eq!((&job["status"], &job["reason"]), (&json!("error"), &json!("storage")), "{job}");
    }
    let stored =
        "SELECT count(*) FROM runs WHERE closed = 1 AND job ->> '$.reason' = 'storage' AND job ->> '$.closed' = 1";
    assert_eq!(server.count(stored).await, 2);
    short_run(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_can_not_be_read_costs_no_other_and_can_be_deleted() {
    let server = TestServer::start().await;
    let damages = [
        "UPDATE runs SET job = 'no JSON', summary = '{' WHERE id = (SELECT max(id) FROM runs)",
        "UPDATE runs SET job = x'00ff17', summary = x'00ff17' WHERE id = (SELECT max(id) FROM runs)",
        "UPDATE runs SET job = json_set(job, '$.scenario', 'newer'), summary = json_set(summary, '$.scenario', 'newer') WHERE id = (SELECT max(id) FROM runs)",
    ];
    let mut damaged = Vec::new();
    for damage in damages {
        damaged.insert(0, short_run(&server).await);
        run_sql(&server, damage).await;
    }
    let newer = short_run(&server).await;
    run_sql(
        &server,
        "UPDATE runs SET job = json_set(job, '$.mood', 1, '$.stats.mood', 1), summary = json_set(summary, '$.mood', 1) WHERE id = (SELECT max(id) FROM runs)",
    )
    .await;
    let whole = short_run(&server).await;
    // Those that are just ended are still answered from memory.
    let server = server.again().await;

    let page = server.get("/traffic/runs").await.json();
    let read: Vec<&str> =
        page["runs"].as_array().expect("runs").iter().filter_map(|run| run["jobId"].as_str()).collect();
    assert_eq!((read, &page["unreadable"]), (vec![whole.as_str(), newer.as_str()], &json!(damaged)));
    assert_eq!(server.get("/traffic/runs?scenario=normal").await.json()["runs"].as_array().map(Vec::len), Some(2));
    let first = server.get("/traffic/runs?limit=3").await.json();
    let rest =
        server.get(&format!("/traffic/runs?cursor={}", first["next"].as_str().expect("a next page"))).await.json();
    assert_eq!(rest["unreadable"], json!(damaged[1..]), "pages go on behind them");
    let dashboard = server.get("/").await.text;
    assert!(dashboard.contains("Newest runs") && !dashboard.contains("The runs could not be loaded"), "{dashboard}");
    let html = server.get("/runs").await.text;
    for id in &damaged {
        assert!(html.contains(id), "its id is shown, and by it the way to delete it");
        let path = format!("/traffic/runs/{id}");
        let refused = server.get(&path).await;
        assert!(
            refused.status == 500
                && refused.problem()["detail"].as_str().is_some_and(|words| words.contains("can be deleted"))
        );
        assert_eq!(server.with_json("DELETE", &path, "").await.status, 204);
    }
    assert_eq!(server.get("/traffic/runs").await.json()["unreadable"], Value::Null);
}

/// As a killed process leaves it: the newest run is open, in the state that it has.
async fn leave_open(server: &TestServer) {
    run_sql(server, "UPDATE runs SET closed = 0, job = json_set(job, '$.closed', json('false')) WHERE id = (SELECT max(id) FROM runs)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_had_ended_when_the_process_died_keeps_how_it_ended() {
    let server = TestServer::start().await;
    let settings = json!({ "scenario": "error-injection", "duration": 5, "maxRps": 20, "endpoints": "all" });
    let id = server.start_run(&settings).await;
    let before = server.closed(&id).await;
    leave_open(&server).await;
    let server = server.again().await;
    let after = server.job(&id).await;
    for field in ["status", "reason", "startTime", "endTime"] {
        assert_eq!(after[field], before[field], "{field}: {after}");
    }
    assert_eq!(after["closed"], true);
    let failures = |job: &Value| -> Vec<(Value, Value, Value, Value)> {
        let failures = job["stats"]["recentFailures"].as_array().cloned().unwrap_or_default();
        let mut failures: Vec<_> = failures
            .iter()
            .map(|one| (one["seq"].clone(), one["status"].clone(), one["path"].clone(), one["requestId"].clone()))
            .collect();
        failures.sort_by_key(|(seq, ..)| seq.as_u64());
        failures
    };
    assert!(!failures(&before).is_empty(), "something failed");
    assert_eq!(failures(&after), failures(&before), "a killed run lists its failures, too");
    let groups = |job: &Value| -> Vec<(Value, Value)> {
        let groups = job["stats"]["failures"].as_array().cloned().unwrap_or_default();
        groups.iter().map(|group| (group["outcome"].clone(), group["count"].clone())).collect()
    };
    assert_eq!(groups(&after), groups(&before), "and in the same groups");
    assert_eq!(after["stats"]["recounted"], json!({ "byClient": before["stats"]["sent"], "byServer": 0 }));
    assert_eq!(before["stats"]["recounted"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_without_its_ledger_lists_its_failures_from_the_servers_record() {
    let server = TestServer::start().await;
    let settings = json!({ "scenario": "error-injection", "duration": 5, "maxRps": 20, "endpoints": "all" });
    let id = server.start_run(&settings).await;
    let before = server.closed(&id).await;
    // As if it had been killed before its ledger was written.
    run_sql(&server, "DELETE FROM ledger").await;
    run_sql(
        &server,
        "UPDATE runs SET closed = 0, job = json_set(job, '$.closed', json('false'), '$.status', 'running')",
    )
    .await;
    let server = server.again().await;

    let after = server.job(&id).await;
    assert_eq!((&after["status"], &after["reason"]), (&json!("error"), &json!("interrupted")));
    let recorded = before["stats"]["sent"].clone();
    assert_eq!(after["stats"]["recounted"], json!({ "byClient": 0, "byServer": recorded }), "the JSON says who saw it");
    let stats = |job: &Value, name: &str| job["stats"][name].clone();
    for name in ["totalRequests", "failedRequests", "fates"] {
        assert_eq!(stats(&after, name), stats(&before, name), "{name}");
    }
    let groups = after["stats"]["failures"].as_array().expect("groups").clone();
    let count: u64 = groups.iter().filter_map(|group| group["count"].as_u64()).sum();
    assert!(count > 0 && Some(count) == after["stats"]["failedRequests"].as_u64(), "{groups:?}");
    for group in groups {
        assert_eq!(group["call"], "error");
        assert!(group["first"].as_u64() <= group["last"].as_u64() && group["first"].is_u64(), "{group}");
        let sample = group["sample"]["requestId"].as_str().expect("an id");
        assert_eq!(server.get(&format!("/requests/{sample}")).await.status, 200, "its record can be opened");
    }
    let single = server.get(&format!("/fn/traffic/failures?job_id={id}")).await.json();
    assert_eq!(single, after["stats"]["recentFailures"]);
    assert_eq!(single.as_array().map(|all| all.len() as u64), Some(count));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_left_over_that_can_not_be_read_does_not_keep_the_program_from_starting() {
    let server = TestServer::start().await;
    let rows = short_run(&server).await;
    run_sql(&server, "INSERT INTO ledger (run, seq, call, wanted, due, sent, service, fate) SELECT id, 9999, 'GET /people', 0, 0, 0, 0, '200' FROM runs").await;
    leave_open(&server).await;
    let server = server.again().await;
    assert_eq!(server.job(&rows).await["closed"], true);
    let damaged = short_run(&server).await;
    leave_open(&server).await;
    run_sql(&server, "UPDATE runs SET job = 'no JSON' WHERE closed = 0").await;
    let server = server.again().await;
    let page = server.get("/traffic/runs").await.json();
    assert_eq!((&page["runs"][0]["jobId"], &page["unreadable"]), (&json!(rows), &json!([damaged])));
    short_run(&server).await;
}
