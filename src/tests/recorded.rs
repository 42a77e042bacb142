//! What is kept of recorded requests, and what is found again.

use std::sync::Arc;
use std::time::Duration;

use traffic_simulator::metrics::log_model::{LogQuery, StatusClass};
use traffic_simulator::metrics::model::{Origins, OverviewQuery, Range, Totals};
use traffic_simulator::metrics::server::record::{Batch, Row};
use traffic_simulator::metrics::server::service::Metrics;
use traffic_simulator::metrics::server::storage::retention::Removed;
use traffic_simulator::metrics::server::storage::store::{MetricsStore, SqliteMetrics};
use traffic_simulator::origin::{Origin, RunId};
use traffic_simulator::platform::database::Database;
use traffic_simulator::platform::request_id::RequestId;
use traffic_simulator::platform::retention::{Ages, Kept};
use traffic_simulator::platform::wall_clock::{ShownTimes, epoch_micros};
use uuid::Uuid;

const DAY: i64 = 86_400 * 1_000_000;

/// Row `number` of a synthetic month.
fn synthetic(at: i64, number: u32) -> Row {
    let run = RunId(Uuid::from_u128(1 + u128::from(number / 1000)));
    Row {
        id: RequestId::at(at, u64::from(number) << 2),
        method: "GET",
        route: if number.is_multiple_of(2) { "/api/v1/users" } else { "/api/v1/users/{id}" },
        status: if number.is_multiple_of(10) { 503 } else { 200 },
        duration: number % 1000 * 17 + 300,
        origin: if number.is_multiple_of(3) { Origin::Simulated { run, seq: number } } else { Origin::Real },
    }
}

