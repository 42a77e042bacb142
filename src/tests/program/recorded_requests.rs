//! What is kept of recorded requests, and what is found again.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use traffic_simulator::metrics::engine::recorded_request::RecordedRequest;
use traffic_simulator::metrics::log_model::{
    LOG_PAGE, LogQuery, LoggedRequest, MOST_COUNTED, NEWEST, StatusClass, StatusFilter, last_page,
};
use traffic_simulator::metrics::model::{self, Origins, Overview, OverviewQuery, Totals};
use traffic_simulator::metrics::server::served::ServedRequests;
use traffic_simulator::metrics::server::service::Metrics;
use traffic_simulator::metrics::server::storage::retention::KeptRequests;
use traffic_simulator::metrics::server::storage::retention::Removed;
use traffic_simulator::metrics::server::storage::sqlite::SqliteMetrics;
use traffic_simulator::metrics::server::storage::store::MetricsStore;
use traffic_simulator::origin::{Origin, RunId};
use traffic_simulator::platform::database::Database;
use traffic_simulator::platform::retention::Ages;
use traffic_simulator::platform::wall_clock::ShownTimes;
use traffic_simulator::platform::wall_clock::epoch_micros;
use uuid::Uuid;

const DAY: i64 = 86_400 * 1_000_000;

/// Request `number` of a synthetic month.
fn synthetic(arrived_at: i64, number: u32) -> RecordedRequest {
    let run = RunId(Uuid::from_u128(1 + u128::from(number / 1000)));
    RecordedRequest {
        id: Uuid::from_u128(u128::from(number) << 2),
        arrived_at,
        method: "GET".into(),
        route: if number.is_multiple_of(2) { "/api/v1/users" } else { "/api/v1/users/{id}" }.into(),
        status: if number.is_multiple_of(10) { 503 } else { 200 },
        duration_us: number % 1000 * 17 + 300,
        origin: if number.is_multiple_of(3) { Origin::Simulated { run, seq: number } } else { Origin::Real },
    }
}

async fn overview(store: &SqliteMetrics, query: &OverviewQuery) -> Overview {
    let metrics =
        Metrics::open(Arc::new(store.clone()), ServedRequests::new().expect("names"), CancellationToken::new(), |_| {})
            .await
            .expect("metrics");
    metrics.overview(query).await.expect("an overview")
}

/// As a process does that has been up for ten minutes, and has stored none of the rows.
pub(crate) async fn prune(store: &SqliteMetrics, kept: &KeptRequests, now: i64, open: Option<RunId>) {
    let ages = Ages::new(now, Duration::from_secs(600), None, ShownTimes::default()).expect("long enough");
    let mut outdated = store.outdated(kept, &ages).await.expect("bounds");
    while store.prune(&mut outdated, open).await.expect("pruned") != Removed::default() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_inserted_again_are_stored_and_counted_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open(&format!("sqlite://{}/again.db", folder.path().display())).await.expect("a database");
    let store = SqliteMetrics(database.clone());
    let rows: Vec<RecordedRequest> = (0..700).map(|number| synthetic(epoch_micros(), number)).collect();
    for _ in 0..2 {
        store.insert(&rows).await.expect("stored, now or before");
    }
    let counts = "SELECT (SELECT count(*) FROM recorded_requests), (SELECT sum(requests) FROM rollups)";
    let counts: (i64, i64) = sqlx::query_as(counts).fetch_one(&database.read).await.expect("counts");
    assert_eq!(counts, (700, 700));
    database.close().await;
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
    let rows: Vec<RecordedRequest> = (0..ROWS).rev().map(|number| synthetic(now - age(number), number)).collect();
    for chunk in rows.chunks(4096) {
        store.insert(chunk).await.expect("inserted");
    }
    let sums = async || -> (i64, i64) {
        let sums = "SELECT sum(requests), sum(sum) FROM rollups";
        sqlx::query_as(sums).fetch_one(&database.read).await.expect("sums")
    };
    let count = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM recorded_requests").fetch_one(&database.read).await.expect("a count")
    };
    let loaded = sums().await;
    assert_eq!(loaded.0, i64::from(ROWS));
    assert_eq!(loaded.1, rows.iter().map(|row| i64::from(row.duration_us)).sum::<i64>());
    let day = OverviewQuery { range: model::Range::Day, origin: Origins::All };
    let before = overview(&store, &day).await;
    assert!(before.totals.requests > 25_000, "{}", before.totals.requests);

    // First by age, then by number; each call removes a chunk, and the roll-ups stay as they are.
    let old = rows.iter().filter(|row| row.arrived_at < now - 7 * DAY).count() as i64;
    assert!(old > 1000, "more than one chunk: {old}");
    let young = rows.iter().filter(|row| row.arrived_at >= now - 7 * DAY);
    let simulated = young.filter(|row| row.origin != Origin::Real).count() as i64;
    let few = KeptRequests { keep_requests: 20_000, ..KeptRequests::default() };
    for (kept, left) in [(KeptRequests::default(), i64::from(ROWS) - old), (few, 20_000 + simulated)] {
        prune(&store, &kept, now, None).await;
        assert_eq!(count().await, left);
        assert_eq!(sums().await, loaded);
    }
    let after = overview(&store, &day).await;
    // Both periods end at their own now, so that only the rate may differ.
    let before_totals = Totals { rate: after.totals.rate, ..before.totals.clone() };
    assert_eq!((&after.totals, &after.statuses, after.real), (&before_totals, &before.statuses, before.real));
    let minutes = KeptRequests { keep_rollups_days: 2, ..KeptRequests::default() };
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
    let rows: Vec<RecordedRequest> =
        (0..3000).map(|number| synthetic(now - i64::from(number) * 1_000_000, number)).collect();
    store.insert(&rows).await.expect("inserted");
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

