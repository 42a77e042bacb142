//! What recording costs, and what a dashboard over a million requests costs. Ratios of what ran in the same minutes, in
//! alternating order, with a control of the same against the same; ends with 1 when a bound is missed.
//!
//! Server and clients share this machine, the clients on a thread of their own. They are as thin as can be (a written
//! request, a read answer), so that little of the measured time is theirs.

mod load;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use leptos::config::LeptosOptions;
use load::{CONNECTIONS, Report, Served, compare, median, visit, warm_up};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{ConnectOptions, Connection, QueryBuilder, SqlSafeStr, Sqlite};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use traffic_simulator::metrics::server::record::{Batch, Row};
use traffic_simulator::metrics::server::service::Metrics;
use traffic_simulator::metrics::server::storage::retention::Removed;
use traffic_simulator::metrics::server::storage::store::{MetricsStore, SqliteMetrics};
use traffic_simulator::origin::{Origin, RunId};
use traffic_simulator::platform::database::Database;
use traffic_simulator::platform::request_id::RequestId;
use traffic_simulator::platform::retention::{Ages, Kept};
use traffic_simulator::platform::row_writer::RowWriter;
use traffic_simulator::platform::wall_clock::{ShownTimes, epoch_micros};
use traffic_simulator::server::compose::{Composition, Shutdown, compose};
use traffic_simulator::server::config::{Config, LogFormat};
use traffic_simulator::server::{assets, router};
use traffic_simulator::users::server::rest as users;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

const USER: &str = "/api/v1/users/019b76da-a800-7000-8000-000000000000";
/// How many servers of each kind the record layer is compared by: of the slices of a pair, each has as many.
const SERVERS: usize = 8;
const ROUTES: [(&str, &str, u16); 5] = [
    ("GET", "/api/v1/users", 200),
    ("POST", "/api/v1/users", 201),
    ("GET", "/api/v1/users/{id}", 200),
    ("PATCH", "/api/v1/users/{id}", 200),
    ("GET", "/api/v1/users/error", 503),
];

