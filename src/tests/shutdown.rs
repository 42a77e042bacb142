//! Going down in mid-run, and coming back after a crash.

use std::time::Duration;

use serde_json::{Value, json};
use traffic_simulator::platform::database::Database;

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn in_mid_run_with_an_open_stream_everything_is_stored_within_five_seconds() {
    let server = TestServer::start().await;
    let id = server.start_run(&json!({ "scenario": "stress", "duration": 60, "maxRps": 20, "endpoints": "all" })).await;
    let stream = server.request("GET", &format!("/traffic/stream/{id}")).send().await.expect("a stream");
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let folder = server.shut_down().await;
    let events = stream.text().await.expect("the stream ends by itself");
    assert_eq!(events.matches("event: done\n").count(), 1, "its viewer sees the end");

    let database =
        Database::open(&format!("sqlite://{}/test.db", folder.path().display())).await.expect("the database");
    let json: String = sqlx::query_scalar("SELECT job FROM runs").fetch_one(&database.read).await.expect("the run");
    let job: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (&job["jobId"], &job["status"], &job["reason"], &job["closed"]),
        (&json!(id), &json!("error"), &json!("shutdown"), &json!(true))
    );
    assert_eq!(job["stats"]["audit"]["outcome"], "verified", "{job}");
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM recorded_requests").fetch_one(&database.read).await.expect("rows");
    assert_eq!(json!(rows), job["stats"]["sent"], "nothing recorded is lost");
    let users: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&database.read).await.expect("users");
    assert_eq!(users, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_use_is_refused_in_words() {
    let server = TestServer::start().await;
    let refused = Database::open(&format!("sqlite://{}", server.database_file().display())).await.expect_err("in use");
    assert!(refused.to_string().starts_with("another traffic-simulator uses the database"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_is_closed_and_cleaned_at_the_next_start() {
    let server = TestServer::start().await;
    let id = server.start_run(&json!({ "scenario": "normal", "duration": 5, "maxRps": 1, "endpoints": "all" })).await;
    server.closed(&id).await;
    let folder = server.shut_down().await;
    let url = format!("sqlite://{}/test.db", folder.path().display());

    // As a killed process leaves it: a run that is not closed, and a user that it created.
    let database = Database::open(&url).await.expect("the database");
    let mut transaction = database.begin().await.expect("a transaction");
    let unclosed = "UPDATE runs SET closed = 0, status = 'running', job = json_set(job, '$.closed', json('false'), '$.status', 'running')";
    sqlx::query(unclosed).execute(&mut *transaction).await.expect("an update");
    sqlx::query(
        "INSERT INTO users (id, name, name_key, email, email_key, created_at, updated_at, run) \
         SELECT randomblob(16), 'Left', 'left', 'left@example.com', 'left@example.com', 0, 0, id FROM runs",
    )
    .execute(&mut *transaction)
    .await
    .expect("a user");
    transaction.commit().await.expect("a commit");
    database.close().await;

    let again = TestServer::start_with(|config| config.database_url = url).await;
    let job = again.job(&id).await;
    assert_eq!(
        (&job["status"], &job["reason"], &job["closed"]),
        (&json!("error"), &json!("interrupted"), &json!(true))
    );
    assert_eq!(again.get("/api/v1/users?search=left%40").await.json()["total"], 0);
    let next = again.start_run(&json!({ "scenario": "normal", "duration": 5, "maxRps": 1, "endpoints": "all" })).await;
    assert_ne!(next, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_or_is_newer_is_refused_in_words_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bad.db");
    let url = format!("sqlite://{}", path.display());
    let garbage = b"this is no database, and it is longer than a header of SQLite, which has one hundred bytes, so that it is really read.".to_vec();
    std::fs::write(&path, &garbage).expect("written");
    let refused = Database::open(&url).await.expect_err("no database").to_string();
    assert!(refused.contains("can't be opened"), "{refused}");
    assert_eq!(std::fs::read(&path).expect("read"), garbage);

    std::fs::remove_file(&path).expect("removed");
    let database = Database::open(&url).await.expect("a new one");
    let mut transaction = database.begin().await.expect("a transaction");
    let future = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'future', 1, x'00', 0)";
    sqlx::query(future).execute(&mut *transaction).await.expect("a row");
    transaction.commit().await.expect("a commit");
    database.close().await;
    let refused = Database::open(&url).await.expect_err("too new").to_string();
    assert!(refused.contains("does not fit this program"), "{refused}");
    assert!(Database::open("postgres://somewhere").await.is_err());
}