const ENDPOINTS: [(&str, &str, u16); 4] = [
    ("GET", "/api/v1/users", 200),
    ("GET", "/api/v1/users/{id}", 200),
    ("GET", "/api/v1/users/{id}", 404),
    ("POST", "/api/v1/users", 503),
];
const RUN: RunId = RunId(Uuid::from_u128(1));

/// Requests as a busy server leaves them, in batches: few are simulated, some came long before their answer, and some
/// arrived in the same microsecond as others.
fn busy(random: &mut fastrand::Rng, now: i64) -> Vec<Vec<RecordedRequest>> {
    let mut number = 0;
    let mut batch = |size: i64, second: i64| -> Vec<RecordedRequest> {
        let request = |place: i64| {
            number += 1;
            let slow = i64::from(random.u8(..) < 4) * random.i64(0..6_000_000);
            let (method, route, status) = ENDPOINTS[if random.u8(..) < 200 { 0 } else { random.usize(1..4) }];
            let simulated = random.u8(..) < 10;
            RecordedRequest {
                id: Uuid::from_u128(random.u128(..)),
                arrived_at: now - second * 1_000_000 + place * 250_000 / size - slow,
                method: method.into(),
                route: route.into(),
                status,
                duration_us: if random.u8(..) < 8 { random.u32(90_000..300_000) } else { random.u32(1..2000) },
                origin: if simulated { Origin::Simulated { run: RUN, seq: number } } else { Origin::Real },
            }
        };
        (0..size).map(request).collect()
    };
    let mut batches = vec![batch(1900, 400), batch(700, 202), batch(60, 201), batch(2200, 200), batch(413, 1)];
    for place in 0..40 {
        batches[1][place].arrived_at = batches[1][0].arrived_at;
    }
    batches
}

async fn store_of(batches: &[Vec<RecordedRequest>]) -> (tempfile::TempDir, Database, SqliteMetrics) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open(&format!("sqlite://{}/busy.db", folder.path().display())).await.expect("a database");
    let store = SqliteMetrics(database.clone());
    for batch in batches {
        store.insert(batch).await.expect("inserted");
    }
    (folder, database, store)
}