/// A whole program on a database of its own.
async fn program(folder: &Path, name: &str) -> (Composition, Database, Shutdown) {
    let url = format!("sqlite://{}/{name}.db", folder.display());
    let database = Database::open(&url).await.expect("a database");
    let leptos = LeptosOptions::builder().output_name("traffic-simulator").build();
    let config = Config {
        assets: assets::without_hashes(&leptos),
        leptos,
        database_url: url,
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
    let shutdown = Shutdown::default();
    let address = "127.0.0.1:1".parse().expect("an address");
    let state = compose(&config, &database, address, &shutdown).await.expect("connected");
    (state, database, shutdown)
}

/// The routes of the users API, with nothing around them.
fn users_routes(state: &Composition) -> OpenApiRouter {
    users::routes().with_state(Arc::clone(&state.users))
}

/// The record layer on and off, inside of the whole server.
async fn record_layer(report: &mut Report, folder: &Path) {
    let (state, database, shutdown) = program(folder, "record").await;
    let with = |recorder| router::build_around(&state, users_routes(&state), recorder);
    let (mut on, mut off, mut off_again) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..SERVERS {
        on.push(Served::start(with(Some(state.recorder.clone()))).await);
        off.push(Served::start(with(None)).await);
        off_again.push(Served::start(with(None)).await);
    }
    for served in on.iter().chain(&off).chain(&off_again) {
        warm_up(served, USER).await;
    }
    compare(report, "control: off against off", (&off, USER), (&off_again, USER)).await;
    let ratio = compare(report, "record layer: on against off", (&on, USER), (&off, USER)).await;
    report.bound("GET by id with the record layer, as a share of that without", ratio, ratio >= 0.97, "at least 0.97");
    drop((on, off, off_again));
    finish(state, &database, &shutdown).await;
}

/// The whole server against its handlers alone, and against a constant.
async fn stack(report: &mut Report, folder: &Path) {
    let (state, database, shutdown) = program(folder, "stack").await;
    let whole = [Served::start(router::build(&state)).await];
    let bare = [Served::start(Router::from(users_routes(&state))).await];
    let constant =
        || async { Json(serde_json::json!({ "id": USER, "name": "Ada Lovelace", "email": "ada@example.com" })) };
    let constant = [Served::start(Router::new().route("/api/v1/users/{id}", get(constant))).await];
    warm_up(&whole[0], USER).await;
    let bare_again = [Served::start(Router::from(users_routes(&state))).await];
    compare(report, "control: bare router against itself", (&bare, USER), (&bare_again, USER)).await;
    let ratio = compare(report, "whole server against bare router", (&whole, USER), (&bare, USER)).await;
    report.bound(
        "GET by id through all layers, as a share of that through none",
        ratio,
        ratio >= 0.90,
        "at least 0.90",
    );
    let ratio = compare(report, "GET by id against a constant", (&whole, USER), (&constant, USER)).await;
    report.bound("GET by id, as a share of a constant JSON answer", ratio, ratio >= 0.25, "at least 0.25");
    drop((whole, bare, bare_again, constant));
    finish(state, &database, &shutdown).await;
}

async fn finish(state: Composition, database: &Database, shutdown: &Shutdown) {
    state.recorder.flush().await;
    shutdown.streams.cancel();
    state.metrics.stopped().await;
    shutdown.background.close();
    shutdown.background.wait().await;
    drop(state);
    database.close().await;
}

fn row(at: i64, number: usize) -> Row {
    let (method, route, status) = ROUTES[number % ROUTES.len()];
    // A third is simulated; durations from 0.2 to 50 ms, most of them short.
    let run = RunId(Uuid::from_u128((number / 1000) as u128 + 1));
    let origin = if number.is_multiple_of(3) { Origin::Simulated { run, seq: number as u32 } } else { Origin::Real };
    let duration = 200 + ((number as u64 * 7919 % 1000).pow(2) / 20) as u32;
    Row { id: RequestId::at(at, (number as u64) << 2), method, route, status, duration, origin }
}

/// Rows per second through channel, writer, roll-ups and windows.
async fn through_the_writer(writer: &RowWriter<Row>, rows: usize) -> f64 {
    let (began, gauge) = (Instant::now(), writer.gauge());
    for number in 0..rows {
        // As fast as possible, but without a drop.
        while number.is_multiple_of(512) && gauge.queued() > 4096 {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        writer.push(row(epoch_micros(), number));
    }
    writer.flush().await;
    rows as f64 / began.elapsed().as_secs_f64()
}

/// Rows per second by a loop that does nothing but insert.
async fn by_a_raw_loop(database: &Database, rows: usize) -> f64 {
    let all: Vec<Row> = (0..rows).map(|number| row(epoch_micros(), number)).collect();
    // In rising order with those of the writer, as its own are.
    let mut key = epoch_micros() * 1024;
    let began = Instant::now();
    for batch in all.chunks(512) {
        let mut transaction = database.begin().await.expect("a transaction");
        for chunk in batch.chunks(128) {
            let mut statement =
                QueryBuilder::<Sqlite>::new("INSERT INTO requests (id, kind, duration, request_id_low, run, seq) ");
            statement.push_values(chunk, |mut values, row| {
                let run = row.origin.run().map(|run| run.0.as_bytes().to_vec());
                let seq = run.as_ref().map(|_| 1_u32);
                key += 1;
                values.push_bind(key).push_bind(1).push_bind(row.duration);
                values.push_bind(row.id.0.as_u64_pair().1.cast_signed());
                values.push_bind(run).push_bind(seq);
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
    let metrics = Metrics::open(Arc::new(SqliteMetrics(database.clone()))).await.expect("metrics");
    let writer = RowWriter::start("requests", metrics, CancellationToken::new());
    let (mut ratios, mut ours, mut raw) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..6 {
        let (a, b) = if pair % 2 == 0 {
            let ours = through_the_writer(&writer, ROWS).await;
            (ours, by_a_raw_loop(&database, ROWS).await)
        } else {
            let raw = by_a_raw_loop(&database, ROWS).await;
            (through_the_writer(&writer, ROWS).await, raw)
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
    drop(writer);
    database.close().await;
}

/// Everything that was served is recorded or counted as dropped, also with the database locked for five seconds.
async fn overload(report: &mut Report, folder: &Path) {
    let (state, database, shutdown) = program(folder, "overload").await;
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
    state.recorder.flush().await;
    let recorded: i64 =
        sqlx::query_scalar("SELECT count(*) FROM recorded").fetch_one(&database.read).await.expect("a count");
    let rolled_up: i64 =
        sqlx::query_scalar("SELECT sum(requests) FROM rollups").fetch_one(&database.read).await.expect("a sum");
    let dropped = state.recorder.dropped() as i64;
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

/// A day's minute after the other, as a month of use would have left them, and a busy moment in the end.
async fn fill(database: &Database) -> (i64, f64) {
    const ROWS: i64 = 1_300_000;
    const BUSY: i64 = 100_000;
    // An hour less, so that nothing grows too old while this runs.
    const MONTH: i64 = 30 * 86_400 * 1_000_000 - 3_600_000_000;
    let (store, now, began) = (SqliteMetrics(database.clone()), epoch_micros(), Instant::now());
    // A fifth over the first 23 days, most over the last week, and the busy moment's at 20,000 a second.
    let (old, quiet) = (ROWS / 5, ROWS - BUSY);
    let at = |number: i64| {
        let (week, before) = (MONTH / 30 * 7 - 3_600_000_000, MONTH / 30 * 23);
        if number < old {
            now - MONTH + number * before / old
        } else if number < quiet {
            now - week + (number - old) * week / (quiet - old)
        } else {
            now - (ROWS - number) * 50
        }
    };
    for first in (0..ROWS).step_by(2048) {
        let rows: Vec<Row> = (first..(first + 2048).min(ROWS)).map(|number| row(at(number), number as usize)).collect();
        store.insert(&Batch::of(&rows)).await.expect("inserted");
    }
    (ROWS, began.elapsed().as_secs_f64())
}

/// A month is loaded, rolled up and pruned without a change of the totals; a view costs no more than over nothing.
async fn views(report: &mut Report, folder: &Path) {
    let full = Database::open(&format!("sqlite://{}/full.db", folder.display())).await.expect("a database");
    let (loaded, seconds) = fill(&full).await;
    let sums = "SELECT sum(requests), sum(sum), count(DISTINCT minute / 1440) FROM rollups";
    let before: (i64, i64, i64) = sqlx::query_as(sums).fetch_one(&full.read).await.expect("sums");
    let (store, began, mut removed) = (SqliteMetrics(full.clone()), Instant::now(), 0);
    // A process that has been up for ten minutes, and has stored none of these rows.
    let ages = Ages::new(epoch_micros(), Duration::from_secs(600), None, ShownTimes::default()).expect("long enough");
    let mut outdated = store.outdated(&Kept::default(), &ages).await.expect("bounds");
    loop {
        match store.prune(&mut outdated, None).await.expect("pruned") {
            none if none == Removed::default() => break,
            some => removed += some.real + some.simulated + some.rollups,
        }
    }
    let pruning = began.elapsed().as_secs_f64();
    let after: (i64, i64, i64) = sqlx::query_as(sums).fetch_one(&full.read).await.expect("sums");
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM recorded").fetch_one(&full.read).await.expect("a count");
    report.line(&format!(
        "     {loaded} rows loaded and rolled up in {seconds:.1} s, {removed} pruned in {pruning:.1} s, {kept} kept, roll-ups of {} days",
        after.2
    ));
    report.bound("rolled up − loaded", (before.0 - loaded) as f64, before.0 == loaded, "0");
    report.bound("change of the totals by pruning", (after.0 - before.0) as f64, after == before, "0");
    report.bound(
        "rows kept",
        kept as f64,
        kept == 1_040_000,
        "1,040,000: those of the last week, of which fewer than a million are real",
    );
    full.close().await;

    let began = Instant::now();
    let (full, full_database, full_shutdown) = program(folder, "full").await;
    report.line(&format!("     start over them, windows rebuilt: {:.2} s", began.elapsed().as_secs_f64()));
    let (empty, empty_database, empty_shutdown) = program(folder, "empty").await;
    let (over_full, over_empty) =
        (Served::start(router::build(&full)).await, Served::start(router::build(&empty)).await);
    for (name, path) in [
        ("the dashboard's page", "/"),
        // Another wish each time, so that none is answered with what was drawn for the one before.
        ("what the page asks for each second", "/fn/dashboard/board?range=5m&points=past-{n}"),
        ("the same over a day", "/fn/dashboard/board?range=24h&points=past-{n}"),
        ("the log's page with its newest 50 requests", "/requests"),
        ("overview of 5 minutes", "/fn/metrics/overview?range=5m"),
        ("overview of an hour", "/fn/metrics/overview?range=1h"),
        ("overview of a day", "/fn/metrics/overview?range=24h"),
        ("overview of a day, simulated", "/fn/metrics/overview?range=24h&origin=simulated"),
    ] {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for _ in 0..8 {
            with.extend(times(over_full.address, path).await);
            without.extend(times(over_empty.address, path).await);
        }
        let (with, without) = (median(&mut with), median(&mut without));
        report.line(&format!("     {name}: {with:.3} ms against {without:.3} ms"));
        report.bound(
            &format!("{name}, as a multiple of that over nothing"),
            with / without,
            with <= without * 2.0,
            "at most 2",
        );
    }
    drop((over_full, over_empty));
    finish(full, &full_database, &full_shutdown).await;
    finish(empty, &empty_database, &empty_shutdown).await;
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
        sqlx::query_scalar("SELECT count(*) FROM recorded").fetch_one(&database.read).await.expect("a count");
    report.bound("rows carried over from the older schema", carried as f64, carried == ROWS, "1,000,000");
    report.bound("seconds for that", seconds, seconds <= 60.0, "at most 60");
    database.close().await;
}

/// How long an answer takes, in milliseconds, asked for one at a time.
async fn times(address: std::net::SocketAddr, path: &str) -> Vec<f64> {
    let began = Instant::now();
    let took = visit(address, path, began..began + Duration::from_millis(400)).await;
    took.into_iter().skip(3).map(|micros| f64::from(micros) / 1000.0).collect()
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
