//! `/traffic`: whole runs over real HTTP.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::TestServer;

fn settings(scenario: &str, duration: u32, max_rps: u32) -> Value {
    json!({ "scenario": scenario, "duration": duration, "maxRps": max_rps, "endpoints": "all" })
}

fn number(job: &Value, field: &str) -> u64 {
    job["stats"][field].as_u64().unwrap_or_else(|| panic!("{field} in {job}"))
}

/// The sums that hold for every closed run.
fn assert_balanced(job: &Value) {
    let n = |field| number(job, field);
    assert_eq!(n("planned"), n("sent") + n("missed") + n("notReached"), "{job}");
    assert_eq!(n("sent"), n("totalRequests") + n("cancelled"), "{job}");
    assert_eq!(n("totalRequests"), n("successfulRequests") + n("failedRequests"), "{job}");
    assert_eq!((n("inFlight"), n("currentRps")), (0, 0), "{job}");
    let audit = &job["stats"]["audit"];
    assert_eq!((&audit["outcome"], &audit["capKept"]), (&json!("verified"), &json!(true)), "{job}");
    assert_eq!((&audit["created"], &audit["kept"]), (&audit["removed"], &json!(0)), "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_sends_its_plan_is_recorded_and_leaves_nothing_behind() {
    let server = TestServer::start().await;
    let users_before: Vec<(Vec<u8>, String, String, i64)> =
        sqlx::query_as("SELECT id, name, email, updated_at FROM users ORDER BY id")
            .fetch_all(&mut server.sql().await)
            .await
            .expect("users");
    let id = server.start_run(&settings("normal", 5, 20)).await;

    let stream = server.get(&format!("/traffic/stream/{id}")).await;
    assert_eq!(stream.header("content-type"), "text/event-stream");
    assert!(stream.text.starts_with("retry: 1000\n\n"));
    let stats = stream.text.matches("event: stats\n").count();
    assert!((10..=16).contains(&stats), "about one every 500 ms in 5 to 6 s: {stats}");
    assert_eq!(stream.text.matches("event: done\n").count(), 1);
    let last = stream.text.trim_end().rsplit("data: ").next().expect("a last event");
    let done: Value = serde_json::from_str(last).expect("JSON");

    let job = server.job(&id).await;
    assert_eq!(done, job, "the last event is the final job");
    let sent = number(&job, "sent");
    assert_eq!(
        (job["status"].as_str(), number(&job, "planned"), sent + number(&job, "missed")),
        (Some("completed"), 99, 99)
    );
    assert_eq!(
        (&job["scenario"], &job["duration"], &job["maxRps"], &job["endpoints"]),
        (&json!("normal"), &json!(5), &json!(20), &json!("all"))
    );
    assert_balanced(&job);
    assert_eq!(server.count("SELECT count(*) FROM requests WHERE run IS NOT NULL").await as u64, sent);
    assert_eq!(server.count("SELECT count(DISTINCT seq) FROM requests WHERE run IS NOT NULL").await as u64, sent);
    assert_eq!(server.count("SELECT count(*) FROM ledger").await as u64, sent);
    let users_after: Vec<(Vec<u8>, String, String, i64)> =
        sqlx::query_as("SELECT id, name, email, updated_at FROM users ORDER BY id")
            .fetch_all(&mut server.sql().await)
            .await
            .expect("users");
    assert_eq!(users_after, users_before, "no user is left, no demo user is changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scenario_keeps_its_plan_and_is_verified() {
    let server = TestServer::start().await;
    for (scenario, planned) in
        [("peak", Some(75)), ("error-injection", Some(99)), ("latency-degradation", None), ("stress", Some(99))]
    {
        let mut settings = settings(scenario, 5, 20);
        settings["seed"] = json!(7);
        let id = server.start_run(&settings).await;
        let job = server.closed(&id).await;
        assert_eq!(job["status"], "completed", "{job}");
        assert_eq!(job["seed"], 7);
        assert_balanced(&job);
        if let Some(planned) = planned {
            assert_eq!(number(&job, "planned"), planned, "{scenario}");
        }
        let errors = job["stats"]["calls"].as_array().expect("calls").iter().find(|call| call["call"] == "error");
        match scenario {
            "error-injection" => {
                let error = errors.expect("the error endpoint was called");
                let calls = error["ok"].as_u64().unwrap_or(0) + error["failed"].as_u64().unwrap_or(0);
                let missed = number(&job, "missed");
                assert!((29 - missed.min(29)..=29).contains(&calls), "three of ten of 99: {calls}, {missed} missed");
                assert_eq!(number(&job, "failedRequests"), error["failed"].as_u64().expect("a number"));
            }
            _ => assert_eq!((errors, number(&job, "failedRequests")), (None, 0), "{job}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delay_in_the_server_s_answer_raises_the_latency_and_not_the_plan() {
    let server = TestServer::start().await;
    let mut settings = settings("latency-degradation", 5, 10);
    settings["delay"] = json!("server");
    let job = server.closed(&server.start_run(&settings).await).await;
    assert_eq!((number(&job, "planned"), &job["delay"]), (50, &json!("server")));
    assert_balanced(&job);
    let ok = &job["stats"]["service"]["ok"];
    assert!(ok["p50"].as_f64().expect("measured") >= 100.0, "{ok}");
    let slowest: i64 = server.count("SELECT min(duration) FROM requests WHERE run IS NOT NULL").await;
    assert!(slowest >= 100_000, "the server measures the delay too: {slowest} µs");
    let mut quickest = Duration::MAX;
    for _ in 0..5 {
        let asked = tokio::time::Instant::now();
        server.get("/api/v1/users").await;
        quickest = quickest.min(asked.elapsed());
    }
    assert!(quickest < Duration::from_millis(100), "nobody else waits: {quickest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_endpoint_alone() {
    let server = TestServer::start().await;
    let mut settings = settings("normal", 5, 5);
    settings["endpoints"] = json!(["get"]);
    let job = server.closed(&server.start_run(&settings).await).await;
    let calls = job["stats"]["calls"].as_array().expect("calls");
    assert_eq!((calls.len(), &calls[0]["call"], &job["endpoints"]), (1, &json!("get"), &json!(["get"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_answers_at_once_nothing_leaves_afterwards_and_it_can_be_repeated() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("stress", 60, 20)).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let asked = tokio::time::Instant::now();
    let stopped = server.post(&format!("/traffic/stop/{id}"), "").await;
    assert!(asked.elapsed() < Duration::from_secs(2));
    assert_eq!((stopped.status, &stopped.json()["status"]), (200, &json!("cancelled")));
    let sent = number(&stopped.json(), "sent");
    assert!(sent > 10);
    let job = server.closed(&id).await;
    assert_eq!(number(&job, "sent"), sent, "nothing left after the answer");
    assert_balanced(&job);
    assert_eq!(number(&job, "notReached") + number(&job, "missed"), number(&job, "planned") - sent);
    for _ in 0..2 {
        assert_eq!(server.post(&format!("/traffic/stop/{id}"), "").await.json(), job);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_is_refused_until_the_first_run_is_closed() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("normal", 30, 20)).await;
    let second = server.post("/traffic/start", settings("peak", 30, 20).to_string()).await;
    assert_eq!((second.status, second.header("retry-after")), (409, "1"));
    assert_eq!(second.problem()["jobId"], json!(id));
    server.post(&format!("/traffic/stop/{id}"), "").await;
    server.closed(&id).await;
    let third = server.start_run(&settings("peak", 5, 20)).await;
    assert_ne!(third, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_starts_at_once_one_wins() {
    let server = TestServer::start().await;
    let body = settings("normal", 30, 1).to_string();
    // More of them: START_ROUNDS=50
    let rounds = std::env::var("START_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    for round in 0..rounds {
        let starts = (0..100).map(|_| server.post("/traffic/start", body.clone()));
        let answers = futures_util::future::join_all(starts).await;
        let winners: Vec<_> =
            answers.iter().filter(|answer| answer.status == 201).map(|answer| answer.json()["jobId"].clone()).collect();
        assert_eq!(winners.len(), 1, "round {round}");
        for loser in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!((loser.status, &loser.problem()["jobId"], loser.header("retry-after")), (409, &winners[0], "1"));
        }
        let id = winners[0].as_str().expect("an id");
        // A start in the moment of the stop: refused, or the next run; never a second one beside it.
        let path = format!("/traffic/stop/{id}");
        let (stopped, started) = tokio::join!(server.post(&path, ""), server.post("/traffic/start", body.clone()));
        assert_eq!((stopped.status, stopped.json()["status"].as_str()), (200, Some("cancelled")));
        if started.status == 201 {
            let next = started.json()["jobId"].as_str().expect("an id").to_owned();
            assert_eq!(server.job(id).await["closed"], true, "only after the first one was closed");
            server.post(&format!("/traffic/stop/{next}"), "").await;
            server.closed(&next).await;
        } else {
            assert_eq!((started.status, started.problem()["jobId"].as_str()), (409, Some(id)));
        }
        server.closed(id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_who_has_seen_the_end_is_told_not_to_come_back() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("normal", 5, 1)).await;
    let path = format!("/traffic/stream/{id}");
    let first = server.get(&path).await;
    let last_id = first.text.rsplit("id: ").next().and_then(|rest| rest.lines().next()).expect("an id").to_owned();
    let again = server.send(server.request("GET", &path).header("last-event-id", &last_id)).await;
    assert_eq!((again.status, again.text.as_str()), (204, ""));
    let late = server.get(&path).await;
    assert_eq!(late.text.matches("event: done\n").count(), 1, "somebody else gets the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_field_by_field() {
    let server = TestServer::start().await;
    let good = settings("normal", 10, 10);
    let with = |field: &str, value: Value| {
        let mut settings = good.clone();
        settings[field] = value;
        settings.to_string()
    };
    let rows = [
        (with("scenario", json!("chaos")), 422, "scenario"),
        (with("scenario", json!(null)), 400, "scenario"),
        (with("duration", json!(4)), 422, "duration"),
        (with("duration", json!(601)), 422, "duration"),
        (with("duration", json!("10")), 400, "duration"),
        (with("maxRps", json!(0)), 422, "maxRps"),
        (with("maxRps", json!(21)), 422, "maxRps"),
        (with("maxRps", json!(1.5)), 422, "maxRps"),
        (with("endpoints", json!([])), 422, "endpoints"),
        (with("endpoints", json!({})), 400, "endpoints"),
        (with("seed", json!(-1)), 422, "seed"),
        (with("delay", json!("server")), 422, "delay"),
        (with("target", json!("http://127.0.0.1:1")), 400, "target"),
    ];
    for (body, status, field) in rows {
        let answer = server.post("/traffic/start", body.clone()).await;
        assert_eq!((answer.status, answer.faulty_fields()), (status, vec![field.to_owned()]), "{body}");
    }
    for body in ["", "{", "[]", "\u{feff}{}", "nul", &"[".repeat(5000)] {
        assert_eq!(server.post("/traffic/start", body).await.problem()["status"], 400, "{body:.20}");
    }
    let plain = server.request("POST", "/traffic/start").body(good.to_string());
    assert_eq!(server.send(plain).await.problem()["status"], 415);
    for (method, path, status) in [
        ("GET", "/traffic/status/17", 400),
        ("GET", "/traffic/status/019b76da-a800-7000-8000-000000000000", 404),
        ("POST", "/traffic/stop/019b76da-a800-7000-8000-000000000000", 404),
        ("GET", "/traffic/stream/019b76da-a800-7000-8000-000000000000", 404),
        ("GET", "/traffic/start", 405),
        ("GET", "/traffic/nothing", 404),
        ("POST", "/fn/nothing", 404),
    ] {
        assert_eq!(server.with_json(method, path, "").await.problem()["status"], status, "{method} {path}");
    }
    let id = server.start_run(&good).await;
    assert_eq!(server.job(&id).await["status"], "starting");
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_headers_change_nothing() {
    let server = TestServer::start().await;
    let id = server.start_run(&settings("normal", 5, 2)).await;
    let forged = server
        .request("POST", "/api/v1/users")
        .header("content-type", "application/json")
        .header("x-traffic-run", &id)
        .header("x-traffic-seq", "3")
        .header("x-traffic-key", "0".repeat(32))
        .body(r#"{"name":"Real","email":"real@example.com"}"#);
    assert_eq!(server.send(forged).await.status, 201);
    let job = server.closed(&id).await;
    assert_balanced(&job);
    assert_eq!(number(&job, "sent"), 10);
    assert_eq!(server.count("SELECT count(*) FROM requests WHERE run IS NULL").await, 1, "recorded as real");
    assert_eq!(
        server.count("SELECT count(*) FROM users WHERE email = 'real@example.com'").await,
        1,
        "and not removed with the run"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_lower_the_cap() {
    let server = TestServer::start_with(|config| config.max_rps = 5).await;
    let refused = server.post("/traffic/start", settings("stress", 5, 20).to_string()).await;
    assert_eq!((refused.status, refused.faulty_fields()), (422, vec!["maxRps".to_owned()]));
    let job = server.closed(&server.start_run(&settings("stress", 5, 5)).await).await;
    assert_balanced(&job);
    assert_eq!((number(&job, "planned"), &job["stats"]["audit"]["cap"]), (25, &json!(5)));
    assert!(job["stats"]["audit"]["mostInAnySecond"].as_u64().is_some_and(|most| most <= 5), "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stream_too_many_is_refused_and_its_place_is_free_again() {
    let server = TestServer::start_with(|config| config.max_streams = 2).await;
    let id = server.start_run(&settings("normal", 30, 1)).await;
    let path = format!("/traffic/stream/{id}");
    let first = server.request("GET", &path).send().await.expect("a stream");
    let second = server.request("GET", &path).send().await.expect("a stream");
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 200));
    let third = server.get(&path).await;
    assert_eq!((third.status, third.header("retry-after")), (503, "5"));
    third.problem();
    drop(first);
    for _ in 0..100 {
        let again = server.request("GET", &path).send().await.expect("an answer");
        if again.status() == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the place of a subscriber who left is not free after 5 s");
}