fn is_wanted(request: &RecordedRequest, query: &LogQuery, times: &Range<i64>) -> bool {
    let of_origin = match query.origin {
        Origins::All => true,
        Origins::Real => request.origin == Origin::Real,
        Origins::Simulated => request.origin != Origin::Real,
        Origins::Run(run) => request.origin.run() == Some(run),
    };
    let of_status = query.status.is_none_or(|filter| (filter.bounds().0..=filter.bounds().1).contains(&request.status));
    let is_long = query.min_duration.is_none_or(|shortest| request.duration_us >= shortest);
    let of_id = query.id.is_none_or(|id| request.id == id);
    let of_endpoint = query
        .endpoint
        .as_ref()
        .is_none_or(|(method, route)| request.method == method.as_str() && request.route == route.as_str());
    times.contains(&request.arrived_at) && of_origin && of_status && of_endpoint && is_long && of_id
}

/// Filters of all kinds, each with times that end now, and with times in between.
fn questions(random: &mut fastrand::Rng, batches: &[Vec<RecordedRequest>], now: i64) -> Vec<(LogQuery, Range<i64>)> {
    let mut questions = Vec::new();
    let mut ask = |query: LogQuery, random: &mut fastrand::Rng| {
        let mut moment = || {
            let batch = random.choice(batches).expect("one");
            let of_a_request = random.choice(batch).expect("one").arrived_at + random.i64(0..2);
            let at_all = now - random.i64(0..500_000_000);
            if random.bool() { of_a_request } else { at_all }
        };
        let (one, other) = (moment(), moment());
        questions.push((query.clone(), one..now + 1));
        questions.push((query, one.min(other)..one.max(other)));
    };
    let statuses = StatusClass::ALL.map(|class| Some(StatusFilter::Class(class)));
    let statuses = [None, Some(StatusFilter::Exact(503)), Some(StatusFilter::Exact(200))].into_iter().chain(statuses);
    for status in statuses {
        for origin in [Origins::All, Origins::Real, Origins::Simulated, Origins::Run(RUN)] {
            for endpoint in [None, Some(ENDPOINTS[0]), Some(ENDPOINTS[1])] {
                for slowest in [false, true] {
                    let endpoint = endpoint.map(|(method, route, _)| (method.to_owned(), route.to_owned()));
                    let query = LogQuery { origin, status, endpoint, slowest, ..LogQuery::default() };
                    // Among them durations of the index of slow requests, and others.
                    let min_duration = Some(random.choice([1, 1500, 99_999, 100_000, 250_000]).expect("one"));
                    ask(LogQuery { min_duration, ..query.clone() }, random);
                    ask(query, random);
                }
            }
        }
    }
    for _ in 0..20 {
        let batch = random.choice(batches).expect("one");
        let id = Some(random.choice(batch).expect("one").id);
        ask(LogQuery { id, ..LogQuery::default() }, random);
    }
    questions
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_log_is_what_a_plain_sort_of_all_requests_says() {
    let mut random = fastrand::Rng::with_seed(6);
    let now = epoch_micros();
    let batches = busy(&mut random, now);
    let (_folder, _database, store) = store_of(&batches).await;
    for (mut query, times) in questions(&mut random, &batches, now) {
        let mut expected: Vec<&RecordedRequest> =
            batches.iter().flatten().filter(|request| is_wanted(request, &query, &times)).collect();
        expected.sort_by_key(|request| {
            let duration = if query.slowest { request.duration_us } else { 0 };
            std::cmp::Reverse((duration, request.arrived_at, request.id))
        });
        let matching = expected.len() as u32;
        let pages: Vec<&[&RecordedRequest]> =
            if expected.is_empty() { vec![&[]] } else { expected.chunks(LOG_PAGE as usize).collect() };
        // The first pages, any one, and the last one that can be asked for.
        let last = (pages.len() as u32).min(last_page(query.slowest));
        for page in BTreeSet::from([1, 2.min(last), random.u32(1..=last), last]) {
            let requests = pages[page as usize - 1];
            query.page = page;
            let found = store.log(&query, times.clone()).await.expect("a page");
            assert_eq!((found.more, found.matching), (page < last, Some(matching)), "{query:?}");
            let expected = requests.iter().map(|request| LoggedRequest::from((*request).clone()));
            assert!(found.requests.into_iter().eq(expected), "{query:?}");
        }
        query.page = pages.len() as u32 + 1;
        let behind = store.log(&query, times.clone()).await.expect("a page");
        assert_eq!((behind.requests.len(), behind.matching), (0, Some(matching)), "{query:?}");
        let few = matching.min(7);
        assert_eq!(store.count_requests(&query, times.clone(), 7).await.expect("a count"), few, "{query:?}");
        if !query.slowest {
            let newest = store.newest_requests(&query, times).await.expect("requests");
            let expected = expected.iter().take(NEWEST as usize).map(|request| LoggedRequest::from((*request).clone()));
            assert_eq!(newest.matching, None, "they are not counted");
            query.page = 1;
            assert!(newest.requests.into_iter().eq(expected), "{query:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_are_counted_as_far_as_that_is_worth_it() {
    let now = epoch_micros();
    let rows: Vec<RecordedRequest> =
        (0..MOST_COUNTED + 100).map(|number| synthetic(now - i64::from(number), number)).collect();
    let (_folder, _database, store) = store_of(&[rows]).await;
    for page in [1, 7] {
        let found = store.log(&LogQuery { page, ..LogQuery::default() }, 0..now + 1).await.expect("a page");
        assert_eq!((found.matching, found.more), (Some(MOST_COUNTED + 1), true), "page {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_found_by_its_id_its_run_and_its_time() {
    let now = epoch_micros();
    let batches = busy(&mut fastrand::Rng::with_seed(7), now);
    let (_folder, _database, store) = store_of(&batches).await;
    let all = || batches.iter().flatten();
    for request in all().step_by(7) {
        assert_eq!(store.request(request.id).await.expect("an answer").as_ref(), Some(request));
        let neighbour = Uuid::from_u128(request.id.as_u128() ^ 1);
        assert_eq!(store.request(neighbour).await.expect("an answer"), None);
    }
    let in_order = |mut requests: Vec<RecordedRequest>| {
        requests.sort_by_key(|request| (request.arrived_at, request.id));
        requests
    };
    let of_run = in_order(all().filter(|request| request.origin != Origin::Real).cloned().collect());
    assert_eq!(store.requests_of_run(RUN).await.expect("requests"), of_run);
    let Origin::Simulated { seq, .. } = of_run[3].origin else { panic!("a simulated request") };
    assert_eq!(store.requests_of_slot(RUN, seq).await.expect("requests"), of_run[3..4]);
    let from = now - 200_000_000;
    let mut visited = Vec::new();
    store.visit_since(from, &mut |request| visited.push(request.clone())).await.expect("requests");
    assert_eq!(in_order(visited), in_order(all().filter(|request| request.arrived_at >= from).cloned().collect()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_real_requests_are_kept_and_no_more_than_allowed() {
    let now = epoch_micros();
    let batches = busy(&mut fastrand::Rng::with_seed(8), now);
    let (_folder, database, store) = store_of(&batches).await;
    let arrivals = |is_real: bool| -> Vec<i64> {
        let of_origin = batches.iter().flatten().filter(|request| (request.origin == Origin::Real) == is_real);
        let mut arrivals: Vec<i64> = of_origin.map(|request| request.arrived_at).collect();
        arrivals.sort_unstable();
        arrivals
    };
    let stored = async |origin: &str| -> Vec<i64> {
        let statement = "SELECT arrived_at FROM recorded_requests WHERE origin = ? ORDER BY arrived_at";
        sqlx::query_scalar(statement).bind(origin).fetch_all(&database.read).await.expect("times")
    };
    let real = arrivals(true);
    for most in [3000, 1500, 1000] {
        prune(&store, &KeptRequests { keep_requests: most as u32, ..KeptRequests::default() }, now, None).await;
        assert_eq!(stored("simulated").await, arrivals(false), "requests of runs do not count");
        let kept = stored("real").await;
        // Those of one microsecond go together.
        assert!((most - 40..=most).contains(&kept.len()), "{} of {most}", kept.len());
        assert!(real.ends_with(&kept), "the newest are kept");
    }
    prune(&store, &KeptRequests::default(), now + 8 * DAY, None).await;
    assert!(stored("real").await.is_empty() && stored("simulated").await.is_empty());
}
