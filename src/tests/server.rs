//! A server with a database of its own, started in the test's process on a free port.

use std::path::PathBuf;
use std::time::Duration;

use leptos::config::LeptosOptions;
use serde_json::Value;
use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Sqlite, SqliteConnection};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use traffic_simulator::platform::database::Database;
use traffic_simulator::platform::retention::Kept;
use traffic_simulator::server::assets;
use traffic_simulator::server::config::{Config, LogFormat};
use traffic_simulator::server::serve;

/// The server; it goes down when the test asks it to, or with the test's process.
pub(crate) struct TestServer {
    pub(crate) base: String,
    pub(crate) client: reqwest::Client,
    folder: TempDir,
    database: Database,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

/// Status, headers and body of an answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The problem in the body, which has to be a whole one.
    pub(crate) fn problem(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        for field in ["type", "title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {problem}");
        }
        assert_eq!(problem["instance"], format!("urn:uuid:{}", self.header("x-request-id")));
        problem
    }

    /// The fields that the problem names.
    pub(crate) fn faulty_fields(&self) -> Vec<String> {
        let problem = self.problem();
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With some settings changed.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_at("127.0.0.1:0", change).await
    }

    /// The same on another address of this machine.
    pub(crate) async fn start_at(listen: &str, change: impl FnOnce(&mut Config)) -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder"), listen, change).await
    }

    /// Takes the server down and starts another one on its database.
    pub(crate) async fn again(self) -> Self {
        Self::start_in(self.shut_down().await, "127.0.0.1:0", |_| {}).await
    }

    /// On the database that is in this folder, if there is one.
    pub(crate) async fn start_in(folder: TempDir, listen: &str, change: impl FnOnce(&mut Config)) -> Self {
        let leptos = LeptosOptions::builder().output_name("traffic-simulator").build();
        let mut config = Config {
            assets: assets::without_hashes(&leptos),
            leptos,
            database_url: format!("sqlite://{}/test.db", folder.path().display()),
            allowed_hosts: Vec::new(),
            cap: 20,
            admin_token: None,
            behind_proxy: None,
            max_streams: 64,
            max_connections: 512,
            kept: Kept::default(),
            log_format: LogFormat::Pretty,
            development_target: None,
        };
        change(&mut config);
        let database = Database::open(&config.database_url).await.expect("a database");
        let opened = database.clone();
        let listener = TcpListener::bind(listen).await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let serving = tokio::spawn(async move {
            serve::run(&config, database, listener, stopped.cancelled_owned()).await.expect("a server");
        });
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let server = Self { base, client, folder, database: opened, stop, serving };
        // The connection waits until the server accepts, and by then everything is in its place.
        assert_eq!(server.get("/healthz").await.status, 200);
        server
    }

    pub(crate) fn database_file(&self) -> PathBuf {
        self.folder.path().join("test.db")
    }

    /// Lets a transaction of the server run into a full disk: the file may not grow, on the one
    /// connection that writes.
    pub(crate) async fn fill_the_disk(&self) {
        let mut transaction = self.database.begin().await.expect("the connection that writes");
        // As large as it is: less than that is not possible, and means "no growth".
        let _pages: i64 =
            sqlx::query_scalar("PRAGMA max_page_count = 1").fetch_one(&mut *transaction).await.expect("a number");
        let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) \
                    INSERT INTO requests (id, kind, duration) SELECT i, 1, 1 FROM n";
        let error = sqlx::query(rows).execute(&mut *transaction).await.expect_err("full");
        assert!(error.to_string().contains("full"), "{error}");
        drop(transaction);
    }

    /// All connections by which the users API reads, until they are dropped: as if it was busy with searches.
    pub(crate) async fn reading_users(&self) -> Vec<PoolConnection<Sqlite>> {
        let pool = &self.database.read_users;
        let mut taken = Vec::new();
        for _ in 0..pool.options().get_max_connections() {
            taken.push(pool.acquire().await.expect("a connection"));
        }
        taken
    }

    /// A connection past the server, to see what is really stored.
    pub(crate) async fn sql(&self) -> SqliteConnection {
        sqlx::sqlite::SqliteConnectOptions::new().filename(self.database_file()).connect().await.expect("a connection")
    }

    /// One number by SQL.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&mut self.sql().await).await.expect("a number")
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.timeout(Duration::from_secs(20)).send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("a body") }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method.parse().expect("a method"), format!("{}{path}", self.base))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    /// With a JSON body.
    pub(crate) async fn with_json(&self, method: &str, path: &str, body: impl Into<String>) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json").body(body.into());
        self.send(request).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<String>) -> Answer {
        self.with_json("POST", path, body).await
    }

    /// Starts a run and gives its id.
    pub(crate) async fn start_run(&self, settings: &Value) -> String {
        let answer = self.post("/traffic/start", settings.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["jobId"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn job(&self, id: &str) -> Value {
        self.get(&format!("/traffic/status/{id}")).await.json()
    }

    /// Waits until the run is closed.
    pub(crate) async fn closed(&self, id: &str) -> Value {
        for _ in 0..600 {
            let job = self.job(id).await;
            if job["closed"] == true {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("run {id} is not closed after 30 s: {}", self.job(id).await);
    }

    /// Takes the server down and gives its folder.
    pub(crate) async fn shut_down(self) -> TempDir {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(5), self.serving).await.expect("down within 5 s").expect("no panic");
        self.folder
    }
}
