//! What recording costs, and what a dashboard over a million requests costs. The ratios are of what ran in the same
//! minutes, in alternating order, with a control of the same against the same; exits with 1 when a bound is missed.
//!
//! Server and clients share this machine, the clients on a thread of their own. They are as thin as can be (a written
//! request, a read answer), so that little of the measured time is theirs.

#[path = "../src/tests/fixture/config.rs"]
mod config;
mod load;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use config::default_config;
use load::{CONNECTIONS, Report, Served, compare, median, visit, warm_up};
use serde_json::{Value, json};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{ConnectOptions, Connection, QueryBuilder, SqlSafeStr, Sqlite};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use traffic_simulator::metrics::engine::recorded_request::RecordedRequest;
use traffic_simulator::metrics::model::FRESH_MILLIS;
use traffic_simulator::metrics::server::served::ServedRequests;
use traffic_simulator::metrics::server::service::Metrics;
use traffic_simulator::metrics::server::storage::sqlite::SqliteMetrics;
use traffic_simulator::metrics::server::storage::store::MetricsStore;
use traffic_simulator::origin::{Origin, RunId};
use traffic_simulator::platform::database::Database;
use traffic_simulator::platform::request_id::RequestId;
use traffic_simulator::platform::row_writer::RowWriter;
use traffic_simulator::platform::wall_clock::epoch_micros;
use traffic_simulator::server::compose::{Composition, Shutdown, compose};
use traffic_simulator::server::router;
use traffic_simulator::users::server::rest as users;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

const USER: &str = "/api/v1/users/019b76da-a800-7000-8000-000000000000";
/// The address of a server that makes no runs.
const NOWHERE: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 1));
/// How many servers of each kind the record layer is compared by: of the slices of a pair, each has as many.
const SERVERS: usize = 8;
const ROUTES: [(&str, &str, u16); 5] = [
    ("GET", "/api/v1/users", 200),
    ("POST", "/api/v1/users", 201),
    ("GET", "/api/v1/users/{id}", 200),
    ("PATCH", "/api/v1/users/{id}", 200),
    ("GET", "/api/v1/users/error", 503),
];

/// A whole program on a database of its own. Its runs send their requests to `address`.
async fn program(folder: &Path, name: &str, address: SocketAddr) -> (Composition, Database, Shutdown) {
    let url = format!("sqlite://{}/{name}.db", folder.display());
    let database = Database::open(&url).await.expect("a database");
    let config = default_config(url);
    let shutdown = Shutdown::default();
    let state = compose(&config, &database, address, &shutdown).await.expect("connected");
    (state, database, shutdown)
}

/// The routes of the users API, with nothing around them.
fn users_routes(state: &Composition) -> OpenApiRouter {
    users::routes().with_state(Arc::clone(&state.users))
}

/// The record layer on and off, inside of the whole server.
async fn record_layer(report: &mut Report, folder: &Path) {
    let (state, database, shutdown) = program(folder, "record", NOWHERE).await;
    let with = |recorder| router::build_around(&state, users_routes(&state), recorder);
    let (mut on, mut off, mut off_again) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..SERVERS {
        on.push(Served::start(with(Some(state.metrics.recorder.clone()))).await);
        off.push(Served::start(with(None)).await);
        off_again.push(Served::start(with(None)).await);
    }
    for served in on.iter().chain(&off).chain(&off_again) {
        warm_up(served, USER).await;
    }
    compare(report, "control: off against off", (&off, USER), (&off_again, USER)).await;
    let ratio = compare(report, "record layer: on against off", (&on, USER), (&off, USER)).await;
    report.bound("GET by id with the record layer, as a share of that without", ratio, ratio >= 0.90, "at least 0.90");
    drop((on, off, off_again));
    finish(state, &database, &shutdown).await;
}

