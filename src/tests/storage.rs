//! A database that can't be written for a while. A disk that is full for longer: scripts/overload-proof.

use std::time::Duration;

use serde_json::json;
use sqlx::Connection;

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn three_seconds_of_a_foreign_lock_cost_no_row() {
    let server = TestServer::start().await;
    let settings = json!({ "scenario": "normal", "duration": 6, "maxRps": 10, "endpoints": ["list", "get"] });
    let id = server.start_run(&settings).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let mut other = server.sql().await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.expect("a lock");
    tokio::time::sleep(Duration::from_secs(3)).await;
    lock.rollback().await.expect("unlocked");
    let job = server.closed(&id).await;
    let audit = &job["stats"]["audit"];
    assert_eq!(
        (&job["status"], &audit["outcome"], &audit["dropped"]),
        (&json!("completed"), &json!("verified"), &json!(0)),
        "{job}"
    );
    assert_eq!(audit["recorded"], job["stats"]["sent"], "{job}");
}

/// A full disk, by SQLite's own limit on the pages of the file.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_met_a_full_disk_is_not_used_again() {
    let server = TestServer::start().await;
    server.fill_the_disk().await;
    let again = server.post("/api/v1/users", r#"{"name":"Ada","email":"ada@example.com"}"#).await;
    assert_eq!(again.status, 201, "the next one works, on a connection of its own: {}", again.text);
    let integrity: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut server.sql().await).await.expect("a word");
    assert_eq!(integrity, "ok");
}
