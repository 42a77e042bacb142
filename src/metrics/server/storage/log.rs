//! The pages of the request log in SQL.
//!
//! A filter that lets few of many requests through names the condition of a partial index literally, because SQLite uses
//! such an index only then: those of real, of simulated, of failed and of slow requests. Endpoints have no index: it would
//! make recording a request half as dear again, to save a tenth of a second where one of a million requests is wanted.

use std::ops::Range;

use sqlx::{QueryBuilder, Sqlite};

use super::rows::recorded_request;
use crate::metrics::log_model::{
    FUTURE_COUNTED, LOG_PAGE, LogPage, LogQuery, LoggedRequest, MOST_COUNTED, NEWEST, last_page,
};
use crate::metrics::model::Origins;
use crate::platform::database::{Database, StoreError};

/// A request is one of the future when it arrived this long after the end of the log, in microseconds. Those that
/// arrive while the log is read are not.
const FUTURE: i64 = 10_000_000;

/// From this status on, requests are in the index of failed ones.
const FAILED: u16 = 400;
/// From this duration on, in microseconds, requests are in the index of slow ones.
const SLOW: u32 = 100_000;

/// The requests that match the filter: a statement that begins with `select` and ends with the conditions.
fn matching(select: &str, query: &LogQuery, times: &Range<i64>) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new(select);
    statement.push(" FROM recorded_requests WHERE arrived_at >= ").push_bind(times.start);
    statement.push(" AND arrived_at < ").push_bind(times.end);
    match query.origin {
        Origins::All => {}
        Origins::Real => {
            statement.push(" AND run IS NULL");
        }
        Origins::Simulated => {
            statement.push(" AND run IS NOT NULL");
        }
        Origins::Run(run) => {
            statement.push(" AND run = ").push_bind(run.0.as_bytes().to_vec());
        }
    }
    if let Some(filter) = query.status {
        let (lowest, highest) = filter.bounds();
        if lowest >= FAILED {
            statement.push(format!(" AND status >= {FAILED}"));
        }
        statement.push(" AND status BETWEEN ").push_bind(lowest).push(" AND ").push_bind(highest);
    }
    if let Some((method, route)) = &query.endpoint {
        statement.push(" AND method = ").push_bind(method.clone()).push(" AND route = ").push_bind(route.clone());
    }
    if let Some(shortest) = query.min_duration {
        if shortest >= SLOW {
            statement.push(format!(" AND duration_us >= {SLOW}"));
        }
        statement.push(" AND duration_us >= ").push_bind(shortest);
    }
    if let Some(id) = query.id {
        statement.push(" AND id = ").push_bind(id.as_bytes().to_vec());
    }
    statement
}

/// The requests that match the filter, in its order. The statement begins with `select`.
fn listed(select: &str, query: &LogQuery, times: &Range<i64>, limit: u32, offset: u32) -> QueryBuilder<Sqlite> {
    let mut statement = matching(select, query, times);
    let order = if query.slowest { "duration_us DESC, arrived_at DESC" } else { "arrived_at DESC" };
    statement.push(format!(" ORDER BY {order}, id DESC"));
    statement.push(" LIMIT ").push_bind(limit).push(" OFFSET ").push_bind(offset);
    statement
}

async fn list(
    database: &Database,
    query: &LogQuery,
    times: &Range<i64>,
    limit: u32,
    offset: u32,
) -> Result<Vec<LoggedRequest>, StoreError> {
    let rows = listed("SELECT *", query, times, limit, offset).build().fetch_all(&database.read).await?;
    rows.iter().map(|row| recorded_request(row).map(LoggedRequest::from)).collect()
}

/// One page of the log, of requests that arrived at these times, in epoch microseconds.
pub(super) async fn page(database: &Database, query: &LogQuery, times: Range<i64>) -> Result<LogPage, StoreError> {
    let before = query.page.saturating_sub(1) * LOG_PAGE;
    // One more than the page holds, to know whether there is another page.
    let mut requests = list(database, query, &times, LOG_PAGE + 1, before).await?;
    let is_last = requests.len() <= LOG_PAGE as usize;
    let matching = if is_last && (before == 0 || !requests.is_empty()) {
        // They need not be counted once more.
        before + requests.len() as u32
    } else {
        count(database, query, &times, MOST_COUNTED + 1).await?
    };
    requests.truncate(LOG_PAGE as usize);
    Ok(LogPage {
        requests,
        more: !is_last && query.page < last_page(query.slowest),
        matching: Some(matching),
        future: count_future(database, times.end).await?,
        ..LogPage::default()
    })
}