/// The whole server against its handlers alone.
async fn stack(report: &mut Report, folder: &Path) {
    let (state, database, shutdown) = program(folder, "stack", NOWHERE).await;
    let whole = [Served::start(router::build(&state)).await];
    let bare = [Served::start(Router::from(users_routes(&state))).await];
    let bare_again = [Served::start(Router::from(users_routes(&state))).await];
    warm_up(&whole[0], USER).await;
    compare(report, "control: bare router against itself", (&bare, USER), (&bare_again, USER)).await;
    let ratio = compare(report, "whole server against bare router", (&whole, USER), (&bare, USER)).await;
    report.bound(
        "GET by id through all layers, as a share of that through none",
        ratio,
        ratio >= 0.80,
        "at least 0.80",
    );
    drop((whole, bare, bare_again));
    finish(state, &database, &shutdown).await;
}

async fn finish(state: Composition, database: &Database, shutdown: &Shutdown) {
    state.metrics.recorder.flush().await;
    shutdown.streams.cancel();
    shutdown.background.close();
    shutdown.background.wait().await;
    drop(state);
    database.close().await;
}

/// A third is simulated; durations are from 0.2 to 50 ms, most of them short.
fn request(arrived_at: i64, number: usize) -> RecordedRequest {
    let (method, route, status) = ROUTES[number % ROUTES.len()];
    let run = RunId(Uuid::from_u128((number / 1000) as u128 + 1));
    let origin = if number.is_multiple_of(3) { Origin::Simulated { run, seq: number as u32 } } else { Origin::Real };
    RecordedRequest {
        id: RequestId::generate().0,
        arrived_at,
        method: method.into(),
        route: route.into(),
        status,
        duration_us: 200 + ((number as u64 * 7919 % 1000).pow(2) / 20) as u32,
        origin,
    }
}

