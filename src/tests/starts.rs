//! A start belongs to the program: it is driven to its end, or is none, whatever its client or the server does meanwhile.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::server::TestServer;
use traffic_simulator::platform::database::Database;

/// How often each is tried. More of them: `make crash-proof`, `make shutdown-proof`.
const ROUNDS: u32 = 50;

fn settings() -> Value {
    json!({ "scenario": "normal", "duration": 60, "maxRps": 1, "endpoints": "all" })
}

/// Waits a part of a millisecond: timers wake up later than that.
async fn pass(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_its_own_client_cuts_off_leaves_no_run_that_nobody_drives() {
    let server = TestServer::start().await;
    let address = server.base.trim_start_matches("http://").to_owned();
    let body = settings().to_string();
    let request = format!(
        "POST /traffic/start HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut begun = 0;
    for round in 0..ROUNDS {
        let mut client = TcpStream::connect(&address).await.expect("a connection");
        client.write_all(request.as_bytes()).await.expect("sent");
        pass(Duration::from_micros(u64::from(round) * 30)).await;
        drop(client);
        // Another start is refused because of the one that was cut off, or takes its place: then it is stopped, too.
        let next = server.post("/traffic/start", body.clone()).await;
        let id = next.json()["jobId"].as_str().expect("an id").to_owned();
        begun += u32::from(next.status == 409);
        assert_eq!(server.post(&format!("/traffic/stop/{id}"), "").await.status, 200);
        server.closed(&id).await;
        assert_eq!(server.count("SELECT count(*) FROM runs WHERE closed = 0").await, 0, "round {round}");
    }
    assert!(begun > 0, "none of {ROUNDS} starts had begun when it was cut off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_in_the_moment_of_the_stop_leaves_no_open_run() {
    let mut accepted = 0;
    for round in 0..ROUNDS {
        let server = TestServer::start().await;
        let request = server.request("POST", "/traffic/start").header("content-type", "application/json");
        let start = tokio::spawn(request.body(settings().to_string()).send());
        pass(Duration::from_micros(u64::from(round) * 60)).await;
        let folder = server.shut_down().await;
        let answer = start.await.expect("no panic").map(|answer| answer.status().as_u16());
        accepted += u32::from(matches!(answer, Ok(201)));
        let url = format!("sqlite://{}/test.db", folder.path().display());
        let database = Database::open(&url).await.expect("the database");
        let open: i64 = sqlx::query_scalar("SELECT count(*) FROM runs WHERE closed = 0")
            .fetch_one(&database.read)
            .await
            .expect("a number");
        assert_eq!(open, 0, "round {round}, answered {answer:?}");
        database.close().await;
    }
    assert!(accepted > 0, "none of {ROUNDS} starts came before the stop");
}
