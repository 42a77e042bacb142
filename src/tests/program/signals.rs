//! Signals to the program itself, as a process.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::fixture::process::write_site;

/// The program in a folder of its own, on a port of its own.
struct Program {
    process: Child,
    base: String,
    folder: TempDir,
    client: reqwest::Client,
}

impl Program {
    /// This line of `sh`, in which `"$0"` is the program, to be started in the folder and to listen on the port.
    fn command(line: &str, folder: &Path, port: u16) -> Command {
        write_site(folder);
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", line, env!("CARGO_BIN_EXE_traffic-simulator")])
            .current_dir(folder)
            .env_clear()
            .envs([("LEPTOS_SITE_ROOT", "site"), ("LEPTOS_OUTPUT_NAME", "traffic-simulator"), ("RUST_LOG", "error")])
            .env("LEPTOS_SITE_ADDR", format!("127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn start(line: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let process = Self::command(line, folder.path(), port).spawn().expect("it starts");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let program = Self { process, base: format!("http://127.0.0.1:{port}"), folder, client };
        let began = Instant::now();
        while !program.answers().await {
            assert!(began.elapsed() < Duration::from_secs(20), "it does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        program
    }

    async fn answers(&self) -> bool {
        self.client.get(format!("{}/healthz", self.base)).send().await.is_ok()
    }

    async fn start_run(&self) {
        let body = json!({ "scenario": "normal", "duration": 60, "maxRps": 5, "endpoints": "all" }).to_string();
        let start = self.client.post(format!("{}/traffic/start", self.base)).header("content-type", "application/json");
        assert_eq!(start.body(body).send().await.expect("an answer").status(), 201);
    }

    async fn signal(&self, name: &str) {
        let id = self.process.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().await.expect("kill").success());
    }

    async fn sql(folder: &Path) -> SqliteConnection {
        let url = format!("sqlite://{}/data/traffic-simulator.db", folder.display());
        SqliteConnection::connect(&url).await.expect("a connection")
    }

    /// Its exit code, what it said, and its folder.
    async fn ended(self) -> (Option<i32>, String, TempDir) {
        let output = self.process.wait_with_output();
        let output = tokio::time::timeout(Duration::from_secs(15), output).await.expect("it ends").expect("an end");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned(), self.folder)
    }
}

async fn stored(folder: &Path) -> Value {
    let json: String =
        sqlx::query_scalar("SELECT job FROM runs").fetch_one(&mut Program::sql(folder).await).await.expect("the run");
    serde_json::from_str(&json).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_terminal_is_a_shutdown() {
    let program = Program::start("exec \"$0\"").await;
    program.start_run().await;
    program.signal("HUP").await;
    let (code, said, folder) = program.ended().await;
    assert_eq!(code, Some(0), "{said}");
    let job = stored(folder.path()).await;
    assert_eq!((&job["reason"], &job["closed"]), (&json!("shutdown"), &json!(true)), "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_was_told_to_outlive_its_terminal_does() {
    let program = Program::start("trap '' HUP; exec \"$0\"").await;
    program.start_run().await;
    program.signal("HUP").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(program.answers().await, "as under nohup");
    program.signal("TERM").await;
    let (code, said, _folder) = program.ended().await;
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_that_can_not_store_the_run_says_so_and_the_next_start_recovers() {
    let program = Program::start("exec \"$0\"").await;
    program.start_run().await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let mut other = Program::sql(program.folder.path()).await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.expect("a lock");
    program.signal("TERM").await;
    let began = Instant::now();
    let (code, said, folder) = program.ended().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let last = said.lines().last().expect("a line");
    assert!(last.starts_with("traffic-simulator: ") && last.contains("the next start closes it"), "{said}");
    lock.rollback().await.expect("unlocked");
    other.close().await.expect("closed");
    let url = format!("sqlite://{}/data/traffic-simulator.db", folder.path().display());
    let server = crate::server::TestServer::start_with(|config| config.database_url = url).await;
    let page = server.get("/traffic/runs").await.json();
    assert_eq!((&page["runs"][0]["closed"], &page["runs"][0]["status"]), (&json!(true), &json!("error")), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_at_the_first_start_is_not_called_a_database_of_another_version() {
    let folder = tempfile::tempdir().expect("a folder");
    // No file may be larger than 8 KiB, and the signal that says so (25) is ignored: the write fails.
    let mut full = Program::command("trap '' 25; ulimit -f 16; exec \"$0\"", folder.path(), 0);
    let output = tokio::time::timeout(Duration::from_secs(15), full.output()).await.expect("it ends").expect("an end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("make sure that there is space") && !said.contains("does not fit"), "{said}");
    let server = Program::command("exec \"$0\"", folder.path(), 0).spawn();
    let mut server = server.expect("it starts");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(server.try_wait().expect("a state").is_none(), "with space it starts on what was left");
    server.kill().await.expect("killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_that_can_not_write_the_newest_requests_says_so_within_five_seconds() {
    let program = Program::start("exec \"$0\"").await;
    let mut other = Program::sql(program.folder.path()).await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.expect("a lock");
    let users = format!("{}/api/v1/users", program.base);
    assert_eq!(program.client.get(users).send().await.expect("an answer").status(), 200);
    program.signal("TERM").await;
    let began = Instant::now();
    let (code, said, _folder) = program.ended().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
    assert!(said.lines().last().is_some_and(|line| line.contains("the newest recorded requests are lost")), "{said}");
    lock.rollback().await.expect("unlocked");
}
