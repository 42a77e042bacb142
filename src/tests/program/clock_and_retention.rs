//! A wall clock that is set, and what is kept for how long. With a real clock that is set: `proofs/run clock`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use traffic_simulator::metrics::engine::recorded_request::RecordedRequest;
use traffic_simulator::metrics::log_model::LogQuery;
use traffic_simulator::metrics::model::{Origins, OverviewQuery, Range};
use traffic_simulator::metrics::server::served::ServedRequests;
use traffic_simulator::metrics::server::service::Metrics;
use traffic_simulator::metrics::server::storage::retention::KeptRequests;
use traffic_simulator::metrics::server::storage::retention::Removed;
use traffic_simulator::metrics::server::storage::sqlite::SqliteMetrics;
use traffic_simulator::metrics::server::storage::store::MetricsStore;
use traffic_simulator::origin::{Origin, RunId};
use traffic_simulator::platform::database::Database;
use traffic_simulator::platform::retention::Ages;
use traffic_simulator::platform::wall_clock::{ShownTimes, epoch_micros};
use traffic_simulator::traffic::naming::NamingForm;
use traffic_simulator::traffic::server::store::{Removal, RunStore, SqliteRuns};
use uuid::Uuid;

use crate::recorded::prune;
use crate::server::TestServer;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;
const RUN: RunId = RunId(Uuid::from_u128(1));

async fn store() -> (TempDir, Database, SqliteMetrics) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open(&format!("sqlite://{}/time.db", folder.path().display())).await.expect("a database");
    (folder, database.clone(), SqliteMetrics(database))
}

async fn metrics_of(store: &SqliteMetrics) -> Arc<Metrics> {
    Metrics::open(Arc::new(store.clone()), ServedRequests::new().expect("names"), CancellationToken::new(), |_| {})
        .await
        .expect("metrics")
}

fn row(arrived_at: i64, origin: Origin) -> RecordedRequest {
    RecordedRequest {
        id: Uuid::from_u128(fastrand::u128(..)),
        arrived_at,
        method: "GET".into(),
        route: "/api/v1/users".into(),
        status: 200,
        duration_us: 700,
        origin,
    }
}

fn real(at: i64) -> RecordedRequest {
    row(at, Origin::Real)
}

fn of_run(at: i64, seq: u32) -> RecordedRequest {
    row(at, Origin::Simulated { run: RUN, seq })
}

async fn insert(store: &SqliteMetrics, rows: &[RecordedRequest]) {
    for chunk in rows.chunks(4096) {
        store.insert(chunk).await.expect("inserted");
    }
}

