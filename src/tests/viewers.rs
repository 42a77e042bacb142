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
async fn viewers_of_a_run_share_what_is_drawn_of_it() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings(30)).await;
    while server.job(&id).await["stats"]["elapsed"].as_u64().is_none_or(|elapsed| elapsed < 1500) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let path = format!("/fn/traffic/details?job_id={id}&points=&sides=true");
    let (asked, mut answers) = (tokio::time::Instant::now(), BTreeSet::new());
    for _ in 0..20 {
        answers.insert(server.get(&path).await.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Twenty requests left in each second, so that no two moments look the same.
    let moments = 1 + asked.elapsed().as_secs() as usize / 2 + 1;
    assert!(answers.len() <= moments, "{} different answers within {:?}", answers.len(), asked.elapsed());
    let later = server.get(&path).await.text;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_ne!(server.get(&path).await.text, later, "a later moment is drawn anew");

    server.post(&format!("/traffic/stop/{id}"), "").await;
    let job = server.closed(&id).await;
    let last = server.get(&path).await.json();
    let sent = format!("Of {} requests that both sides saw", job["stats"]["sent"]);
    assert!(last[1].as_str().is_some_and(|sides| sides.contains(&sent)), "what is final is shown at once: {last}");
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
