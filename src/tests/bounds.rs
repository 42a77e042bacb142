//! One client can't take it from the others: connections, bodies, users.
//!
//! On Linux every address of 127.0.0.0/8 is this machine, so that one machine can be several peers.

use std::net::SocketAddr;
use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::Command;
use tokio::time::timeout;

use crate::server::TestServer;

const OTHER: &str = "127.0.0.9";
const SAME: &str = "127.0.0.1";
const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
/// The head of a request whose body is on its way, and the first byte of that.
const BODY: &str =
    "POST /api/v1/users HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 47\r\n\r\n{";
/// What is missing of it.
const REST: &str = r#""name":"Ada Lovelace","email":"a@example.com"}"#;

/// A connection by hand.
struct Raw(TcpStream);

impl Raw {
    async fn open(server: &TestServer, from: &str) -> Self {
        let to: SocketAddr = server.base["http://".len()..].parse().expect("an address");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::new(from.parse().expect("an address"), 0)).expect("an address of this machine");
        Self(socket.connect(to).await.expect("a connection"))
    }

    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("sent");
    }

    /// One answer with its body; of a stream only the head. Empty when the connection is closed instead.
    async fn answer(&mut self) -> String {
        let (mut text, mut buffer) = (String::new(), [0; 1024]);
        loop {
            let read = timeout(Duration::from_secs(5), self.0.read(&mut buffer)).await.expect("an answer within 5 s");
            let Ok(read @ 1..) = read else { return text };
            text.push_str(&String::from_utf8_lossy(&buffer[..read]));
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.is_none_or(|length| length.parse() == Ok(body.len())) {
                return text;
            }
        }
    }

    async fn status(&mut self) -> String {
        self.answer().await.chars().skip("HTTP/1.1 ".len()).take(3).collect()
    }

    async fn ask(&mut self, text: &str) -> String {
        self.send(text).await;
        self.status().await
    }

    /// Does the server close it, or has it done so?
    async fn is_closed(&mut self) -> bool {
        self.answer().await.is_empty()
    }

    /// Does anything new come in, after all that is there?
    async fn goes_on(&mut self) -> bool {
        let mut buffer = [0; 4096];
        while self.0.try_read(&mut buffer).is_ok_and(|read| read > 0) {}
        timeout(Duration::from_secs(5), self.0.read(&mut buffer))
            .await
            .is_ok_and(|read| read.is_ok_and(|read| read > 0))
    }

    /// Is it open, with nothing to be read?
    fn is_open(&self) -> bool {
        self.0.try_read(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }
}

/// Sends the same 64 times and more, until one is answered at once; the connections of the others, and that answer.
async fn until_refused(server: &TestServer, from: &str, text: &str) -> (Vec<Raw>, String) {
    let mut waiting = Vec::new();
    while waiting.len() < 100 {
        let mut connection = Raw::open(server, from).await;
        connection.send(text).await;
        if waiting.len() >= 64 && timeout(Duration::from_millis(100), connection.0.readable()).await.is_ok() {
            return (waiting, connection.answer().await);
        }
        waiting.push(connection);
    }
    panic!("nothing is refused");
}

/// The settings of a run that sends all kinds of requests.
fn settings(duration: u32) -> Value {
    json!({ "scenario": "stress", "duration": duration, "maxRps": 20, "endpoints": "all" })
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(target_os = "linux"), ignore = "there is one loopback address only")]
async fn a_peer_with_too_many_connections_loses_its_own_and_the_longest_waiting_first() {
    // Six for each.
    let server = TestServer::start_with(|config| config.max_connections = 12).await;
    let mut idle = Vec::new();
    for _ in 0..6 {
        let mut connection = Raw::open(&server, OTHER).await;
        assert_eq!(connection.ask(HEALTH).await, "200");
        idle.push(connection);
    }
    // Used again, so that it has not waited longest.
    assert_eq!(idle[0].ask(HEALTH).await, "200");
    let mut seventh = Raw::open(&server, OTHER).await;
    assert_eq!(seventh.ask(HEALTH).await, "200");
    assert!(idle[1].is_closed().await);
    assert!(idle[0].is_open() && idle[2..].iter().all(Raw::is_open));
    for _ in 0..30 {
        let mut one_more = Raw::open(&server, OTHER).await;
        assert_eq!(one_more.ask(HEALTH).await, "200");
        assert_eq!(Raw::open(&server, SAME).await.ask(HEALTH).await, "200");
        idle.push(one_more);
    }
    assert!(idle[0].is_closed().await);
}

