//! With an `ADMIN_TOKEN`: who may do what.

use crate::server::TestServer;
use traffic_simulator::server::auth::AdminToken;

const TOKEN: &str = "only-for-this-test-7f3a";

async fn guarded() -> TestServer {
    TestServer::start_with(|config| config.admin_token = Some(AdminToken(TOKEN.to_owned()))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_users_api_is_public_and_what_makes_load_is_not() {
    let server = guarded().await;
    for (method, path) in [
        ("POST", "/traffic/start"),
        ("POST", "/traffic/stop/019b76da-a800-7000-8000-000000000000"),
        ("GET", "/traffic/status/019b76da-a800-7000-8000-000000000000"),
        ("GET", "/traffic/stream/019b76da-a800-7000-8000-000000000000"),
        ("GET", "/traffic/runs"),
        ("DELETE", "/traffic/runs/019b76da-a800-7000-8000-000000000000"),
        ("GET", "/fn/traffic/card"),
        ("POST", "/fn/traffic/start"),
        ("GET", "/"),
        ("GET", "/runs"),
        ("GET", "/metrics"),
        ("GET", "/nothing/there"),
        ("GET", "/traffic/nothing"),
        ("PUT", "/traffic/start"),
        ("POST", "/fn/nothing"),
        ("GET", "/pkg"),
    ] {
        let answer = server.with_json(method, path, "").await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"), "{method} {path}");
        answer.problem();
        let wrong = server.request(method, path).header("authorization", "Bearer only-for-this-test-7f3b");
        assert_eq!(server.send(wrong).await.status, 401, "{method} {path} with a wrong token");
    }
    for path in ["/healthz", "/api/v1/users", "/login", "/docs", "/api/openapi.json"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
    for path in ["/api/nothing", "/api", "/api/v1", "/pkg/nothing"] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_shows_the_token_with_each_request_and_the_generator_needs_none() {
    let server = guarded().await;
    let with_token = |method: &str, path: &str| server.request(method, path).bearer_auth(TOKEN);
    let start = with_token("POST", "/traffic/start")
        .header("content-type", "application/json")
        .body(r#"{"scenario":"normal","duration":5,"maxRps":5,"endpoints":"all"}"#);
    let id = server.send(start).await.json()["jobId"].as_str().expect("an id").to_owned();
    let stream = server.send(with_token("GET", &format!("/traffic/stream/{id}"))).await;
    assert_eq!(stream.text.matches("event: done\n").count(), 1);
    let job = server.send(with_token("GET", &format!("/traffic/status/{id}"))).await.json();
    assert_eq!((&job["status"], &job["stats"]["audit"]["outcome"]), (&"completed".into(), &"verified".into()), "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_logs_in_and_gets_a_cookie_that_scripts_can_not_read() {
    let server = guarded().await;
    let as_browser = |method: &str, path: &str| server.request(method, path).header("accept", "text/html");
    let page = server.send(as_browser("GET", "/")).await;
    assert_eq!(page.status, 401);
    assert!(page.text.contains("action=\"/login\"") && !page.text.contains("<script"), "a form and nothing to run");

    let wrong =
        as_browser("POST", "/login").header("content-type", "application/x-www-form-urlencoded").body("token=guess");
    let wrong = server.send(wrong).await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, ""));
    assert!(wrong.text.contains("not the token"));

    let no_redirect =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let right = no_redirect
        .post(format!("{}/login", server.base))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("token={TOKEN}"));
    let right = server.send(right).await;
    assert_eq!((right.status, right.header("location")), (303, "/"));
    let cookie = right.header("set-cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Lax; Path=/"), "{cookie}");
    assert!(!cookie.contains(TOKEN), "the token itself is not in it");
    let pair = cookie.split(';').next().expect("a pair");
    assert_eq!(server.send(as_browser("GET", "/").header("cookie", pair)).await.status, 200);
    let forged = format!("{}=x", pair.split('=').next().expect("a name"));
    assert_eq!(server.send(as_browser("GET", "/").header("cookie", forged)).await.status, 401);
    let cross_site =
        server.request("POST", "/traffic/start").header("cookie", pair).header("sec-fetch-site", "cross-site");
    assert_eq!(server.send(cross_site).await.status, 403, "a cookie alone does not help another site");
}
