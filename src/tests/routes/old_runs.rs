//! What stays of a run when the recorded requests are gone, and of runs that older versions stored.

use serde_json::{Value, json};

use crate::server::TestServer;

fn settings(scenario: &str, duration: u32) -> Value {
    json!({ "scenario": scenario, "duration": duration, "maxRps": 20, "endpoints": "all", "seed": 5 })
}

/// A server on the same database: nothing of the runs is in memory any more.
async fn restarted(server: TestServer) -> TestServer {
    let folder = server.shut_down().await;
    TestServer::start_in(folder, "127.0.0.1:0", |_| {}).await
}

async fn execute(server: &TestServer, statement: &'static str) {
    sqlx::query(statement).execute(&mut server.sql().await).await.expect("executed");
}

/// The text of an element that begins so.
fn element<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let from = page.find(start).unwrap_or_else(|| panic!("{start} is missing in {} bytes", page.len()));
    let rest = &page[from..];
    &rest[..rest.find(end).expect("its end")]
}

/// The sentence about both sides of a run.
fn both_sides(page: &str) -> String {
    element(page, "p95 of the ", " in the server.").to_owned()
}

/// The rows of the table of responses, of which each is a second.
fn seconds(page: &str) -> usize {
    element(page, "id=\"responses\"", "</figure>").matches("<th scope=\"row\">").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_stays_readable_when_its_requests_are_not_kept_any_more() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("error-injection", 5)).await;
    let job = server.closed(&id).await;
    let path = format!("/runs/{id}");
    let fresh = server.get(&path).await.text;
    let said = both_sides(&fresh);
    let timeline = server.get(&format!("/fn/traffic/timeline?job_id={id}")).await.json();
    execute(&server, "DELETE FROM recorded_requests WHERE run IS NOT NULL").await;
    let server = restarted(server).await;

    let page = server.get(&path).await.text;
    assert_eq!(both_sides(&page), said);
    assert!(said.contains(&format!("of the {} requests that both sides saw", job["stats"]["sent"])), "{said}");
    let slowest = |page| element(page, "aria-label=\"Slowest requests\"", "</table>").to_owned();
    assert_eq!(slowest(&page), slowest(&fresh));
    assert_eq!(server.get(&format!("/fn/traffic/timeline?job_id={id}")).await.json(), timeline);
    let report = server.get(&format!("/traffic/runs/{id}/export?format=html")).await.text;
    assert_eq!(both_sides(&report), said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_an_older_version_stored_is_listed_and_shown() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("error-injection", 5)).await;
    let job = server.closed(&id).await;
    let failed = job["stats"]["failedRequests"].as_u64().expect("a number");
    assert!(failed > 0, "{job}");
    let listed = server.get("/traffic/runs").await.json();
    execute(&server, "UPDATE runs SET summary = NULL, findings = NULL, job = json_remove(job, '$.stats.failures')")
        .await;
    let server = restarted(server).await;
    assert_eq!(server.count("SELECT count(*) FROM runs WHERE summary IS NULL").await, 0, "made at the start");
    assert_eq!(server.get("/traffic/runs").await.json(), listed);
    // Also without it: another version's summary is as good as none.
    execute(&server, "UPDATE runs SET summary = '{}'").await;
    assert_eq!(server.get("/traffic/runs").await.json(), listed);
    assert_eq!(server.get("/traffic/runs?scenario=error-injection").await.json(), listed);

    let page = server.get(&format!("/runs/{id}")).await.text;
    assert!(page.contains(&format!("{failed} requests failed.")), "no groups, but the number");
    let newest = job["stats"]["recentFailures"][0]["requestId"].as_str().expect("an id");
    assert!(page.contains(&format!("/requests/{newest}")), "its single failures are there");
    assert!(both_sides(&page).contains(&format!("of the {} requests", job["stats"]["sent"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_grouped_on_the_page_and_in_the_report() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("error-injection", 5)).await;
    let job = server.closed(&id).await;
    let groups = job["stats"]["failures"].as_array().expect("groups");
    let counts: Vec<u64> = groups.iter().filter_map(|group| group["count"].as_u64()).collect();
    assert_eq!(counts.iter().sum::<u64>(), job["stats"]["failedRequests"].as_u64().expect("a number"));
    assert!(counts.is_sorted_by(|a, b| a >= b) && (1..=4).contains(&counts.len()), "{counts:?}");
    let (page, report) = (
        server.get(&format!("/runs/{id}")).await.text,
        server.get(&format!("/traffic/runs/{id}/export?format=html")).await.text,
    );
    for group in groups {
        assert_eq!(group["call"], "error");
        let sample = group["sample"]["requestId"].as_str().expect("an id");
        let response =
            format!("data-head=\"Response\" data-tone=\"bad\">{}<", group["outcome"].as_str().expect("a status"));
        for text in [&page, &report] {
            assert!(text.contains(&response) && text.contains(sample), "{response} {sample}");
        }
        assert_eq!(server.get(&format!("/requests/{sample}")).await.status, 200, "the sample leads to its record");
    }
    let single = server.get(&format!("/fn/traffic/failures?job_id={id}")).await.json();
    assert_eq!(single, job["stats"]["recentFailures"], "each of them, for those who open the list");
}

#[tokio::test(flavor = "multi_thread")]
async fn page_and_report_of_a_stopped_run_have_the_same_seconds() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("normal", 60)).await;
    while server.job(&id).await["stats"]["elapsed"]
        .as_u64()
        .is_none_or(|elapsed| elapsed % 1000 < 400 || elapsed < 2000)
    {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    server.post(&format!("/traffic/stop/{id}"), "").await;
    let job = server.closed(&id).await;
    let elapsed = job["stats"]["elapsed"].as_u64().expect("a number") as usize;
    assert_ne!(elapsed % 1000, 0, "a second was cut: {elapsed}");
    let page = server.get(&format!("/runs/{id}?table=responses")).await.text;
    let report = server.get(&format!("/traffic/runs/{id}/export?format=html")).await.text;
    assert_eq!((seconds(&page), seconds(&report)), (elapsed / 1000, elapsed / 1000));
    assert_eq!(job["stats"]["sentPerSecond"].as_array().map(Vec::len), Some(elapsed / 1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_is_read_without_the_others() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("normal", 5)).await;
    server.closed(&id).await;
    let export = server.get(&format!("/traffic/runs/{id}/export?format=json")).await.json();
    // Not by its place in the list: a busy machine misses slots.
    for request in export["requests"].as_array().expect("requests").iter().step_by(17) {
        let one = server.get(&format!("/fn/traffic/exchange?job_id={id}&seq={}", request["seq"])).await.json();
        assert_eq!(&one, request);
    }
    let none = server.get(&format!("/fn/traffic/exchange?job_id={id}&seq=100000")).await.json();
    assert_eq!(none, Value::Null);
    // A row that can't be read is in nobody's way but its own.
    execute(&server, "UPDATE ledger SET call = 'GET /people' WHERE seq = (SELECT max(seq) FROM ledger)").await;
    let path = |seq: &Value| format!("/fn/traffic/exchange?job_id={id}&seq={seq}");
    let (first, last) = (&export["requests"][0]["seq"], export["requests"].as_array().and_then(|all| all.last()));
    let last = &last.expect("a last one")["seq"];
    assert_eq!((server.get(&path(first)).await.status, server.get(&path(last)).await.status), (200, 500));
}
