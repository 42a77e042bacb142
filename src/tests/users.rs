//! `/api/v1/users`

use std::collections::BTreeMap;

use serde_json::json;

use crate::server::TestServer;

const ADA: &str = r#"{"name":"Ada Lovelace","email":"ada@example.com"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn create_get_update_list_and_search() {
    let server = TestServer::start().await;
    let created = server.post("/api/v1/users", ADA).await;
    assert_eq!(created.status, 201);
    let id = created.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(created.header("location"), format!("/api/v1/users/{id}"));
    assert_eq!(uuid::Uuid::parse_str(&id).expect("a UUID").get_version_num(), 7);

    let path = format!("/api/v1/users/{id}");
    assert_eq!(server.get(&path).await.json(), created.json());
    let updated = server.with_json("PATCH", &path, r#"{"name":"Ada King"}"#).await;
    assert_eq!(
        (updated.status, &updated.json()["name"], &updated.json()["email"]),
        (200, &json!("Ada King"), &json!("ada@example.com"))
    );

    let all = server.get("/api/v1/users?perPage=100").await.json();
    assert_eq!((&all["total"], all["users"].as_array().map(Vec::len)), (&json!(51), Some(51)), "50 demo users and Ada");
    let second = server.get("/api/v1/users?perPage=20&page=3").await.json();
    assert_eq!((&second["page"], second["users"].as_array().map(Vec::len)), (&json!(3), Some(11)));
    let found = server.get("/api/v1/users?search=KING").await.json();
    assert_eq!((&found["total"], &found["users"][0]["id"]), (&json!(1), &json!(id)));
    assert_eq!(
        server.get("/api/v1/users?search=%25").await.json()["total"],
        0,
        "a percent sign finds itself, not everything"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_is_refused_whatever_its_case() {
    let server = TestServer::start().await;
    assert_eq!(server.post("/api/v1/users", ADA).await.status, 201);
    let again = server.post("/api/v1/users", r#"{"name":"Other","email":"ADA@example.com"}"#).await;
    assert_eq!(again.status, 409);
    assert_eq!(again.faulty_fields(), ["email"]);
    let demo = "/api/v1/users/019b76da-a800-7000-8000-000000000000";
    assert_eq!(server.with_json("PATCH", demo, r#"{"email":"ada@example.com"}"#).await.status, 409);
    assert_eq!(server.get("/api/v1/users?search=ada%40example.com").await.json()["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_field_by_field_and_the_server_goes_on() {
    let server = TestServer::start().await;
    let demo = "/api/v1/users/019b76da-a800-7000-8000-000000000000";
    let nowhere = "/api/v1/users/019b76da-a800-7000-8000-0000000000ff";
    let rows = [
        ("POST", "/api/v1/users", "{}", 400, vec!["name", "email"]),
        ("POST", "/api/v1/users", r#"{"name":"","email":"x"}"#, 422, vec!["name", "email"]),
        ("POST", "/api/v1/users", r#"{"name":3,"email":"a@b.c"}"#, 400, vec!["name"]),
        ("POST", "/api/v1/users", r#"{"name":"A","email":"a@b.c","admin":true}"#, 400, vec!["admin"]),
        ("POST", "/api/v1/users", "[1]", 400, vec![]),
        ("POST", "/api/v1/users", "{", 400, vec![]),
        ("POST", "/api/v1/users", "", 400, vec![]),
        ("PATCH", demo, "{}", 400, vec!["name"]),
        ("PATCH", demo, r#"{"email":"nobody"}"#, 422, vec!["email"]),
        ("PATCH", nowhere, r#"{"name":"A"}"#, 404, vec![]),
        ("PATCH", "/api/v1/users/17", r#"{"name":"A"}"#, 400, vec!["id"]),
        ("GET", nowhere, "", 404, vec![]),
        ("GET", "/api/v1/users/..", "", 404, vec![]),
        ("GET", "/api/v1/users?page=0", "", 422, vec!["page"]),
        ("GET", "/api/v1/users?perPage=x", "", 400, vec!["perPage"]),
        ("GET", "/api/v1/users?perPage=5&perPage=6", "", 400, vec!["perPage"]),
        ("GET", "/api/v1/users?sort=name", "", 400, vec!["sort"]),
        ("GET", "/api/v1/users/error?errorRate=NaN", "", 422, vec!["errorRate"]),
        ("GET", "/api/v1/users/error?errorRate=1.5", "", 422, vec!["errorRate"]),
        ("GET", "/api/v1/users/error?errorRate=abc", "", 400, vec!["errorRate"]),
        ("DELETE", "/api/v1/users", "", 405, vec![]),
        ("GET", "/api/v1/nothing", "", 404, vec![]),
        ("GET", "/api/nothing", "", 404, vec![]),
    ];
    for (method, path, body, status, fields) in rows {
        let answer = server.with_json(method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.text);
        assert_eq!(answer.faulty_fields(), fields, "{method} {path} {body}");
    }
    let text = server.request("POST", "/api/v1/users").header("content-type", "text/plain").body(ADA);
    assert_eq!(server.send(text).await.problem()["status"], 415);
    let long = format!(r#"{{"name":"{}","email":"a@b.c"}}"#, "x".repeat(17 * 1024));
    assert_eq!(server.post("/api/v1/users", long).await.problem()["status"], 413);
    assert_eq!(server.post("/api/v1/users", ADA).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_endpoint_fails_never_always_and_half_of_the_time() {
    let server = TestServer::start().await;
    for _ in 0..50 {
        assert_eq!(server.get("/api/v1/users/error?errorRate=0").await.status, 200);
        assert!([500, 502, 503, 504].contains(&server.get("/api/v1/users/error?errorRate=1").await.status));
    }
    let n = 10_000.0_f64;
    let mut codes = BTreeMap::<u16, f64>::new();
    for _ in 0..10_000 {
        *codes.entry(server.get("/api/v1/users/error?errorRate=0.5").await.status).or_default() += 1.0;
    }
    let failed = n - codes[&200];
    assert!((failed / n - 0.5).abs() < 4.0 * (0.25 / n).sqrt(), "{codes:?}");
    for code in [500, 502, 503, 504] {
        assert!((codes[&code] / failed - 0.25).abs() < 4.0 * (0.25 * 0.75 / failed).sqrt(), "{codes:?}");
    }
}