/// How many requests the key figures of each range count.
async fn counted(metrics: &Metrics) -> [u32; 3] {
    let mut counted = [0; 3];
    for (counted, range) in counted.iter_mut().zip(Range::BY_STEP) {
        let overview = metrics.overview(&OverviewQuery { range, origin: Origins::All }).await.expect("an overview");
        *counted = overview.all;
    }
    counted
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_the_future_are_said_and_take_no_place_of_the_newest_ones() {
    let (_folder, _database, store) = store().await;
    let now = epoch_micros();
    // As an earlier clock left them: an hour, 40 days and 30 years ahead.
    let future: Vec<RecordedRequest> = [HOUR, 40 * DAY, 30 * 365 * DAY]
        .into_iter()
        .flat_map(|ahead| (0..100).map(move |number| real(now + ahead + number)))
        .collect();
    insert(&store, &future).await;
    insert(&store, &[real(now - 2 * SECOND), real(now - SECOND)]).await;
    let metrics = metrics_of(&store).await;
    assert_eq!(counted(&metrics).await, [2, 2, 2]);
    for slowest in [false, true] {
        let query = LogQuery { slowest, ..LogQuery::default() };
        let page = store.log(&query, now - HOUR..now + SECOND).await.expect("a page");
        let at: Vec<i64> = page.requests.iter().map(|request| request.at).collect();
        assert_eq!((at, page.more, page.future), (vec![now - SECOND, now - 2 * SECOND], false, 300));
    }
    insert(&store, &(0..3000).map(|number| real(now + DAY + number)).collect::<Vec<_>>()).await;
    let page = store.log(&LogQuery::default(), now - HOUR..now + SECOND).await.expect("a page");
    assert_eq!((page.requests.len(), page.future), (2, 1000), "no more are counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_and_the_dashboard_say_it_in_words() {
    let server = TestServer::start().await;
    server.get("/api/v1/users").await;
    let plain = "in the future, because the clock was ahead when they arrived";
    for path in ["/", "/requests"] {
        assert!(!server.get(path).await.text.contains(plain), "{path}");
    }
    while server.count("SELECT count(*) FROM recorded_requests").await == 0 {
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let statement = "INSERT INTO recorded_requests (id, arrived_at, method, route, status, duration_us, origin) \
                     VALUES (randomblob(16), ?, 'GET', '/api/v1/users', 200, 5, 'real')";
    let insert = sqlx::query(statement).bind(epoch_micros() + DAY);
    insert.execute(&mut server.sql().await).await.expect("inserted");
    // What the dashboard drew a moment ago is good for 200 ms.
    tokio::time::sleep(Duration::from_millis(250)).await;
    for path in ["/", "/requests", "/requests?order=slowest&status=5xx"] {
        let text = server.get(path).await.text;
        assert!(text.contains(&format!("1 request has a time {plain}")), "{path}: {text}");
    }
    let log = server.get("/fn/metrics/log").await.json();
    assert_eq!((&log["Found"]["future"], log["Found"]["requests"].as_array().map(Vec::len)), (&json!(1), Some(1)));
}

/// What a clock that was ahead had shown stands in the windows until they are made anew.
#[tokio::test(flavor = "multi_thread")]
async fn windows_are_made_anew_of_what_is_stored() {
    let (_folder, _database, store) = store().await;
    let now = epoch_micros();
    let metrics = metrics_of(&store).await;
    let write = async |requests: &[RecordedRequest]| {
        requests.iter().for_each(|request| metrics.recorder.push(request.clone()));
        metrics.recorder.flush().await;
    };
    let rows: Vec<RecordedRequest> = (1..=200).map(|age| real(now - age * SECOND)).collect();
    // Stored while the clock was behind, as the windows see it: they know nothing of it.
    insert(&store, &rows).await;
    assert_eq!(counted(&metrics).await, [0, 0, 0]);
    write(&[real(now - SECOND)]).await;
    assert_eq!(counted(&metrics).await, [1, 1, 1]);
    metrics.numbers.rebuild().await.expect("rebuilt");
    assert_eq!(counted(&metrics).await, [201, 201, 201]);
    write(&[real(now - SECOND), real(now + HOUR)]).await;
    assert_eq!(counted(&metrics).await, [202, 202, 202], "and go on; what is after now is not in them");
}

#[tokio::test(flavor = "multi_thread")]
async fn real_requests_however_many_and_new_take_no_row_of_a_run() {
    let (_folder, database, store) = store().await;
    let now = epoch_micros();
    let run: Vec<RecordedRequest> =
        (0..1188).map(|seq| of_run(now - 60 * SECOND + i64::from(seq) * 50_000, seq)).collect();
    insert(&store, &run).await;
    // All of them are newer.
    let status = |number: i64| if number % 500 == 0 { 500 + (number / 500 % 40) as u16 } else { 200 };
    let crowd: Vec<RecordedRequest> =
        (0..20_000).map(|number| RecordedRequest { status: status(number), ..real(now + number) }).collect();
    insert(&store, &crowd).await;
    prune(&store, &KeptRequests { keep_requests: 1000, ..KeptRequests::default() }, now + SECOND, Some(RUN)).await;
    assert_eq!(store.requests_of_run(RUN).await.expect("rows").len(), run.len());
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM recorded_requests WHERE run IS NULL")
        .fetch_one(&database.read)
        .await
        .expect("a count");
    assert_eq!(left, 1000);
}

/// Anybody can send such requests; each is answered by 410, and has a row.
#[tokio::test(flavor = "multi_thread")]
async fn requests_of_runs_that_nobody_knows_are_bounded_as_real_ones_are() {
    let (_folder, database, store) = store().await;
    let now = epoch_micros();
    let nobody = |number: i64| row(now + number, Origin::Simulated { run: RunId(Uuid::nil()), seq: 7 });
    insert(&store, &(0..2000).map(nobody).collect::<Vec<_>>()).await;
    prune(&store, &KeptRequests { keep_requests: 1000, ..KeptRequests::default() }, now + SECOND, None).await;
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM recorded_requests").fetch_one(&database.read).await.expect("a count");
    assert_eq!(left, 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_run_go_after_a_week_but_not_before_it_is_closed() {
    let (_folder, _database, store) = store().await;
    let now = epoch_micros();
    insert(&store, &(0..100).map(|seq| of_run(now - 8 * DAY, seq)).collect::<Vec<_>>()).await;
    let other = |seq| row(now - 8 * DAY, Origin::Simulated { run: RunId(Uuid::from_u128(2)), seq });
    insert(&store, &(0..100).map(other).collect::<Vec<_>>()).await;
    for (open, left) in [(Some(RUN), 100), (None, 0)] {
        prune(&store, &KeptRequests::default(), now, open).await;
        assert_eq!(store.requests_of_run(RUN).await.expect("rows").len(), left, "{open:?}");
        assert_eq!(store.requests_of_run(RunId(Uuid::from_u128(2))).await.expect("rows").len(), 0);
    }
}

/// A million real requests are there, and a machine without a clock of its own begins in 1970.
#[tokio::test(flavor = "multi_thread")]
async fn of_too_many_requests_those_go_that_were_stored_first_whatever_their_times_say() {
    let (_folder, database, store) = store().await;
    let now = epoch_micros();
    insert(&store, &(0..1500).map(|number| real(now - DAY + number * SECOND)).collect::<Vec<_>>()).await;
    let mut shown = ShownTimes::default();
    (0..900).for_each(|second| {
        shown.note(second * SECOND, Duration::from_secs(second.unsigned_abs()));
    });
    insert(&store, &(0..100).map(|number| real(number * SECOND)).collect::<Vec<_>>()).await;
    let ages = Ages::new(900 * SECOND, Duration::from_secs(900), Some(now), shown).expect("long enough");
    let mut outdated =
        store.outdated(&KeptRequests { keep_requests: 1000, ..KeptRequests::default() }, &ages).await.expect("bounds");
    while store.prune(&mut outdated, None).await.expect("pruned") != Removed::default() {}
    let left: Vec<i64> = sqlx::query_scalar("SELECT arrived_at FROM recorded_requests ORDER BY arrived_at")
        .fetch_all(&database.read)
        .await
        .expect("times");
    assert_eq!(left.len(), 1000);
    assert_eq!(left.iter().filter(|at| **at < 100 * SECOND).count(), 100, "the newest ones carry the oldest times");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_and_ten_minutes_of_a_clock_ahead_take_nothing() {
    let (_folder, database, store) = store().await;
    let now = epoch_micros();
    insert(&store, &(0..2000).map(|age| real(now - age * 60 * SECOND)).collect::<Vec<_>>()).await;
    let newest = store.newest().await.expect("an answer");
    assert_eq!(newest, Some(now));
    let mut shown = ShownTimes::default();
    shown.note(now + 40 * DAY, Duration::ZERO);
    let ages = Ages::new(now + 40 * DAY, Duration::from_secs(86_400), newest, shown).expect("long enough");
    let mut outdated = store.outdated(&KeptRequests::default(), &ages).await.expect("bounds");
    assert_eq!(store.prune(&mut outdated, None).await.expect("pruned"), Removed::default());
    let rollups: i64 =
        sqlx::query_scalar("SELECT sum(requests) FROM rollups").fetch_one(&database.read).await.expect("a sum");
    assert_eq!(rollups, 2000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_run_may_be_removed_and_one_that_is_not_closed_may_not() {
    let server = TestServer::start().await;
    let settings = json!({ "scenario": "normal", "duration": 5, "maxRps": 2, "endpoints": ["list"] });
    let id = server.start_run(&settings).await;
    server.closed(&id).await;
    let folder = server.shut_down().await;
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let database = Database::open(&url).await.expect("the database");
    let runs = SqliteRuns(database.clone());
    let named = |runs: Vec<RunId>| runs.iter().map(RunId::to_string).collect::<Vec<_>>();
    assert_eq!(named(runs.removable().await.expect("runs")), std::slice::from_ref(&id));
    // Not if somebody named it, or wrote a note.
    let id: RunId = id.parse().expect("an id");
    for (name, note) in [("x", ""), ("", "x")] {
        let form = NamingForm { name: name.to_owned(), note: Some(note.to_owned()) };
        runs.rename(id, &form.check().expect("good")).await.expect("renamed").expect("there");
        assert!(runs.removable().await.expect("runs").is_empty());
        assert!(!runs.delete(id, Removal::Expired).await.expect("an answer"), "it was named meanwhile");
    }
    let none = NamingForm { name: String::new(), note: Some(String::new()) };
    runs.rename(id, &none.check().expect("good")).await.expect("renamed");
    assert_eq!(runs.removable().await.expect("runs"), [id]);
    let mut transaction = database.begin().await.expect("a transaction");
    sqlx::query("UPDATE runs SET closed = 0").execute(&mut *transaction).await.expect("an update");
    transaction.commit().await.expect("a commit");
    assert!(runs.removable().await.expect("runs").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_recorded_counts_in_its_period_and_after_a_restart() {
    let (_folder, database, store) = store().await;
    let now = epoch_micros();
    let metrics = metrics_of(&store).await;
    let not_recorded = async |metrics: &Metrics| {
        let mut numbers = [0; 3];
        for (number, range) in numbers.iter_mut().zip(Range::BY_STEP) {
            let query = OverviewQuery { range, origin: Origins::All };
            *number = metrics.overview(&query).await.expect("an overview").dropped;
        }
        numbers
    };
    for (age, requests) in [(2 * SECOND, 3), (10 * 60 * SECOND, 40), (10 * HOUR, 500), (2 * DAY, 6000)] {
        (0..requests).for_each(|_| metrics.numbers.count_dropped(&real(now - age)));
    }
    assert_eq!(not_recorded(&metrics).await, [3, 43, 543]);
    metrics.numbers.count_dropped(&real(now - HOUR / 4));
    metrics.numbers.rebuild().await.expect("rebuilt");
    assert_eq!(not_recorded(&metrics).await[1..], [44, 544], "also what is not stored yet");
    // A server that goes down writes the rest.
    metrics.numbers.store_lost().await;
    let again = metrics_of(&store).await;
    assert_eq!(not_recorded(&again).await[1..], [44, 544]);
    prune(&store, &KeptRequests::default(), now + 31 * DAY, None).await;
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM lost_requests").fetch_one(&database.read).await.expect("a count");
    assert_eq!(left, 0);
}
