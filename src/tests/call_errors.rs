//! What the page makes of an answer that is no success: each kind has words of its own.

use leptos::server_fn::error::FromServerFnError;
use traffic_simulator::error::AppError;
use traffic_simulator::server::auth::AdminToken;

use crate::server::{Answer, TestServer};

/// As the browser reads the answer of a server function.
fn error(answer: &Answer) -> AppError {
    assert!(answer.status >= 400, "{}", answer.text);
    AppError::de(answer.text.clone().into())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_gone_and_a_refusal_are_told_apart_from_a_failure() {
    let token = AdminToken("a-token-that-is-long".to_owned());
    let guarded = TestServer::start_with(|config| config.admin_token = Some(token)).await;
    for path in ["/fn/traffic/card", "/fn/dashboard/board"] {
        let answer = guarded.send(guarded.request("GET", path).header("accept", "application/json")).await;
        assert_eq!((answer.status, error(&answer)), (401, AppError::LoggedOut));
    }
    let server = TestServer::start().await;
    let strange = server.request("GET", "/fn/traffic/card").header("host", "elsewhere.example");
    let answer = server.send(strange).await;
    assert_eq!((answer.status, error(&answer)), (403, AppError::Forbidden));
    let of_another_site = server.request("POST", "/fn/traffic/stop").header("sec-fetch-site", "cross-site");
    assert_eq!(error(&server.send(of_another_site).await), AppError::Forbidden);
    sqlx::query("ALTER TABLE runs RENAME TO away").execute(&mut server.sql().await).await.expect("renamed");
    let answer = server.get("/fn/traffic/runs").await;
    assert_eq!(
        (answer.status, error(&answer)),
        (500, AppError::Internal(Some(answer.header("x-request-id").to_owned())))
    );
    let unknown = server.get("/fn/traffic/nothing").await;
    assert_eq!((unknown.status, error(&unknown)), (404, AppError::NotFound));
}
