//! `/fn/metrics` and `/metrics`: what the dashboard says, against what is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::TestServer;

/// The family of the requests to the users API.
const REQUESTS: &str = "http_server_request_duration_seconds";

/// The answer to a question that is not refused.
pub(super) async fn found(server: &TestServer, path: &str) -> Value {
    let answer = server.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["Found"].clone()
}

async fn overview(server: &TestServer, range: &str, origin: &str) -> Value {
    found(server, &format!("/fn/metrics/overview?range={range}&origin={origin}")).await
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("a number: {value}"))
}

/// Waits until the dashboard knows `requests` requests.
pub(super) async fn settled(server: &TestServer, requests: u64) {
    for _ in 0..200 {
        if number(&overview(server, "5m", "all").await["all"]) == requests {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{requests} requests: {}", overview(server, "5m", "all").await);
}

/// What holds in every answer.
fn assert_adds_up(overview: &Value) {
    let n = |value: &Value| number(value);
    assert_eq!(n(&overview["all"]), n(&overview["real"]) + n(&overview["simulated"]), "{overview}");
    let requests = n(&overview["totals"]["requests"]);
    let list = |name: &str| overview[name].as_array().unwrap_or_else(|| panic!("{name}")).clone();
    let points = list("points").into_iter().chain([overview["open"].clone()]);
    assert_eq!(points.map(|point| n(&point[1][0])).sum::<u64>(), requests, "{overview}");
    assert_eq!(list("endpoints").iter().map(|line| n(&line["totals"]["requests"])).sum::<u64>(), requests);
    assert_eq!(list("statuses").iter().map(|line| n(&line["requests"])).sum::<u64>(), requests);
}

/// Somebody who uses the API all the while, and counts.
struct Trickle {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Trickle {
    fn start(server: &TestServer) -> Self {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&sent));
        let (client, base) = (server.client.clone(), server.base.clone());
        let task = tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                let path =
                    if counted.load(Ordering::Relaxed).is_multiple_of(4) { "/api/v1/nothing" } else { "/api/v1/users" };
                client.get(format!("{base}{path}")).send().await.expect("an answer").bytes().await.expect("a body");
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        });
        Self { stop, sent, task }
    }

    async fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("no panic");
        self.sent.load(Ordering::Relaxed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scenario_beside_real_requests_adds_up_and_the_dashboard_is_right_about_it() {
    let server = TestServer::start().await;
    let trickle = Trickle::start(&server);
    let (mut simulated, mut runs) = (0, Vec::new());
    for scenario in ["normal", "peak", "error-injection", "latency-degradation", "stress"] {
        let settings = json!({ "scenario": scenario, "duration": 5, "maxRps": 20, "endpoints": "all" });
        let id = server.start_run(&settings).await;
        let job = server.closed(&id).await;
        let check = &job["stats"]["dashboardCheck"];
        assert_eq!(check["outcome"], "right", "{scenario}: {check}");
        let sent = number(&job["stats"]["sent"]);
        assert_eq!((number(&check["requests"]), number(&check["arrived"])), (sent, sent), "{scenario}: {check}");
        assert_eq!(check["errorRate"], check["injected"]);
        assert!(check["p95"].as_f64().zip(check["exactP95"].as_f64()).is_some(), "{check}");
        assert_eq!(check["expected"].is_object(), scenario == "error-injection", "{check}");
        simulated += sent;
        runs.push((id, sent, number(&job["stats"]["failedRequests"])));
    }
    let real = trickle.stop().await;
    settled(&server, real + simulated).await;
    for range in ["1m", "5m", "1h", "24h"] {
        // Five runs of five seconds are longer ago than a minute allows to know.
        if range == "1m" {
            assert_adds_up(&overview(&server, range, "all").await);
            continue;
        }
        for (origin, expected) in [("all", real + simulated), ("real", real), ("simulated", simulated)] {
            let overview = overview(&server, range, origin).await;
            assert_adds_up(&overview);
            assert_eq!(
                (number(&overview["real"]), number(&overview["simulated"])),
                (real, simulated),
                "{range} {origin}"
            );
            assert_eq!(number(&overview["totals"]["requests"]), expected, "{range} {origin}");
        }
        for (run, sent, failed) in &runs {
            let overview = overview(&server, range, run).await;
            assert_adds_up(&overview);
            let totals = &overview["totals"];
            assert_eq!((number(&totals["requests"]), number(&totals["errors"])), (*sent, *failed), "{range} {run}");
        }
    }
    assert_eq!(server.count("SELECT sum(requests) FROM rollups").await as u64, real + simulated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_is_planted_into_what_is_stored_is_found() {
    let server = TestServer::start().await;
    // What the database keeps of an answer is not how it was answered.
    let fault = "CREATE TRIGGER fault AFTER INSERT ON recorded_requests BEGIN \
                 UPDATE recorded_requests SET status = 500 WHERE id = NEW.id; END";
    sqlx::query(fault).execute(&mut server.sql().await).await.expect("planted");
    let settings = json!({ "scenario": "normal", "duration": 5, "maxRps": 20, "endpoints": ["list"] });
    let job = server.closed(&server.start_run(&settings).await).await;
    assert_eq!(job["stats"]["audit"]["outcome"], "verified", "{job}");
    let check = &job["stats"]["dashboardCheck"];
    assert_eq!(check["outcome"], "wrong", "{check}");
    assert!(
        check["differences"][0].as_str().is_some_and(|words| words.ends_with(" errors, the client saw 0")),
        "{check}"
    );
    // The history says so, too.
    let summary = &server.get("/traffic/runs").await.json()["runs"][0];
    let verdict = (&summary["audit"], &summary["capKept"], &summary["dashboardCheck"]);
    assert_eq!(verdict, (&json!("verified"), &json!(true), &json!("wrong")), "{summary}");
    assert!(server.get("/runs").await.text.contains("✗ dashboard wrong"));
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_moves_no_number() {
    let server = TestServer::start().await;
    server.get("/api/v1/users").await;
    settled(&server, 1).await;
    for _ in 0..3 {
        for path in ["/", "/requests", "/fn/metrics/overview", "/fn/metrics/log", "/metrics", "/healthz"] {
            assert_eq!(server.get(path).await.status, 200, "{path}");
        }
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(number(&overview(&server, "5m", "all").await["all"]), 1);
    assert_eq!(server.count("SELECT count(*) FROM recorded_requests").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_changes_no_number_and_the_trend_needs_a_baseline() {
    let server = TestServer::start().await;
    for _ in 0..5 {
        server.get("/api/v1/users").await;
        server.get("/api/v1/nothing").await;
    }
    settled(&server, 10).await;
    let before = overview(&server, "1h", "all").await;
    assert_eq!(before["trend"], Value::Null);
    let folder = server.shut_down().await;
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let again = TestServer::start_with(|config| config.database_url = url).await;
    for range in ["5m", "1h", "24h"] {
        let after = overview(&again, range, "all").await;
        assert_adds_up(&after);
        for field in ["all", "real", "statuses"] {
            assert_eq!(after[field], before[field], "{range} {field}");
        }
        for field in ["requests", "errors", "p50", "p95", "p99", "mean"] {
            assert_eq!(after["totals"][field], before["totals"][field], "{range} {field}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_has_a_row_too() {
    let server = TestServer::start().await;
    let of_another_site = server.request("POST", "/api/v1/users").header("sec-fetch-site", "cross-site").body("{}");
    assert_eq!(server.send(of_another_site).await.status, 403);
    assert_eq!(server.request("DELETE", "/api/v1/users").send().await.expect("an answer").status(), 405);
    assert_eq!(server.get("/api/v1").await.status, 404);
    settled(&server, 3).await;
    let log = found(&server, "/fn/metrics/log").await;
    let rows = log["requests"].as_array().expect("rows").iter();
    let rows: Vec<String> = rows.map(|row| format!("{} {} {}", row["method"], row["route"], row["status"])).collect();
    let expected = ["GET (no such path) 404", "DELETE /api/v1/users 405", "POST /api/v1/users 403"];
    assert_eq!(rows.iter().map(|row| row.replace('"', "")).collect::<Vec<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_question_is_refused_field_by_field() {
    let server = TestServer::start().await;
    let refused = async |path: &str| -> Vec<String> {
        let answer = server.get(path).await;
        let faults = answer.json()["Refused"].as_array().cloned().unwrap_or_else(|| panic!("refused: {}", answer.text));
        faults.iter().map(|fault| fault["field"].as_str().expect("a field").to_owned()).collect()
    };
    assert_eq!(refused("/fn/metrics/overview?range=7d&origin=me").await, ["range", "origin"]);
    assert_eq!(refused("/fn/metrics/health?range=7d").await, ["range"]);
    assert_eq!(refused("/fn/metrics/log?query[page]=0&query[order]=best").await, ["order", "page"]);
    assert_eq!(server.get("/fn/metrics/request?id=17").await.json(), json!("Malformed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_can_read_all_of_it_and_the_sums_are_right() {
    let server = TestServer::start().await;
    for path in ["/api/v1/users", "/api/v1/users", "/api/v1/nothing", "/api/v1/users/error?errorRate=1"] {
        server.get(path).await;
    }
    let strange = server.request("BREW", "/api/v1/users");
    server.send(strange).await;
    let settings = json!({ "scenario": "normal", "duration": 5, "maxRps": 4, "endpoints": ["list"] });
    let job = server.closed(&server.start_run(&settings).await).await;
    settled(&server, 5 + number(&job["stats"]["sent"])).await;
    let answer = server.get("/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let scrape = prometheus_parse::Scrape::parse(answer.text.lines().map(|line| Ok(line.to_owned()))).expect("parses");
    let sum = |name: &str, label: &str, wanted: &str| -> f64 {
        let name = if name == REQUESTS { name.to_owned() } else { format!("traffic_simulator_{name}") };
        let of = scrape.samples.iter().filter(|sample| sample.metric == name);
        of.filter(|sample| label.is_empty() || sample.labels.get(label) == Some(wanted))
            .map(|sample| match &sample.value {
                prometheus_parse::Value::Counter(value) | prometheus_parse::Value::Gauge(value) => *value,
                prometheus_parse::Value::Histogram(buckets) => {
                    assert!(
                        buckets.is_sorted_by(|a, b| a.less_than < b.less_than && a.count <= b.count),
                        "{buckets:?}"
                    );
                    buckets.last().expect("+Inf").count
                }
                other => panic!("{other:?}"),
            })
            .sum()
    };
    let sent = job["stats"]["sent"].as_f64().expect("a number");
    assert_eq!(sum(REQUESTS, "", ""), 5.0 + sent);
    assert_eq!(sum(REQUESTS, "user_agent_synthetic_type", "test"), sent);
    assert_eq!(sum(REQUESTS, "http_response_status_code", "404"), 1.0);
    assert_eq!(sum(REQUESTS, "http_request_method", "OTHER"), 1.0, "no client can make up a label");
    assert_eq!(sum("run_requests_total", "run", job["jobId"].as_str().expect("an id")), sent);
    assert_eq!(sum("run_requests_total", "result", "ok"), job["stats"]["successfulRequests"]);
    assert_eq!(sum("rows_recorded_total", "", "") + sum("rows_dropped_total", "", ""), 5.0 + sent);
    assert_eq!(sum("runs_total", "status", "completed"), 1.0);
    assert_eq!(
        (sum("audits_total", "outcome", "verified"), sum("dashboard_checks_total", "outcome", "right")),
        (1.0, 1.0)
    );
    assert_eq!((sum("sent_total", "", ""), sum("gate_slots", "", ""), sum("run_active", "", "")), (sent, 20.0, 0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_documented_response_has_its_series_before_it_is_given() {
    let server = TestServer::start().await;
    let text = server.get("/metrics").await.text;
    let description = server.get("/api/openapi.json").await.json();
    let mut series = 0;
    for (path, item) in description["paths"].as_object().expect("paths") {
        let operations = item.as_object().expect("operations").iter().filter(|_| path.starts_with("/api/v1/"));
        for (method, operation) in operations {
            for status in operation["responses"].as_object().expect("responses").keys() {
                for kind in ["", "test"] {
                    let labels = format!(
                        "http_request_method=\"{}\",http_response_status_code=\"{status}\",http_route=\"{path}\",user_agent_synthetic_type=\"{kind}\"",
                        method.to_uppercase()
                    );
                    assert!(text.contains(&format!("{REQUESTS}_count{{{labels}}} 0\n")), "{labels}");
                    series += 1;
                }
            }
        }
    }
    assert!(series > 50, "{series}");
    // The path that fits no route, too.
    assert_eq!(text.matches(&format!("{REQUESTS}_count")).count(), series + 2);
    assert!(!text.contains("run_requests_total{"), "there was no run");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vital_signs_of_the_program_are_on_the_same_time_axis() {
    let server = TestServer::start().await;
    let id = server.start_run(&json!({ "scenario": "normal", "duration": 5, "maxRps": 20, "endpoints": "all" })).await;
    let viewer = server.request("GET", &format!("/traffic/stream/{id}")).send().await.expect("a stream");
    // Somebody else holds the database for two seconds.
    let mut connection = server.sql().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.expect("locked");
    tokio::time::sleep(Duration::from_secs(2)).await;
    sqlx::query("ROLLBACK").execute(&mut connection).await.expect("free");
    let job = server.closed(&id).await;
    drop(viewer);
    tokio::time::sleep(Duration::from_millis(1900)).await;
    let health = found(&server, "/fn/metrics/health?range=5m").await;
    let now = health["now"].as_i64().expect("now");
    let gauges = health["points"].as_array().expect("points");
    assert!((5..=12).contains(&gauges.len()), "one a second since the start: {gauges:?}");
    // As in `metrics::health_model::GaugePoint`: [at, [rows waiting, rows dropped, streams], database wait, scheduling delay].
    assert!(gauges.iter().all(|gauge| gauge[0].as_i64().is_some_and(|at| at < now && at % 1000 == 0)), "{gauges:?}");
    let most = |of: fn(&Value) -> &Value| gauges.iter().filter_map(|gauge| of(gauge).as_f64()).fold(0.0, f64::max);
    assert!(most(|gauge| &gauge[2]) >= 900.0, "{gauges:?}");
    assert!(most(|gauge| &gauge[1][0]) >= 1.0, "{gauges:?}");
    assert!(most(|gauge| &gauge[3]) > 0.0, "{gauges:?}");
    assert_eq!((most(|gauge| &gauge[1][2]), most(|gauge| &gauge[1][1])), (1.0, 0.0), "{gauges:?}");
    assert_eq!(job["stats"]["dashboardCheck"]["outcome"], "right", "a database that waits costs no number: {job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_comes_once_and_then_only_when_something_has_changed() {
    let server = TestServer::start().await;
    server.get("/api/v1/users").await;
    settled(&server, 1).await;
    let board = async |known: &Value| {
        let known = known.as_u64().map(|version| format!("&known={version}")).unwrap_or_default();
        server.get(&format!("/fn/dashboard/board?range=5m{known}")).await.json()
    };
    // Until the second of the request is over and settled.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let first = board(&Value::Null).await;
    let data = &first["data"];
    assert_eq!((&data["active"], &data["overview"]["Ok"]["all"]), (&Value::Null, &json!(1)), "{first}");
    assert_eq!(data["requests"]["Ok"]["requests"].as_array().map(Vec::len), Some(1), "{first}");
    assert_eq!(data["overview"]["Ok"]["points"].as_array().map(Vec::len), Some(1), "only the step with a request");
    // Once in ten seconds an interval of the sparklines is complete.
    let (mut known, mut again) = (first, Value::Null);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        again = board(&known["version"]).await;
        assert!(again["now"].as_i64() > known["now"].as_i64(), "{again}");
        if again["data"].is_null() {
            break;
        }
        known = again.clone();
    }
    assert_eq!((&again["version"], &again["data"]), (&known["version"], &Value::Null), "{again}");
    let id = server.start_run(&json!({ "scenario": "normal", "duration": 5, "maxRps": 5, "endpoints": "all" })).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let other = board(&known["version"]).await;
    assert_eq!(
        (&other["data"]["active"], &other["data"]["runs"]["Ok"][0]["jobId"]),
        (&json!(id), &json!(id)),
        "{other}"
    );
    assert_ne!(other["version"], known["version"]);
    server.closed(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_for_the_same_get_the_same_answer() {
    let server = TestServer::start().await;
    let path = "/fn/metrics/overview?range=5m";
    let answers = futures_util::future::join_all((0..20).map(|_| server.get(path))).await;
    let mut moments: Vec<i64> = answers.iter().filter_map(|answer| answer.json()["Found"]["to"].as_i64()).collect();
    assert_eq!(moments.len(), 20);
    moments.dedup();
    assert!(moments.len() <= 4, "{moments:?}");
}
