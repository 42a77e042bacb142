//! `/readyz` and `/healthz`.

use sqlx::Connection;

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_ready_when_it_can_read_its_database() {
    let server = TestServer::start().await;
    let ready = server.get("/readyz").await;
    assert_eq!((ready.status, ready.text.as_str()), (200, "ready\n"));
    // Somebody who writes keeps nobody from reading.
    let mut other = server.sql().await;
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.expect("locked");
    assert_eq!(server.get("/readyz").await.status, 200);
    sqlx::query("ROLLBACK").execute(&mut other).await.expect("unlocked");
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 1").execute(&mut other).await.expect("deleted");
    other.close().await.expect("closed");
    let refused = server.get("/readyz").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "5"));
    assert!(refused.problem()["detail"].as_str().expect("words").contains("schema"), "{}", refused.text);
    assert_eq!(server.get("/healthz").await.status, 200, "it is alive all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_described_and_needs_no_token() {
    let token = traffic_simulator::server::auth::AdminToken("a-token-that-is-long".to_owned());
    let server = TestServer::start_with(|config| config.admin_token = Some(token)).await;
    assert_eq!(server.get("/readyz").await.status, 200);
    let description = server.get("/api/openapi.json").await.json();
    let answers = description["paths"]["/readyz"]["get"]["responses"].as_object().expect("described").clone();
    assert!(answers.contains_key("200") && answers.contains_key("503"));
}
