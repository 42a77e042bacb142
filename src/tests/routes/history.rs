//! `/traffic/runs`: what stays of a run.

use serde_json::{Value, json};

use crate::server::TestServer;

fn settings(scenario: &str, duration: u32) -> Value {
    json!({ "scenario": scenario, "duration": duration, "maxRps": 10, "endpoints": "all", "seed": 5 })
}

/// Starts a run, stops it at once, and gives its id when it is closed.
async fn short_run(server: &TestServer, scenario: &str) -> String {
    let id = server.start_run(&settings(scenario, 60)).await;
    assert_eq!(server.post(&format!("/traffic/stop/{id}"), "").await.status, 200);
    server.closed(&id).await;
    id
}

async fn ids(server: &TestServer, query: &str) -> (Vec<String>, Option<String>) {
    let page = server.get(&format!("/traffic/runs{query}")).await.json();
    let id = |run: &Value| run["jobId"].as_str().expect("an id").to_owned();
    (page["runs"].as_array().expect("runs").iter().map(id).collect(), page["next"].as_str().map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_listed_newest_first_page_by_page_and_filtered() {
    let server = TestServer::start().await;
    assert_eq!(ids(&server, "").await, (Vec::new(), None));
    let mut expected = Vec::new();
    for scenario in ["normal", "peak", "normal"] {
        expected.insert(0, short_run(&server, scenario).await);
    }
    let active = server.start_run(&settings("stress", 60)).await;
    expected.insert(0, active.clone());

    assert_eq!(ids(&server, "").await, (expected.clone(), None));
    let (first, next) = ids(&server, "?limit=3").await;
    assert_eq!((&first[..], next.as_deref()), (&expected[..3], Some(expected[2].as_str())));
    let (second, next) = ids(&server, &format!("?limit=3&cursor={}", next.expect("a next page"))).await;
    assert_eq!((&second[..], next), (&expected[3..], None));
    assert_eq!(ids(&server, "?scenario=normal&status=cancelled").await.0, [expected[1].clone(), expected[3].clone()]);
    assert_eq!(ids(&server, "?scenario=latency-degradation").await.0, Vec::<String>::new());

    let page = server.get("/traffic/runs?limit=1").await.json();
    let run = &page["runs"][0];
    let live = server.job(&active).await;
    assert_eq!((&run["status"], &run["closed"]), (&live["status"], &json!(false)), "the active one as it stands");
    for (query, field) in
        [("?limit=0", "limit"), ("?cursor=17", "cursor"), ("?scenario=chaos", "scenario"), ("?x=1", "x")]
    {
        assert_eq!(server.get(&format!("/traffic/runs{query}")).await.faulty_fields(), [field], "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_deleted_with_its_ledger_but_not_while_it_is_active() {
    let server = TestServer::start().await;
    let kept = short_run(&server, "normal").await;
    let id = server.start_run(&settings("normal", 60)).await;
    let path = format!("/traffic/runs/{id}");
    assert_eq!(server.get(&path).await.json()["jobId"], json!(id));
    let refused = server.with_json("DELETE", &path, "").await;
    assert_eq!((refused.status, refused.header("retry-after")), (409, "1"));
    refused.problem();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    server.post(&format!("/traffic/stop/{id}"), "").await;
    server.closed(&id).await;
    let recorded = server.count("SELECT count(*) FROM recorded_requests WHERE run IS NOT NULL").await;
    assert!(recorded > 0 && server.count("SELECT count(*) FROM ledger").await > 0);
    assert_eq!(server.with_json("DELETE", &path, "").await.status, 204);
    assert_eq!(server.with_json("DELETE", &path, "").await.problem()["status"], 404);
    assert_eq!(server.get(&path).await.problem()["status"], 404);
    assert_eq!(ids(&server, "").await.0, [kept]);
    assert_eq!(server.count("SELECT count(*) FROM ledger").await, 0);
    let still = server.count("SELECT count(*) FROM recorded_requests WHERE run IS NOT NULL").await;
    assert_eq!(still, recorded, "what the server measured stays measured");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exports_hold_each_request_with_both_of_its_sides() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("error-injection", 5)).await;
    let export = |format: &str| format!("/traffic/runs/{id}/export?format={format}");
    assert_eq!(server.get(&export("json")).await.problem()["jobId"], json!(id), "not before it is closed");
    let job = server.closed(&id).await;
    let sent = job["stats"]["sent"].as_u64().expect("a number") as usize;

    let answer = server.get(&export("json")).await;
    assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"run-{id}.json\""));
    let json = answer.json();
    assert_eq!(json["run"], job);
    let requests = json["requests"].as_array().expect("requests");
    assert_eq!(requests.len(), sent);
    for request in requests {
        let moment = |name: &str| request[name].as_f64().unwrap_or_else(|| panic!("{name} in {request}"));
        let moments = ["wanted", "due", "sent", "arrived", "answered"].map(moment);
        assert!(moments.is_sorted(), "{request}");
        assert!(moment("received") >= moment("arrived"), "{request}");
        assert_eq!(request["outcome"], request["status"].as_u64().expect("recorded").to_string(), "both saw the same");
        assert!(request["requestId"].as_str().is_some_and(|id| id.len() == 36), "{request}");
    }

    let csv = server.get(&export("csv")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.text.lines().count(), sent + 1);

    let html = server.get(&export("html")).await;
    assert!(html.header("content-security-policy").contains("default-src 'none'"));
    for needed in ["Error Injection", &id, "Audit verified", "Cap kept", "Slowest requests", "<svg", "</html>"] {
        assert!(html.text.contains(needed), "{needed}");
    }
    for outside in ["src=", "<script", "<link", "url("] {
        assert!(!html.text.contains(outside), "the report stands for itself: {outside}");
    }
    for wrong in ["", "?format=pdf", "?format=json&format=csv"] {
        let refused = server.get(&format!("/traffic/runs/{id}/export{wrong}")).await;
        assert_eq!(refused.faulty_fields(), ["format"], "{wrong}");
    }
}