/// Every connection that this machine may have is being answered before the run sends its first request.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_loses_nothing_when_all_connections_are_taken() {
    let server = TestServer::start_with(|config| config.max_connections = 8).await;
    // Its clock starts a second after the server did.
    let id = server.start_run(&settings(5)).await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        let mut stream = Raw::open(&server, SAME).await;
        let head = format!("GET /traffic/stream/{id} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
        assert_eq!(stream.ask(&head).await, "200");
        streams.push(stream);
    }
    let mut refused = Raw::open(&server, SAME).await;
    assert_eq!(refused.ask(HEALTH).await, "503", "there is no place for others");
    assert!(refused.is_closed().await);
    let mut refused = Raw::open(&server, SAME).await;
    assert_eq!(refused.ask("GET /api/v1/users HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await, "503");
    assert!(refused.is_closed().await);

    let mut seen = String::new();
    let mut buffer = [0; 16_384];
    while !seen.ends_with("\r\n0\r\n\r\n") {
        let read = timeout(Duration::from_secs(15), streams[0].0.read(&mut buffer)).await.expect("goes on");
        let read = read.expect("readable");
        assert!(read > 0, "ends in order: {seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    let done = seen.rsplit("event: done\ndata: ").next().and_then(|data| data.lines().next()).expect("data");
    let stats = serde_json::from_str::<Value>(done).expect("JSON")["stats"].clone();
    assert_eq!((&stats["audit"]["outcome"], &stats["failedRequests"]), (&json!("verified"), &json!(0)), "{stats}");
    assert!(stats["sent"].as_u64() > Some(50), "{stats}");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(target_os = "linux"), ignore = "there is one loopback address only")]
async fn unfinished_requests_go_next_and_streams_never() {
    // Four for each.
    let server = TestServer::start_with(|config| config.max_connections = 8).await;
    let id = server.start_run(&settings(30)).await;
    let stream = format!("GET /traffic/stream/{id} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
    let mut first = Raw::open(&server, OTHER).await;
    assert_eq!(first.ask(&stream).await, "200");
    let mut head = Raw::open(&server, OTHER).await;
    head.send("GET / HTT").await;
    // Before the next one begins: the server has to have seen both in this order.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut body = Raw::open(&server, OTHER).await;
    body.send(BODY).await;
    let mut silent = Raw::open(&server, OTHER).await;
    tokio::time::sleep(Duration::from_millis(100)).await;

    let mut streams = Vec::new();
    for closed in [&mut silent, &mut head, &mut body] {
        let mut next = Raw::open(&server, OTHER).await;
        assert_eq!(next.ask(&stream).await, "200");
        assert!(closed.is_closed().await);
        streams.push(next);
    }
    let mut fifth = Raw::open(&server, OTHER).await;
    fifth.send(HEALTH).await;
    let refused = fifth.answer().await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("\r\nretry-after: 1\r\n"), "{refused}");
    assert!(refused.contains("application/problem+json") && refused.contains("Come back in a second"), "{refused}");
    assert!(fifth.is_closed().await);
    assert_eq!(Raw::open(&server, SAME).await.ask(HEALTH).await, "200", "others are not concerned");
    for stream in streams.iter_mut().chain([&mut first]) {
        assert!(stream.goes_on().await);
    }
    drop(first);
    let mut back = Raw::open(&server, OTHER).await;
    for _ in 0..100 {
        if back.ask(HEALTH).await == "200" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        back = Raw::open(&server, OTHER).await;
    }
    panic!("its place is not free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_a_run_are_not_closed_for_others_of_the_same_peer() {
    // Four for each.
    let server = TestServer::start_with(|config| config.max_connections = 8).await;
    let id = server.start_run(&settings(10)).await;
    // They count nowhere: four others can stay, as soon as the run needs no new connection for half a second.
    let (mut can_stay, mut idle) = (false, Vec::new());
    while !can_stay {
        let job = server.job(&id).await;
        assert!(job["endTime"].is_null(), "none of four could stay beside the run's: {job}");
        let mut four = Vec::new();
        for _ in 0..4 {
            let mut connection = Raw::open(&server, SAME).await;
            assert_eq!(connection.ask(HEALTH).await, "200");
            four.push(connection);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        can_stay = four.iter().all(Raw::is_open);
        can_stay &= server.job(&id).await["stats"]["sent"].as_u64() > job["stats"]["sent"].as_u64();
    }
    while server.job(&id).await["endTime"].is_null() {
        let mut one_more = Raw::open(&server, SAME).await;
        assert_eq!(one_more.ask(HEALTH).await, "200");
        idle.push(one_more);
    }
    let job = server.closed(&id).await;
    let stats = &job["stats"];
    assert_eq!((&job["status"], &stats["failedRequests"]), (&json!("completed"), &json!(0)), "{stats}");
    assert!(stats["totalRequests"].as_u64().is_some_and(|total| total > 150), "{stats}");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(target_os = "linux"), ignore = "there is one loopback address only")]
async fn bodies_that_trickle_take_nothing_from_others_nor_from_a_run() {
    let server = TestServer::start().await;
    let (mut slow, refused) = until_refused(&server, SAME, BODY).await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("\r\nretry-after: 1\r\n"), "{refused}");
    assert!(refused.contains("still sending their bodies"), "{refused}");
    assert_eq!(slow.iter().filter(|one| one.is_open()).count(), 64);
    assert_eq!(server.get("/api/v1/users").await.status, 200, "what has no body needs no such place");
    let mut other = Raw::open(&server, OTHER).await;
    assert_eq!(other.ask(&format!("{BODY}{REST}")).await, "201", "another peer has its own");

    let id = server.start_run(&settings(5)).await;
    let job = server.closed(&id).await;
    let stats = &job["stats"];
    assert_eq!((&job["status"], &stats["failedRequests"]), (&json!("completed"), &json!(0)), "{stats}");

    for connection in &mut slow {
        // Too late, or the same address again: what counts is that its place is free.
        connection.send(REST).await;
        assert_ne!(connection.status().await, "503");
    }
    let mut again = Raw::open(&server, SAME).await;
    assert_eq!(again.ask(&format!("{BODY}{REST}")).await, "409");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(target_os = "linux"), ignore = "there is one loopback address only")]
async fn writes_that_wait_for_the_database_take_nothing_from_others() {
    let server = TestServer::start().await;
    let mut holder = server.sql().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut holder).await.expect("locked");
    let write = format!("{BODY}{REST}");
    let (mut waiting, refused) = until_refused(&server, OTHER, &write).await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("\r\nretry-after: 1\r\n"), "{refused}");
    assert!(refused.contains("writes of this address"), "{refused}");
    assert_eq!(waiting.iter().filter(|one| one.is_open()).count(), 64);
    let mut same = Raw::open(&server, SAME).await;
    same.send(&write.replace("a@", "b@")).await;
    assert_eq!(
        Raw::open(&server, OTHER).await.ask("GET /api/v1/users HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await,
        "200"
    );
    sqlx::query("ROLLBACK").execute(&mut holder).await.expect("free again");
    assert_eq!(same.status().await, "201");
    let mut answers = Vec::new();
    for connection in &mut waiting {
        answers.push(connection.status().await);
    }
    assert_eq!(answers.iter().filter(|status| *status == "201").count(), 1, "{answers:?}");
    assert_eq!(Raw::open(&server, OTHER).await.ask(&write).await, "409", "there is room again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_api_that_is_busy_reading_does_not_slow_dashboard_and_runs() {
    let server = TestServer::start().await;
    let reading = server.reading_users().await;
    let began = tokio::time::Instant::now();
    for path in ["/", "/fn/dashboard/board", "/traffic/runs", "/runs", "/metrics", "/requests"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
    assert!(began.elapsed() < Duration::from_secs(8), "none of them waited for a connection: {:?}", began.elapsed());
    let mut users = Raw::open(&server, SAME).await;
    users.send("GET /api/v1/users HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await;
    assert!(timeout(Duration::from_millis(200), users.0.readable()).await.is_err(), "it is the users API that waits");
    drop(reading);
    assert_eq!(users.status().await, "200");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_at_the_end_still_has_its_row() {
    let server = TestServer::start().await;
    let mut slow = Raw::open(&server, SAME).await;
    slow.send(BODY).await;
    // Sent after it, on a connection of its own, and answered: the slow one has come in, too.
    assert_eq!(server.get("/api/v1/users/error?errorRate=0").await.status, 200);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let file = server.database_file();
    let _folder = server.shut_down().await;
    assert!(slow.is_closed().await);
    let rows = given_up(&file).await;
    assert_eq!(rows, 1);
}

/// How many requests were given up by their clients, by the record.
async fn given_up(file: &std::path::Path) -> i64 {
    use sqlx::ConnectOptions;
    let mut connection =
        sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await.expect("a connection");
    sqlx::query_scalar("SELECT count(*) FROM requests JOIN kinds ON kinds.id = kind WHERE status = 499")
        .fetch_one(&mut connection)
        .await
        .expect("a number")
}

async fn prune(url: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_traffic-simulator"));
    let command = command.env_clear().args(["prune-users", "--database-url", url]);
    timeout(Duration::from_secs(20), command.output()).await.expect("it ends").expect("it starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_ten_thousand_users_at_most_and_pruning_makes_room() {
    let server = TestServer::start().await;
    let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9949) \
                INSERT INTO users (id, name, email, email_key, created_at, updated_at, run) SELECT randomblob(16), 'User ' || i, i || '@example.com', i || '@example.com', i, i, NULL FROM n";
    sqlx::query(rows).execute(&mut server.sql().await).await.expect("inserted");
    let user = |number: u32| json!({ "name": "Ada Lovelace", "email": format!("ada{number}@example.com") }).to_string();
    let last = server.post("/api/v1/users", user(1)).await;
    assert_eq!(last.status, 201, "{}", last.text);
    let refused = server.post("/api/v1/users", user(2)).await.problem();
    assert_eq!(refused["status"], 507);
    assert!(
        refused["detail"].as_str().is_some_and(|detail| detail.contains("traffic-simulator prune-users")),
        "{refused}"
    );
    let path = format!("/api/v1/users/{}", last.json()["id"].as_str().expect("an id"));
    assert_eq!(server.with_json("PATCH", &path, r#"{"name":"Ada King"}"#).await.status, 200);
    let id =
        server.start_run(&json!({ "scenario": "normal", "duration": 5, "maxRps": 10, "endpoints": ["create"] })).await;
    let stats = server.closed(&id).await["stats"].clone();
    assert_eq!(
        (&stats["failedRequests"], server.get("/api/v1/users").await.json()["total"].clone()),
        (&json!(0), json!(10_000))
    );

    // A run's user that a real client writes to is one more real user.
    let of_run = "INSERT INTO users (id, name, email, email_key, created_at, updated_at, run) VALUES (x'019b76daa80070008000000000000099', 'A', 'a@b.example', 'a@b.example', 1, 1, x'01')";
    sqlx::query(of_run).execute(&mut server.sql().await).await.expect("inserted");
    let path = "/api/v1/users/019b76da-a800-7000-8000-000000000099";
    let refused = server.with_json("PATCH", path, r#"{"name":"B"}"#).await;
    assert_eq!(refused.status, 507, "{}", refused.text);
    assert_eq!(server.get(path).await.json()["name"], "A");
    sqlx::query("DELETE FROM users WHERE run IS NOT NULL").execute(&mut server.sql().await).await.expect("removed");

    let url = format!("sqlite://{}", server.database_file().display());
    let in_use = prune(&url).await;
    let said = String::from_utf8_lossy(&in_use.stderr).into_owned();
    assert!(in_use.status.code() == Some(2) && said.contains("another traffic-simulator uses the database"), "{said}");
    assert_eq!(server.get("/api/v1/users").await.json()["total"], 10_000);

    let folder = server.shut_down().await;
    let pruned = prune(&url).await;
    let said = String::from_utf8_lossy(&pruned.stdout).into_owned();
    assert!(pruned.status.success(), "{}", String::from_utf8_lossy(&pruned.stderr));
    assert_eq!(said, "9950 users are removed; the 50 demo users stay\n");
    let nowhere = prune(&format!("sqlite://{}/typo.db", folder.path().display())).await;
    let said = String::from_utf8_lossy(&nowhere.stderr).into_owned();
    assert!(nowhere.status.code() == Some(2) && said.contains("there is no database"), "{said}");
    assert!(!folder.path().join("typo.db").exists());

    let server = TestServer::start_with(|config| config.database_url = url).await;
    assert_eq!(server.get("/api/v1/users").await.json()["total"], 50);
    assert_eq!(server.post("/api/v1/users", user(2)).await.status, 201);
}
