//! Search and the uniqueness of addresses follow one rule, by Unicode; also for users of an older version.

use std::str::FromStr;

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use traffic_simulator::platform::database::Database;
use traffic_simulator::users::server::keys::fill_in_keys;
use uuid::Uuid;

use crate::server::TestServer;

async fn created(server: &TestServer, name: &str, email: &str) -> u16 {
    server.post("/api/v1/users", json!({ "name": name, "email": email }).to_string()).await.status
}

async fn found(server: &TestServer, search: &str) -> Vec<String> {
    let mut url = reqwest::Url::parse(&format!("{}/api/v1/users", server.base)).expect("a URL");
    url.query_pairs_mut().append_pair("search", search);
    let page = server.send(server.client.get(url)).await.json();
    page["users"]
        .as_array()
        .expect("users")
        .iter()
        .map(|user| user["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_the_same_address_is_found_by_the_same_text() {
    let server = TestServer::start().await;
    // Composed, sharp s, and a capital that two letters fold to.
    for (name, email) in
        [("Jürgen Groß", "jürgen@straße.example"), ("ÉMILE", "émile@example.com"), ("100_%", "x@example.com")]
    {
        assert_eq!(created(&server, name, email).await, 201, "{email}");
    }
    for same in ["JÜRGEN@STRASSE.EXAMPLE", "ju\u{308}rgen@straße.example", "E\u{301}mile@Example.com"] {
        assert_eq!(created(&server, "Other", same).await, 409, "{same}");
    }
    for (search, name) in [
        ("JÜRGEN gross", "Jürgen Groß"),
        ("ju\u{308}rgen", "Jürgen Groß"),
        ("strasse.ex", "Jürgen Groß"),
        ("e\u{301}mile", "ÉMILE"),
        ("0_%", "100_%"),
    ] {
        assert_eq!(found(&server, search).await, [name], "{search}");
    }
    for nothing in ["jurgen", "Gro_ß", "a%b", "\\"] {
        assert_eq!(found(&server, nothing).await, Vec::<String>::new(), "{nothing}");
    }
    let id = server.get("/api/v1/users?search=%C3%A9mile").await.json()["users"][0]["id"].clone();
    let path = format!("/api/v1/users/{}", id.as_str().expect("an id"));
    assert_eq!(server.with_json("PATCH", &path, r#"{"email":"JÜRGEN@straße.example"}"#).await.status, 409);
    assert_eq!(server.with_json("PATCH", &path, r#"{"name":"Éva"}"#).await.status, 200);
    assert_eq!(found(&server, "ÉVA").await, ["Éva"]);
    assert_eq!(found(&server, "ÉMILE@").await, ["Éva"], "by the address");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_user_is_found_by_its_own_name_after_a_run_that_changed_names() {
    let server = TestServer::start().await;
    let id =
        server.start_run(&json!({ "scenario": "normal", "duration": 5, "maxRps": 10, "endpoints": ["update"] })).await;
    server.closed(&id).await;
    let page = server.get("/api/v1/users?perPage=100").await.json();
    for user in page["users"].as_array().expect("users") {
        let name = user["name"].as_str().expect("a name");
        assert!(found(&server, name).await.contains(&name.to_owned()), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_an_older_version_get_their_keys_and_nobody_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/old.db", folder.path().display());
    Database::open(&url).await.expect("a database").close().await;
    // As an older version left it: keys in lower case, and no folded names.
    let mut old = SqliteConnectOptions::from_str(&url).expect("a URL").connect().await.expect("a connection");
    // The second one is the older one; the key of the last one is what those of the first two become.
    let users = [("Groß", "groß@x.example", 20), ("GROSS", "GROSS@x.example", 10), ("Ada", "ADA@x.example", 30)];
    for (place, (name, email, created_at)) in users.into_iter().enumerate() {
        sqlx::query("INSERT INTO users (id, name, email, email_key, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(Uuid::from_u128(place as u128 + 1).as_bytes().to_vec())
            .bind(name)
            .bind(email)
            .bind(email.to_lowercase())
            .bind(created_at)
            .bind(created_at)
            .execute(&mut old)
            .await
            .expect("inserted");
    }
    old.close().await.expect("closed");
    let database = Database::open(&url).await.expect("a database");
    assert_eq!(fill_in_keys(&database).await.expect("filled in"), 3);
    assert_eq!(fill_in_keys(&database).await.expect("nothing left"), 0);
    let keys: Vec<(String, String)> = sqlx::query_as("SELECT name_key, email_key FROM users ORDER BY id")
        .fetch_all(&database.read)
        .await
        .expect("users");
    let younger = format!("gross@x.example {}", Uuid::from_u128(1));
    let expected = [("gross", younger.as_str()), ("gross", "gross@x.example"), ("ada", "ada@x.example")];
    assert_eq!(keys, expected.map(|(name, email)| (name.to_owned(), email.to_owned())));
    database.close().await;
    let server = TestServer::start_with(|config| config.database_url = url).await;
    let mut both = found(&server, "Gross@X").await;
    both.sort();
    assert_eq!(both, ["GROSS", "Groß"], "the younger one is found by its address, too");
    assert_eq!(created(&server, "Third", "groß@x.example").await, 409);
    let total: Value = server.get("/api/v1/users?perPage=1").await.json()["total"].clone();
    assert_eq!(total, json!(53), "fifty demo users and the three");
}