/// Rows per second through channel, writer, roll-ups and windows.
async fn through_the_writer(writer: &RowWriter<RecordedRequest>, rows: usize) -> f64 {
    let began = Instant::now();
    for number in 0..rows {
        // As fast as possible, but without a drop.
        while number.is_multiple_of(512) && writer.queued() > 4096 {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        writer.push(request(epoch_micros(), number));
    }
    writer.flush().await;
    rows as f64 / began.elapsed().as_secs_f64()
}

/// Rows per second by a loop that does nothing but insert.
async fn by_a_raw_loop(database: &Database, rows: usize) -> f64 {
    let all: Vec<RecordedRequest> = (0..rows).map(|number| request(epoch_micros(), number)).collect();
    let began = Instant::now();
    for batch in all.chunks(4096) {
        let mut transaction = database.begin().await.expect("a transaction");
        for chunk in batch.chunks(512) {
            let mut statement = QueryBuilder::<Sqlite>::new("INSERT INTO recorded_requests ");
            statement.push_values(chunk, |mut values, request| {
                let (run, seq) = match request.origin {
                    Origin::Simulated { run, seq } => (Some(run.0.as_bytes().to_vec()), Some(seq)),
                    Origin::Real => (None, None),
                };
                values.push_bind(request.id.as_bytes().to_vec()).push_bind(request.arrived_at);
                values.push_bind(request.method.as_ref()).push_bind(request.route.as_ref());
                values.push_bind(request.status).push_bind(request.duration_us);
                values.push_bind(if run.is_none() { "real" } else { "simulated" }).push_bind(run).push_bind(seq);
            });
            statement.build().execute(&mut *transaction).await.expect("inserted");
        }
        transaction.commit().await.expect("committed");
    }
    rows as f64 / began.elapsed().as_secs_f64()
}

/// The writer against a raw loop, on the same file.
async fn writer(report: &mut Report, folder: &Path) {
    const ROWS: usize = 50_000;
    let database = Database::open(&format!("sqlite://{}/writer.db", folder.display())).await.expect("a database");
    let store = Arc::new(SqliteMetrics(database.clone()));
    let metrics = Metrics::open(store, ServedRequests::new().expect("names"), CancellationToken::new(), |_| {})
        .await
        .expect("metrics");
    let writer = &metrics.recorder;
    let (mut ratios, mut ours, mut raw) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..6 {
        let (a, b) = if pair % 2 == 0 {
            let ours = through_the_writer(writer, ROWS).await;
            (ours, by_a_raw_loop(&database, ROWS).await)
        } else {
            let raw = by_a_raw_loop(&database, ROWS).await;
            (through_the_writer(writer, ROWS).await, raw)
        };
        ours.push(a);
        raw.push(b);
        ratios.push(a / b);
    }
    let (ratio, ours, raw) = (median(&mut ratios), median(&mut ours), median(&mut raw));
    report
        .line(&format!("     writer: {ours:.0} rows/s against {raw:.0}; ratios {:.3} to {:.3}", ratios[0], ratios[5]));
    report.bound("rows per second, as a share of a raw multi-row insert loop", ratio, ratio >= 0.5, "at least 0.5");
    assert_eq!(writer.dropped(), 0, "nothing was to be dropped");
    drop(metrics);
    database.close().await;
}

/// Everything that was served is recorded or counted as dropped, also with the database locked for five seconds.
async fn overload(report: &mut Report, folder: &Path) {
    let (state, database, shutdown) = program(folder, "overload", NOWHERE).await;
    let served = Served::start(router::build(&state)).await;
    let file = folder.join("overload.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(5));
    let mut other = options.connect().await.expect("a connection");
    let began = Instant::now();
    let visit = |_| tokio::spawn(visit(served.address, USER, began..began + Duration::from_secs(7)));
    let visitors: Vec<_> = (0..CONNECTIONS).map(visit).collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("locked");
    tokio::time::sleep(Duration::from_secs(5)).await;
    sqlx::query("ROLLBACK").execute(&mut other).await.expect("free");
    let (mut answered, mut slowest) = (0_i64, 0);
    for visitor in visitors {
        let took = visitor.await.expect("no panic");
        answered += took.len() as i64;
        slowest = slowest.max(took.into_iter().max().unwrap_or(0));
    }
    drop(served);
    state.metrics.recorder.flush().await;
    let recorded: i64 =
        sqlx::query_scalar("SELECT count(*) FROM recorded_requests").fetch_one(&database.read).await.expect("a count");
    let rolled_up: i64 =
        sqlx::query_scalar("SELECT sum(requests) FROM rollups").fetch_one(&database.read).await.expect("a sum");
    let dropped = state.metrics.recorder.dropped() as i64;
    report.line(&format!(
        "     database locked for 5 s: {answered} served, {recorded} recorded, {dropped} dropped; slowest answer {:.0} ms",
        f64::from(slowest) / 1000.0
    ));
    let difference = answered - recorded - dropped;
    report.bound(
        "served − recorded − dropped",
        difference as f64,
        difference == 0 && dropped > 0,
        "0, with some dropped",
    );
    report.bound("recorded − rolled up", (recorded - rolled_up) as f64, recorded == rolled_up, "0");
    finish(state, &database, &shutdown).await;
}

/// The server over so many recorded requests of the last day and 1,000 runs, while another run is active.
struct Busy {
    served: Served,
    state: Composition,
    database: Database,
    shutdown: Shutdown,
}

impl Busy {
    async fn start(report: &mut Report, folder: &Path, rows: usize) -> Self {
        let name = format!("rows-{rows}");
        let file = Database::open(&format!("sqlite://{}/{name}.db", folder.display())).await.expect("a database");
        let began = Instant::now();
        fill(&file, rows).await;
        file.close().await;
        report.line(&format!("     {rows} rows inserted and rolled up in {:.1} s", began.elapsed().as_secs_f64()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let began = Instant::now();
        let address = listener.local_addr().expect("an address");
        let (state, database, shutdown) = program(folder, &name, address).await;
        report.line(&format!("     started over them in {:.2} s", began.elapsed().as_secs_f64()));
        let served = Served::start_on(listener, router::build(&state));
        let busy = Self { served, state, database, shutdown };
        busy.start_run(5).await;
        while busy.active_run().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        busy.copy_run(999).await;
        busy.start_run(600).await;
        busy
    }

    async fn start_run(&self, duration: u32) {
        let settings = json!({ "scenario": "normal", "duration": duration, "maxRps": 20, "endpoints": "all" });
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let start = client.post(format!("http://{}/traffic/start", self.served.address));
        let start = start.header("content-type", "application/json").body(settings.to_string());
        let answer = start.send().await.expect("an answer");
        assert_eq!(answer.status(), 201);
        let started: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        assert!(started["jobId"].is_string(), "{started}");
    }

    async fn active_run(&self) -> bool {
        let open = "SELECT EXISTS (SELECT 1 FROM runs WHERE closed = 0)";
        sqlx::query_scalar(open).fetch_one(&self.database.read).await.expect("an answer")
    }

    /// Stores so many copies of the one run.
    async fn copy_run(&self, copies: u32) {
        let statement = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) \
                         INSERT INTO runs (id, status, closed, start_time, job, scenario, summary, findings) \
                         SELECT randomblob(16), status, closed, start_time - i, job, scenario, summary, findings \
                         FROM runs, n WHERE closed = 1";
        let mut transaction = self.database.begin().await.expect("a transaction");
        sqlx::query(statement).bind(copies).execute(&mut *transaction).await.expect("copied");
        transaction.commit().await.expect("committed");
    }

    async fn stop(self) {
        self.shutdown.runs.cancel();
        self.state.traffic.runs.shut_down().await.expect("stored");
        drop(self.served);
        finish(self.state, &self.database, &self.shutdown).await;
    }
}

/// Requests that are spread over the last day.
async fn fill(database: &Database, rows: usize) {
    const DAY: i64 = 86_400 * 1_000_000;
    let store = SqliteMetrics(database.clone());
    let now = epoch_micros();
    let arrival = |number: usize| now - DAY + (number as i64 + 1) * DAY / rows as i64;
    for first in (0..rows).step_by(4096) {
        let batch = first..(first + 4096).min(rows);
        let batch: Vec<RecordedRequest> = batch.map(|number| request(arrival(number), number)).collect();
        store.insert(&batch).await.expect("inserted");
    }
}

/// The numbers of the dashboard over a million requests, and over few.
async fn views(report: &mut Report, folder: &Path) {
    let many = Busy::start(report, folder, 1_000_000).await;
    let few = Busy::start(report, folder, 10_000).await;
    for (name, path, is_bounded) in [
        ("the dashboard's numbers", "/fn/dashboard/board?range=5m", true),
        ("the dashboard's numbers of a day", "/fn/dashboard/board?range=24h", true),
        ("overview of 5 minutes", "/fn/metrics/overview?range=5m", true),
        ("overview of an hour", "/fn/metrics/overview?range=1h", true),
        ("overview of a day", "/fn/metrics/overview?range=24h", true),
        ("overview of a day, simulated", "/fn/metrics/overview?range=24h&origin=simulated", true),
        ("the dashboard's page", "/", false),
        ("the log's page with its newest 50 requests", "/requests", false),
        ("the slowest 50 requests of a day", "/requests?range=24h&order=slowest", false),
    ] {
        let mut over_many = Vec::new();
        let mut over_few = Vec::new();
        for _ in 0..8 {
            over_many.extend(times(many.served.address, path).await);
            over_few.extend(times(few.served.address, path).await);
        }
        let over_many = median(&mut over_many);
        let ratio = over_many / median(&mut over_few);
        report.line(&format!("     {name}: {over_many:.3} ms, {ratio:.2} times that over 10,000 requests"));
        if is_bounded {
            report.bound(&format!("{name}, in milliseconds"), over_many, over_many <= 10.0, "at most 10");
            report.bound(&format!("{name}, as a multiple of that over few"), ratio, ratio <= 2.0, "at most 2");
        }
    }
    assert!(many.active_run().await && few.active_run().await, "a run was active all the while");
    many.stop().await;
    few.stop().await;
}

/// A full table of requests of the schema before the last change that rewrites it is carried over while the program starts.
async fn older_schema(report: &mut Report, folder: &Path) {
    const ROWS: i64 = 1_000_000;
    const CHANGES: [(&str, &str); 3] = [
        ("initial", include_str!("../migrations/0001_initial.sql")),
        ("both sides", include_str!("../migrations/0002_both_sides.sql")),
        ("metrics", include_str!("../migrations/0003_metrics.sql")),
    ];
    let url = format!("sqlite://{}/older.db", folder.display());
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("older.db")).create_if_missing(true);
    let mut older = options.connect().await.expect("a connection");
    let change = |(version, (name, sql)): (i64, (&'static str, &'static str))| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let changes = Migrator::with_migrations((1..).zip(CHANGES).map(change).collect());
    changes.run(&mut older).await.expect("the older schema");
    sqlx::query(
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1) \
         INSERT INTO requests (at, method, route, status, duration, run, seq, request_id) \
         SELECT 1767225600000000 + i * 600000, 'GET', '/api/v1/users/' || i % 5, 200 + i % 3, 200 + i % 5000, \
                iif(i % 3 = 0, randomblob(16), NULL), iif(i % 3 = 0, i, NULL), randomblob(16) FROM n",
    )
    .bind(ROWS)
    .execute(&mut older)
    .await
    .expect("filled");
    older.close().await.expect("closed");
    let began = Instant::now();
    let database = Database::open(&url).await.expect("brought up to date");
    let seconds = began.elapsed().as_secs_f64();
    let carried: i64 =
        sqlx::query_scalar("SELECT count(*) FROM recorded_requests").fetch_one(&database.read).await.expect("a count");
    report.bound("rows carried over from the older schema", carried as f64, carried == ROWS, "1,000,000");
    report.bound("seconds for that", seconds, seconds <= 60.0, "at most 60");
    database.close().await;
}

/// How long an answer takes, in milliseconds, asked for one at a time.
async fn times(address: std::net::SocketAddr, path: &str) -> Vec<f64> {
    let for_a_while = async |time: Duration| {
        let began = Instant::now();
        visit(address, path, began..began + time).await.into_iter().map(|micros| f64::from(micros) / 1000.0)
    };
    if !path.starts_with("/fn/") {
        return for_a_while(Duration::from_millis(400)).await.skip(3).collect();
    }
    let mut took = Vec::new();
    for _ in 0..5 {
        // Until nobody shares the answer any more that was computed for the one before.
        tokio::time::sleep(Duration::from_millis(FRESH_MILLIS + 20)).await;
        took.extend(for_a_while(Duration::from_millis(20)).await.next());
    }
    took
}

#[tokio::main]
async fn main() -> ExitCode {
    // As the program does it, but nobody reads it.
    tracing_subscriber::fmt().with_env_filter("info,sqlx=warn").with_writer(std::io::sink).init();
    let folder = tempfile::tempdir().expect("a folder");
    let chosen: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |part: &str| chosen.is_empty() || chosen.iter().any(|chosen| chosen == part);
    let mut report = Report::new();
    if wanted("record") {
        record_layer(&mut report, folder.path()).await;
    }
    if wanted("stack") {
        stack(&mut report, folder.path()).await;
    }
    if wanted("writer") {
        writer(&mut report, folder.path()).await;
    }
    if wanted("overload") {
        overload(&mut report, folder.path()).await;
    }
    if wanted("views") {
        views(&mut report, folder.path()).await;
    }
    if wanted("older") {
        older_schema(&mut report, folder.path()).await;
    }
    report.line(if report.is_kept() { "all bounds are kept" } else { "a bound is MISSED" });
    if report.is_kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
