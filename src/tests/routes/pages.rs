//! The pages as the server renders them, before any script.

use serde_json::json;

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_is_complete_without_a_script() {
    let server = TestServer::start().await;
    let page = server.get("/").await;
    assert_eq!(page.status, 200);
    for text in [
        "Traffic Simulator",
        "Normal Traffic",
        "I understand this generates load",
        "START TEST",
        " requests in 2 min, at most 19.8 per second",
        "action=\"/fn/traffic/start\"",
    ] {
        assert!(page.text.contains(text), "{text}");
    }
    assert!(!page.text.contains(" style="), "no style attributes: a strict content security policy refuses them");
    assert!(!page.text.contains("Loading the"), "nothing is left to be loaded");
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_the_dashboard_moves_no_number() {
    let server = TestServer::start().await;
    for path in ["/", "/fn/metrics/overview", "/fn/traffic/card", "/healthz", "/traffic/status/17"] {
        server.get(path).await;
    }
    server.get("/api/v1/users").await;
    let overview = || async { server.get("/fn/metrics/overview").await.json()["Found"].clone() };
    let mut seen = overview().await;
    for _ in 0..100 {
        if seen["all"] != 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        seen = overview().await;
    }
    assert_eq!((&seen["all"], &seen["simulated"], &seen["totals"]["errorRate"]), (&json!(1), &json!(0), &json!(0.0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_post_without_javascript_is_answered_by_a_redirect() {
    let server = TestServer::start().await;
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().expect("a client");
    let post = |body: &'static str| {
        client
            .post(format!("{}/fn/traffic/start", server.base))
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    };
    let location = |response: &reqwest::Response| response.headers()["location"].to_str().expect("text").to_owned();
    let refused = post("form[scenario]=peak%0d%0aX&form[duration]=5&form[seed]=1").send().await.expect("an answer");
    assert_eq!(refused.status().as_u16(), 302);
    assert_eq!(location(&refused), "/?refused=input&scenario=peak%0D%0AX&duration=5&seed=1");
    let good = "form[scenario]=peak&form[duration]=5&form[maxRps]=5&form[endpoints]=all&form[delay]=client&form[seed]=1&form[acknowledged]=true";
    let started = post(good).send().await.expect("an answer");
    assert_eq!(started.status().as_u16(), 302);
    let run = location(&started);
    assert!(run.starts_with("/runs/"), "{run}");
    let busy = post(good).send().await.expect("an answer");
    assert!(location(&busy).starts_with("/?refused=busy&scenario=peak"));
    assert!(
        server.get(&run).await.text.contains("http-equiv=\"refresh\""),
        "it shows itself again until the run is closed"
    );
    assert!(server.get("/?refused=busy&scenario=peak").await.text.contains(&run), "the dashboard shows the active run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_function_call_is_a_value_with_the_field() {
    let server = TestServer::start().await;
    let call = server
        .request("POST", "/fn/traffic/start")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("form[scenario]=normal&form[duration]=5&form[maxRps]=5&form[endpoints]=all");
    let answer = server.send(call).await;
    assert_eq!(
        (answer.status, &answer.json()["Refused"][0]["field"]),
        (200, &json!("acknowledged")),
        "{}",
        answer.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_inside_names_the_request_and_nothing_else() {
    let server = TestServer::start().await;
    let id = server.start_run(&json!({ "scenario": "normal", "duration": 5, "maxRps": 1, "endpoints": "all" })).await;
    server.closed(&id).await;
    let mut sql = server.sql().await;
    sqlx::query("UPDATE runs SET findings = NULL").execute(&mut sql).await.expect("emptied");
    sqlx::query("DROP TABLE ledger").execute(&mut sql).await.expect("dropped");
    let answer = server.get(&format!("/fn/traffic/exchange?job_id={id}&seq=0")).await;
    assert_eq!((answer.status, answer.json()), (500, json!({ "Internal": answer.header("x-request-id") })));
    let page = server.get(&format!("/runs/{id}")).await;
    assert!(page.text.contains(&format!("under request id {}", page.header("x-request-id"))), "{}", page.text);
    assert!(page.text.contains("Audit verified"), "the rest of the page is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_runs_are_complete_without_a_script() {
    let server = TestServer::start().await;
    assert!(server.get("/runs").await.text.contains("Set up the first run"));
    let settings = json!({ "scenario": "error-injection", "duration": 5, "maxRps": 10, "endpoints": "all" });
    let a = server.start_run(&settings).await;
    let job = server.closed(&a).await;
    let b = server.start_run(&settings).await;
    server.closed(&b).await;
    let run = server.get(&format!("/runs/{a}")).await.text;
    for text in ["Latency, client", "Latency distribution", "Responses, client", "Slowest requests", "By endpoint"] {
        assert!(run.contains(text), "{text}");
    }
    let timeline = server.get(&format!("/fn/traffic/timeline?job_id={a}")).await.json();
    let seconds = timeline["seconds"].as_array().expect("seconds");
    let sent: Vec<u64> = seconds.iter().map(|second| second[0].as_u64().expect("a count")).collect();
    assert_eq!(json!(sent), job["stats"]["sentPerSecond"], "what the ledger says is what the run counted");
    let ok: u64 = timeline["heat"].as_array().expect("buckets").iter().filter_map(|bucket| bucket[1].as_u64()).sum();
    assert_eq!(json!(ok), job["stats"]["successfulRequests"]);
    let history = server.get("/runs").await.text;
    assert!(
        history.find(&format!("/runs/{b}")).expect("listed") < history.find(&format!("/runs/{a}")).expect("listed")
    );
    let comparison = server.get(&format!("/runs/compare?a={a}&b={b}")).await;
    assert!(comparison.status == 200 && comparison.text.contains("These settings differ:"));
    assert_eq!(server.get("/runs/compare").await.status, 200, "nothing is chosen, and nothing is missing");
    assert_eq!(server.get(&format!("/runs/compare?a={a}&b=019b76da-a800-7000-8000-000000000000")).await.status, 404);
    for page in [&run, &history, &comparison.text] {
        assert!(
            !page.contains(" style=") && !page.contains("Loading the"),
            "a strict policy, and nothing left to be loaded"
        );
    }
}