/// As a process does that has been up for ten minutes, and has stored none of the rows.
pub(crate) async fn prune(store: &SqliteMetrics, kept: &Kept, now: i64, open: Option<RunId>) {
    let ages = Ages::new(now, Duration::from_secs(600), None, ShownTimes::default()).expect("long enough");
    let mut outdated = store.outdated(kept, &ages).await.expect("bounds");
    while store.prune(&mut outdated, open).await.expect("pruned") != Removed::default() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_rows_load_roll_up_and_are_pruned_without_a_change_of_the_totals() {
    const ROWS: u32 = 50_000;
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open(&format!("sqlite://{}/month.db", folder.path().display())).await.expect("a database");
    let store = SqliteMetrics(database.clone());
    // Every second row within the last hour, so that the windows have much to say; the others over nine days.
    let now = epoch_micros();
    let age = |number: u32| {
        i64::from(number) * if number.is_multiple_of(2) { 60_000_000 / 1000 } else { 9 * DAY / i64::from(ROWS) }
    };
    let rows: Vec<Row> = (0..ROWS).rev().map(|number| synthetic(now - age(number), number)).collect();
    for chunk in rows.chunks(4096) {
        store.insert(&Batch::of(chunk)).await.expect("inserted");
    }
    let sums = async || -> (i64, i64) {
        let sums = "SELECT sum(requests), sum(sum) FROM rollups";
        sqlx::query_as(sums).fetch_one(&database.read).await.expect("sums")
    };
    let count = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM recorded").fetch_one(&database.read).await.expect("a count")
    };
    let loaded = sums().await;
    assert_eq!(loaded.0, i64::from(ROWS));
    assert_eq!(loaded.1, rows.iter().map(|row| i64::from(row.duration)).sum::<i64>());
    let day = OverviewQuery { range: Range::Day, origin: Origins::All };
    let before =
        Metrics::open(Arc::new(store.clone())).await.expect("metrics").overview(&day).await.expect("an overview");
    assert!(before.totals.requests > 25_000, "{}", before.totals.requests);

    // First by age, then by number; each call removes a chunk, and the roll-ups stay as they are.
    let old = rows.iter().filter(|row| row.at() < now - 7 * DAY).count() as i64;
    assert!(old > 1000, "more than one chunk: {old}");
    let young = rows.iter().filter(|row| row.at() >= now - 7 * DAY);
    let simulated = young.filter(|row| row.origin != Origin::Real).count() as i64;
    let few = Kept { keep_requests: 20_000, ..Kept::default() };
    for (kept, left) in [(Kept::default(), i64::from(ROWS) - old), (few, 20_000 + simulated)] {
        prune(&store, &kept, now, None).await;
        assert_eq!(count().await, left);
        assert_eq!(sums().await, loaded);
    }
    let after =
        Metrics::open(Arc::new(store.clone())).await.expect("metrics").overview(&day).await.expect("an overview");
    // Both periods end at their own now, so that only the rate may differ.
    let before_totals = Totals { rate: after.totals.rate, ..before.totals.clone() };
    assert_eq!((&after.totals, &after.statuses, after.real), (&before_totals, &before.statuses, before.real));
    let minutes = Kept { keep_rollups_days: 2, ..Kept::default() };
    prune(&store, &minutes, now, None).await;
    let oldest: i64 =
        sqlx::query_scalar("SELECT min(minute) FROM rollups").fetch_one(&database.read).await.expect("one");
    let bound = now / 60_000_000 - 2 * 1440;
    assert!((bound..bound + 10).contains(&oldest), "{oldest} of {bound}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_version_without_roll_ups_are_rolled_up_at_the_start_and_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open(&format!("sqlite://{}/old.db", folder.path().display())).await.expect("a database");
    let store = SqliteMetrics(database.clone());
    let now = epoch_micros();
    let rows: Vec<Row> = (0..3000).map(|number| synthetic(now - i64::from(number) * 1_000_000, number)).collect();
    store.insert(&Batch::of(&rows)).await.expect("inserted");
    let rollups = "SELECT minute, method, route, status, simulated, requests, sum, histogram FROM rollups";
    type Line = (i64, String, String, i64, bool, i64, i64, Vec<u8>);
    let made: Vec<Line> = sqlx::query_as(rollups).fetch_all(&database.read).await.expect("roll-ups");
    let mut transaction = database.begin().await.expect("a transaction");
    sqlx::query("DELETE FROM rollups").execute(&mut *transaction).await.expect("deleted");
    transaction.commit().await.expect("committed");
    for expected in [3000, 0] {
        assert_eq!(store.roll_up_older_version().await.expect("rolled up"), expected);
        let again: Vec<Line> = sqlx::query_as(rollups).fetch_all(&database.read).await.expect("roll-ups");
        assert_eq!(again, made);
    }
}

/// How many requests a block holds.
const BLOCK: i64 = 32;
const KINDS: [(&str, &str, u16); 4] = [
    ("GET", "/api/v1/users", 200),
    ("GET", "/api/v1/users/{id}", 200),
    ("GET", "/api/v1/users/{id}", 404),
    ("POST", "/api/v1/users", 503),
];
const RUN: RunId = RunId(Uuid::from_u128(1));

/// Four batches as a busy server leaves them, each of a quarter of a second, and a quiet one: most requests are of one kind,
/// few are simulated, some came long before their answer. No two arrived in the same microsecond.
fn busy(random: &mut fastrand::Rng, now: i64) -> Vec<Vec<Row>> {
    let mut number = 0;
    let mut batch = |size: i64, second: i64| -> Vec<Row> {
        let mut row = |place: i64| {
            number += 1;
            let slow = i64::from(random.u8(..) < 4) * random.i64(0..6_000_000);
            let (method, route, status) = KINDS[if random.u8(..) < 200 { 0 } else { random.usize(1..KINDS.len()) }];
            let simulated = random.u8(..) < 10;
            Row {
                // The last digits are the request's own.
                id: RequestId::at(
                    (now - second * 1_000_000 + place * 250_000 / size - slow) / 10_000 * 10_000 + number,
                    random.u64(..),
                ),
                method,
                route,
                status,
                duration: random.u32(1..2000),
                origin: if simulated { Origin::Simulated { run: RUN, seq: number as u32 } } else { Origin::Real },
            }
        };
        (0..size).map(&mut row).collect()
    };
    vec![batch(1900, 400), batch(700, 202), batch(60, 201), batch(2200, 200), batch(413, 1)]
}

async fn store_of(batches: &[Vec<Row>]) -> (tempfile::TempDir, Database, SqliteMetrics) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open(&format!("sqlite://{}/busy.db", folder.path().display())).await.expect("a database");
    let store = SqliteMetrics(database.clone());
    for batch in batches {
        store.insert(&Batch::of(batch)).await.expect("inserted");
    }
    let (blocks, rows): (i64, i64) =
        sqlx::query_as("SELECT (SELECT count(*) FROM request_blocks), (SELECT count(*) FROM requests)")
            .fetch_one(&database.read)
            .await
            .expect("counts");
    assert!(blocks > 20 && rows > 300, "both ways to store a request are in use: {blocks}, {rows}");
    (folder, database, store)
}

