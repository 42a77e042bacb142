//! What a viewer costs: many who look at the same thing at the same time share it, and a list of runs does not read the
//! runs.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::TestServer;

fn settings(duration: u32) -> Value {
    json!({ "scenario": "normal", "duration": duration, "maxRps": 20, "endpoints": "all", "seed": 5 })
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_share_the_details_of_a_run_which_are_of_one_moment() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings(30)).await;
    while server.job(&id).await["stats"]["elapsed"].as_u64().is_none_or(|elapsed| elapsed < 2500) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let path = format!("/fn/traffic/details?job_id={id}");
    let (asked, mut answers) = (tokio::time::Instant::now(), BTreeSet::new());
    for _ in 0..20 {
        answers.insert(server.get(&path).await.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let moments = 1 + asked.elapsed().as_secs() as usize + 1;
    assert!((2..=moments).contains(&answers.len()), "{} different answers within {:?}", answers.len(), asked.elapsed());
    for answer in answers {
        let details: Value = serde_json::from_str(&answer).expect("JSON");
        let sent: Vec<&Value> =
            details["timeline"]["seconds"].as_array().expect("seconds").iter().map(|second| &second[0]).collect();
        let per_second: Vec<&Value> =
            details["run"]["stats"]["sentPerSecond"].as_array().expect("seconds").iter().collect();
        assert!(sent.len() >= 2 && sent == per_second, "{details}");
    }

    server.post(&format!("/traffic/stop/{id}"), "").await;
    let job = server.closed(&id).await;
    assert_eq!(server.get(&path).await.json()["run"], job, "what is final is shown at once");
    let sides = server.get(&format!("/fn/traffic/sides?job_id={id}")).await.json();
    assert_eq!(sides["joined"], job["stats"]["sent"]);
    let gone = "/fn/traffic/details?job_id=019b76da-a800-7000-8000-000000000000";
    assert_eq!(server.get(gone).await.text, "\"NotFound\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_runs_does_not_read_the_runs() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings(5)).await;
    server.closed(&id).await;
    let listed = server.get("/traffic/runs").await.json();
    sqlx::query("UPDATE runs SET job = '{'").execute(&mut server.sql().await).await.expect("damaged");
    for path in ["/traffic/runs", "/traffic/runs?scenario=normal&status=completed"] {
        assert_eq!(server.get(path).await.json(), listed, "{path}");
    }
    assert!(server.get("/").await.text.contains(&format!("/runs/{id}")), "nor does the dashboard");
    let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(
        "EXPLAIN QUERY PLAN SELECT id, summary FROM runs WHERE TRUE AND scenario = 'peak' ORDER BY id DESC LIMIT 0 + 21",
    )
    .fetch_all(&mut server.sql().await)
    .await
    .expect("a plan");
    assert!(plan.iter().all(|step| step.3.contains("runs_scenario")), "by its index: {plan:?}");
}