/// The newest requests that match the filter, not counted.
pub(super) async fn newest(database: &Database, query: &LogQuery, times: Range<i64>) -> Result<LogPage, StoreError> {
    Ok(LogPage {
        requests: list(database, query, &times, NEWEST, 0).await?,
        future: count_future(database, times.end).await?,
        ..LogPage::default()
    })
}

/// How many requests match the filter, counted up to `most`.
pub(super) async fn count(
    database: &Database,
    query: &LogQuery,
    times: &Range<i64>,
    most: u32,
) -> Result<u32, StoreError> {
    let mut statement = matching("SELECT count(*) FROM (SELECT 1", query, times);
    statement.push(" LIMIT ").push_bind(most).push(")");
    statement.build_query_scalar().fetch_one(&database.read).await
}

/// How many requests carry times after `end`, up to [`FUTURE_COUNTED`].
async fn count_future(database: &Database, end: i64) -> Result<u32, StoreError> {
    sqlx::query_scalar("SELECT count(*) FROM (SELECT 1 FROM recorded_requests WHERE arrived_at >= ? LIMIT ?)")
        .bind(end.saturating_add(FUTURE))
        .bind(FUTURE_COUNTED)
        .fetch_one(&database.read)
        .await
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;
    use crate::metrics::log_model::{StatusClass, StatusFilter};
    use crate::origin::RunId;

    /// How SQLite finds the first page.
    async fn plan(database: &Database, query: &LogQuery) -> String {
        let mut statement = listed("EXPLAIN QUERY PLAN SELECT *", query, &(0..i64::MAX), LOG_PAGE + 1, 0);
        let steps = statement.build().fetch_all(&database.read).await.expect("a plan");
        let steps: Vec<String> = steps.iter().map(|step| step.try_get("detail").expect("a text")).collect();
        steps.join("; ")
    }

    #[tokio::test]
    async fn each_filter_that_lets_few_through_has_its_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let database =
            Database::open(&format!("sqlite://{}/plan.db", folder.path().display())).await.expect("a database");
        let all = LogQuery::default;
        let status = |filter| LogQuery { status: Some(filter), ..all() };
        let rows = [
            (all(), "PRIMARY KEY"),
            (LogQuery { origin: Origins::Real, ..all() }, "recorded_requests_real"),
            (LogQuery { origin: Origins::Simulated, ..all() }, "recorded_requests_simulated"),
            (LogQuery { origin: Origins::Run(RunId(uuid::Uuid::nil())), ..all() }, "recorded_requests_run"),
            (status(StatusFilter::Class(StatusClass::Errors)), "recorded_requests_failed"),
            (status(StatusFilter::Class(StatusClass::Server)), "recorded_requests_failed"),
            (status(StatusFilter::Exact(404)), "recorded_requests_failed"),
            (LogQuery { origin: Origins::Real, ..status(StatusFilter::Exact(404)) }, "recorded_requests_failed"),
            (status(StatusFilter::Exact(200)), "PRIMARY KEY"),
            (LogQuery { min_duration: Some(SLOW), ..all() }, "recorded_requests_slow"),
            (LogQuery { min_duration: Some(SLOW - 1), ..all() }, "PRIMARY KEY"),
            (LogQuery { id: Some(uuid::Uuid::nil()), ..all() }, "recorded_requests_id"),
        ];
        for (query, index) in rows {
            let plan = plan(&database, &query).await;
            assert!(plan.contains(index), "{query:?}: {plan}");
            let sorts = matches!(query.origin, Origins::Run(_));
            assert_eq!(plan.contains("TEMP B-TREE"), sorts, "only the requests of a run are sorted: {plan}");
        }
    }
}