fn is_wanted(row: &Row, query: &LogQuery, times: &std::ops::Range<i64>) -> bool {
    let of_origin = match query.origin {
        Origins::All => true,
        Origins::Real => row.origin == Origin::Real,
        Origins::Simulated => row.origin != Origin::Real,
        Origins::Run(run) => row.origin.run() == Some(run),
    };
    let of_status = query.status.is_none_or(|class| (class.bounds().0..=class.bounds().1).contains(&row.status));
    let of_endpoint = query.endpoint.as_ref().is_none_or(|(method, route)| (row.method, row.route) == (method, route));
    times.contains(&row.at()) && of_origin && of_status && of_endpoint
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_the_same_however_a_request_is_stored() {
    let (mut random, now) = (fastrand::Rng::with_seed(6), epoch_micros());
    let batches = busy(&mut random, now);
    let (_folder, _database, store) = store_of(&batches).await;
    let mut questions = Vec::new();
    for origin in [Origins::All, Origins::Real, Origins::Simulated, Origins::Run(RUN)] {
        for status in [None].into_iter().chain(StatusClass::ALL.map(Some)) {
            for endpoint in [None, Some(KINDS[0]), Some(KINDS[1])] {
                let endpoint = endpoint.map(|(method, route, _)| (method.to_owned(), route.to_owned()));
                for slowest in [false, true] {
                    let query = LogQuery { origin, status, endpoint: endpoint.clone(), slowest, ..LogQuery::default() };
                    // Often in the middle of a block.
                    let mut moment = || {
                        let batch = random.choice(&batches).expect("one");
                        let of_a_request = random.choice(batch).expect("one").at() + random.i64(0..2);
                        let at_all = now - random.i64(0..500_000_000);
                        if random.bool() { of_a_request } else { at_all }
                    };
                    // Of some, the end is not after all requests, and may be in the middle of a block, too.
                    let (one, other) = (moment(), moment());
                    questions.push((query.clone(), one..now + 1));
                    questions.push((query, one.min(other)..one.max(other)));
                }
            }
        }
    }
    for (mut query, times) in questions {
        let mut expected: Vec<&Row> = batches.iter().flatten().filter(|row| is_wanted(row, &query, &times)).collect();
        expected.sort_by_key(|row| std::cmp::Reverse((if query.slowest { row.duration } else { 0 }, row.at())));
        query.limit = random.u32(100..1500);
        let pages: Vec<&[&Row]> =
            if expected.is_empty() { vec![&[]] } else { expected.chunks(query.limit as usize).collect() };
        for (page, rows) in (1..).zip(&pages) {
            query.page = page;
            let found = store.log(&query, times.clone()).await.expect("a page");
            assert_eq!(found.more, pages.len() > page as usize, "{query:?}");
            let found = found.requests.iter().map(|request| {
                let of_run = request.run.zip(request.seq);
                (
                    request.request_id,
                    request.at,
                    request.method.as_str(),
                    request.route.as_str(),
                    request.status,
                    request.duration,
                    of_run,
                )
            });
            let expected = rows.iter().map(|row| {
                let of_run = match row.origin {
                    Origin::Simulated { run, seq } => Some((run, seq)),
                    _ => None,
                };
                (Some(row.id.0), row.at(), row.method, row.route, row.status, f64::from(row.duration) / 1000.0, of_run)
            });
            assert!(found.eq(expected), "{query:?}");
        }
        query.page += 1;
        assert!(store.log(&query, times.clone()).await.expect("a page").requests.is_empty(), "{query:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_found_by_its_id_and_shown_once_however_it_is_stored() {
    let now = epoch_micros();
    let batches = busy(&mut fastrand::Rng::with_seed(7), now);
    let (_folder, _database, store) = store_of(&batches).await;
    for row in batches.iter().flatten().step_by(7) {
        let found = store.request(row.id.0).await.expect("an answer").expect("a request");
        assert_eq!((found.request_id, found.at, found.status), (Some(row.id.0), row.at(), row.status));
        // The same moment, but not the same bits.
        assert_eq!(store.request(Uuid::from_u128(row.id.0.as_u128() ^ 1)).await.expect("an answer"), None);
    }
    let from = now - 200_000_000;
    let mut shown = Vec::new();
    let mut visit = |sample: &traffic_simulator::metrics::engine::Sample<'_>| {
        shown.push((sample.at, sample.method.to_owned(), sample.route.to_owned(), sample.status, sample.duration));
    };
    store.samples_since(from, &mut visit).await.expect("samples");
    shown.sort();
    let since = batches.iter().flatten().filter(|row| row.at() >= from);
    let mut expected: Vec<_> =
        since.map(|row| (row.at(), row.method.to_owned(), row.route.to_owned(), row.status, row.duration)).collect();
    expected.sort();
    assert!(shown == expected, "{} of {}", shown.len(), expected.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_goes_with_its_last_request_and_no_more_are_kept_than_allowed() {
    let now = epoch_micros();
    let batches = busy(&mut fastrand::Rng::with_seed(8), now);
    let (_folder, database, store) = store_of(&batches).await;
    let keys = async || -> Vec<i64> {
        sqlx::query_scalar("SELECT id / 1024 FROM recorded ORDER BY id").fetch_all(&database.read).await.expect("times")
    };
    let mut all: Vec<i64> = batches.iter().flatten().map(Row::at).collect();
    all.sort_unstable();
    assert_eq!(keys().await, all);
    let simulated = batches.iter().flatten().filter(|row| row.origin != Origin::Real).count() as i64;
    let is_kept = |row: &&Row| row.origin == Origin::Real;
    let mut all: Vec<i64> = batches.iter().flatten().filter(is_kept).map(Row::at).collect();
    all.sort_unstable();
    let real = async || -> Vec<i64> {
        let real = "SELECT id / 1024 FROM recorded WHERE run IS NULL ORDER BY id";
        sqlx::query_scalar(real).fetch_all(&database.read).await.expect("times")
    };
    for most in [3000, 1500, 1000] {
        prune(&store, &Kept { keep_requests: most as u32, ..Kept::default() }, now, None).await;
        let kept = real().await;
        assert_eq!((keys().await.len() - kept.len()) as i64, simulated, "those of runs are not counted");
        assert!((most - BLOCK + 1..=most).contains(&(kept.len() as i64)), "{} of {most}", kept.len());
        // Of each kind a block or two (of batches that overlap) may still hold requests that are older than some that are gone.
        let newest = (most - BLOCK - 2 * BLOCK * KINDS.len() as i64).max(0);
        assert!(kept.ends_with(&all[all.len() - newest as usize..]), "the newest are kept");
    }
    prune(&store, &Kept::default(), now + 8 * DAY, None).await;
    assert!(keys().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_knows_its_first_and_its_last_key_also_when_requests_arrive_in_one_microsecond() {
    let now = epoch_micros();
    let (method, route, status) = KINDS[0];
    // As many in each as there are keys for it.
    let row = |number: i64| {
        let id = RequestId::at(now + number / 1000, number.cast_unsigned() << 2);
        Row { id, method, route, status, duration: 1, origin: Origin::Real }
    };
    let batches: Vec<Vec<Row>> = (0..3).map(|batch| (batch * 2000..batch * 2000 + 2000).map(row).collect()).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let database =
        Database::open(&format!("sqlite://{}/moment.db", folder.path().display())).await.expect("a database");
    let store = SqliteMetrics(database.clone());
    for batch in &batches {
        store.insert(&Batch::of(batch)).await.expect("inserted");
    }
    let count = async |statement: &'static str| -> i64 {
        sqlx::query_scalar(statement).fetch_one(&database.read).await.expect("a count")
    };
    assert_eq!(count("SELECT count(DISTINCT id) FROM recorded").await, 6000);
    assert_eq!(count("SELECT count(*) FROM request_blocks").await, 3 * (2000 / BLOCK));
    let blocks: Vec<(i64, i64, Vec<u8>)> = sqlx::query_as("SELECT first, last, entries FROM request_blocks")
        .fetch_all(&database.read)
        .await
        .expect("blocks");
    for (first, last, entries) in blocks {
        let keys =
            || entries.chunks(16).map(|entry| first + i64::from(u32::from_be_bytes(entry[..4].try_into().expect("4"))));
        assert_eq!((keys().min(), keys().max()), (Some(first), Some(last)));
    }
    for row in batches.iter().flatten().step_by(97) {
        assert!(store.request(row.id.0).await.expect("an answer").is_some());
    }
}
