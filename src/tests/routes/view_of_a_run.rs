//! One run as what the dashboard and the request log show: all of it, and nothing else, however long ago it was.

use std::time::Duration;

use serde_json::{Value, json};
use traffic_simulator::metrics::model::FRESH_MILLIS;

use crate::server::TestServer;

async fn overview(server: &TestServer, query: &str) -> Value {
    server.get(&format!("/fn/metrics/overview?{query}")).await.json()["Found"].clone()
}

/// Numbers are shared by all who ask within this time.
async fn no_longer_fresh() {
    tokio::time::sleep(Duration::from_millis(FRESH_MILLIS + 50)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_shown_in_its_own_time_today_and_two_days_later() {
    let server = TestServer::start().await;
    let id =
        server.start_run(&json!({ "scenario": "normal", "duration": 5, "maxRps": 10, "endpoints": ["list"] })).await;
    let job = server.closed(&id).await;
    for _ in 0..3 {
        server.get("/api/v1/users").await;
    }
    let sent = job["stats"]["sent"].clone();
    let check = async |days: i64| {
        for range in ["5m", "1h", "24h"] {
            let run = overview(&server, &format!("range={range}&origin={id}")).await;
            assert_eq!((&run["totals"]["requests"], &run["all"], &run["real"]), (&sent, &sent, &json!(0)), "{range}");
            let (from, to) = (run["from"].as_i64().expect("from"), run["to"].as_i64().expect("to"));
            let start = job["startTime"].as_i64().expect("a start") - days * 86_400_000;
            // The interval begins with the second of the first request, which arrives a little after the start.
            assert!((-200..=1000).contains(&(start - from)), "{range}: from {from}, started {start}");
            assert!((4000..=8000).contains(&(to - from)), "{range}: {from} to {to}");
            let drawn: u64 = run["points"].as_array().expect("points").iter().filter_map(|p| p[1][0].as_u64()).sum();
            assert_eq!(json!(drawn + run["open"][1][0].as_u64().unwrap_or(0)), sent);
        }
        let log = server.get(&format!("/fn/metrics/log?query[origin]={id}")).await.json()["Found"].clone();
        assert_eq!(json!(log["requests"].as_array().expect("rows").len()), sent, "after {days} days");
    };
    // The rows of the end come in up to a quarter of a second after their answers.
    for _ in 0..100 {
        if overview(&server, "").await["real"] == json!(3) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    check(0).await;
    let page = server.get(&format!("/?origin={id}")).await.text;
    assert!(
        page.contains(&format!("href=\"/?run={id}\" aria-current=\"true\"")),
        "its figures are those of the run: {page}"
    );
    assert!(!page.contains("server, last 5 min"));
    // As if it had been two days ago.
    sqlx::query("UPDATE recorded_requests SET arrived_at = arrived_at - ? WHERE run IS NOT NULL")
        .bind(2 * 86_400_000_000_i64)
        .execute(&mut server.sql().await)
        .await
        .expect("moved");
    no_longer_fresh().await;
    check(2).await;
    // As if the clock had been set forth by two hours in the middle.
    sqlx::query("UPDATE recorded_requests SET arrived_at = arrived_at + ? WHERE run IS NOT NULL AND seq % 2 = 1")
        .bind(7_200_000_000_i64)
        .execute(&mut server.sql().await)
        .await
        .expect("moved");
    no_longer_fresh().await;
    let torn = overview(&server, &format!("origin={id}")).await;
    assert_eq!((&torn["totals"]["requests"], &torn["all"]), (&sent, &sent), "its numbers are whole");
    assert!(torn["from"].as_i64() < torn["to"].as_i64(), "{torn}");
    let none = overview(&server, "origin=019b76da-a800-7000-8000-000000000000").await;
    assert_eq!((&none["totals"]["requests"], &none["all"]), (&json!(0), &json!(0)));
}
