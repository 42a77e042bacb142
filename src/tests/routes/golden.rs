//! The large views as golden files in `src/tests/golden`, so that a change of their HTML is seen in its diff.
//!
//! After a wanted change: `INSTA_UPDATE=always cargo test --features ssr golden`, and look at the diff.

use serde_json::{Value, json};
use traffic_simulator::traffic::engine::exchange::{ClientSide, ServerSide};
use traffic_simulator::traffic::engine::findings::Findings;
use traffic_simulator::traffic::engine::mix::Call;
use uuid::Uuid;

use crate::fixture::pretty::pretty;
use crate::server::TestServer;

const ID: Uuid = Uuid::from_u128(0x019b_76da_a800_7000_8000_0000_0000_0007);
/// 2026-11-29, 12:00:00 UTC, in epoch milliseconds.
const START: i64 = 1_795_953_600_000;

/// Compares what is inside of `<body>` with the golden file of this name.
fn assert_golden(name: &str, html: &str, server: &TestServer) {
    let body = html.split_once("<body>").expect("a body").1.split("</body>").next().expect("its end");
    let text = without_hashes(&pretty(body)).replace(&server.base, "http://127.0.0.1:3000");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/golden"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Leptos adds a hash of the place in the sources to the names of islands.
fn without_hashes(html: &str) -> String {
    let mut pieces = html.split("data-component=\"");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        let (name, rest) = piece.split_once('"').expect("the end of a name");
        let name = name.rsplit_once('_').map_or(name, |(name, _)| name);
        format!("{text}data-component=\"{name}\"{rest}")
    })
}

fn latency(count: u32) -> Value {
    json!({ "count": count, "mean": 1.25, "p50": 0.61, "p95": 2.8, "p99": 41.0, "max": 81.0 })
}

/// A run of six seconds with a name and a note, of which three requests failed: one group with a request id, and one
/// without.
fn run() -> Value {
    let split = json!({ "ok": latency(57), "failed": latency(3) });
    let group = |outcome: &str, count: u32, request_id: Option<Uuid>| {
        json!({ "call": "error", "outcome": outcome, "count": count, "first": 450, "last": 5250,
            "sample": { "seq": 9, "path": "/api/v1/users/error?errorRate=0.5", "requestId": request_id } })
    };
    let call =
        |call: &str, ok: u32, failed: u32| json!({ "call": call, "ok": ok, "failed": failed, "service": latency(ok) });
    json!({
        "jobId": ID, "status": "completed", "scenario": "error-injection", "duration": 6, "maxRps": 10,
        "endpoints": ["list"], "seed": 7, "delay": "client", "cap": 20, "startTime": START, "endTime": START + 6_100,
        "closed": true,
        "stats": {
            "elapsed": 6000, "totalRequests": 60, "successfulRequests": 57, "failedRequests": 3, "avgLatency": 1.25,
            "currentRps": 0, "planned": 60, "sent": 60, "missed": 0, "notReached": 0, "inFlight": 0, "cancelled": 0,
            "gateRefusals": 0, "inFlightRefusals": 0, "capViolations": 0, "schedulingDelayP99": 0.4,
            "service": split, "response": split,
            "calls": [call("list", 42, 0), call("error", 15, 3)],
            "fates": [{ "name": "200", "count": 57 }, { "name": "503", "count": 2 }, { "name": "timeout", "count": 1 }],
            "sentPerSecond": [10, 10, 10, 10, 10, 10],
            "failures": [group("503", 2, Some(request_id(9))), group("timeout", 1, None)],
            "recentFailures": [{ "seq": 9, "method": "GET", "path": "/api/v1/users/error?errorRate=0.5", "status": 503,
                "requestId": request_id(9), "reason": "answered 503" }],
            "audit": { "outcome": "verified", "capKept": true, "sent": 60, "unanswered": 1, "neverArrived": 0,
                "arrived": 60, "recorded": 60, "dropped": 0, "ledgerDropped": 0, "mostInAnySecond": 10, "cap": 20,
                "capViolations": 0, "created": 0, "removed": 0, "kept": 0, "differences": [], "gaps": [] },
            "dashboardCheck": { "outcome": "right", "requests": 60, "arrived": 60, "errorRate": 0.05, "injected": 0.05,
                "p95": 1.9, "exactP95": 1.9, "expected": { "share": 0.15, "fourSigma": 0.14 }, "differences": [],
                "gaps": [] }
        }
    })
}

fn request_id(seq: u32) -> Uuid {
    Uuid::from_u128(ID.as_u128() + 0x100 + u128::from(seq))
}

/// What client and server said about its requests, ten in each second.
fn findings() -> Findings {
    let slots = 0..60_u32;
    let fails = |seq: u32| seq % 20 == 9;
    let clients = slots.clone().map(|seq| ClientSide {
        seq,
        call: if seq % 10 == 9 { Call::Error } else { Call::List },
        wanted: u64::from(seq) * 100_000 + 50_000,
        due: u64::from(seq) * 100_000 + 50_000,
        sent: u64::from(seq) * 100_000 + 50_300,
        sent_at: Some(START * 1000 + i64::from(seq) * 100_000 + 50_300),
        service: 600 + u64::from(seq) * 40,
        fate: if fails(seq) { "503" } else { "200" }.to_owned(),
        request_id: Some(request_id(seq)),
    });
    let servers = slots.map(|seq| ServerSide {
        seq,
        arrived_at: START * 1000 + i64::from(seq) * 100_000 + 50_400,
        duration: 300 + u64::from(seq) * 30,
        status: if fails(seq) { 503 } else { 200 },
        request_id: Some(request_id(seq)),
    });
    Findings::of_rows(&clients.collect::<Vec<_>>(), &servers.collect::<Vec<_>>(), 6)
}

/// A server that has stored the run.
async fn server_with_the_run() -> TestServer {
    let server = TestServer::start().await;
    let insert = "INSERT INTO runs (id, status, closed, start_time, job, scenario, name, note, findings) \
        VALUES (?, 'completed', 1, ?, ?, 'error-injection', 'Before the index', ?, ?)";
    sqlx::query(insert)
        .bind(ID.as_bytes().as_slice())
        .bind(START)
        .bind(run().to_string())
        .bind("With 50 users in the table.\nNext: <index> & again.")
        .bind(serde_json::to_string(&findings()).expect("JSON"))
        .execute(&mut server.sql().await)
        .await
        .expect("stored");
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn golden_page_and_report_of_a_run() {
    let server = server_with_the_run().await;
    let page = server.get(&format!("/runs/{ID}")).await;
    assert_eq!(page.status, 200);
    assert_golden("run-page", &page.text, &server);
    let report = server.get(&format!("/traffic/runs/{ID}/export?format=html")).await;
    assert_golden("run-report", &report.text, &server);
    for reference in [" href=", " src=", "url(", "@import", "<script", " style="] {
        assert!(!report.text.contains(reference), "a report stands for itself: {reference}");
    }
    assert!(report.text.contains("<title>Before the index · Traffic Simulator</title>"), "{}", report.text);
    let note = "With 50 users in the table.\nNext: &lt;index&gt; &amp; again.";
    assert!(report.text.contains(note), "{}", report.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn golden_documentation() {
    let server = TestServer::start().await;
    assert_golden("docs", &server.get("/docs").await.text, &server);
}
