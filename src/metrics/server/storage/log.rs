//! The pages of the request log in SQL.

use std::ops::Range;

use sqlx::{QueryBuilder, Sqlite};

use super::rows::recorded_request;
use crate::metrics::log_model::{FUTURE_COUNTED, LOG_PAGE, LogPage, LogQuery, LoggedRequest, last_page};
use crate::metrics::model::Origins;
use crate::platform::database::{Database, StoreError};

/// A request is one of the future when it arrived this long after the end of the log, in microseconds. Those that
/// arrive while the log is read are not.
const FUTURE: i64 = 10_000_000;

/// The requests of the log that fit the filter, in its order.
fn select(query: &LogQuery, times: &Range<i64>) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new("SELECT * FROM recorded_requests WHERE arrived_at >= ");
    statement.push_bind(times.start).push(" AND arrived_at < ").push_bind(times.end);
    match query.origin {
        Origins::All => {}
        Origins::Real => {
            // Here and below the condition is that of an index, which SQLite would not use otherwise.
            statement.push(" AND run IS NULL");
        }
        Origins::Simulated => {
            statement.push(" AND run IS NOT NULL");
        }
        Origins::Run(run) => {
            statement.push(" AND run = ").push_bind(run.0.as_bytes().to_vec());
        }
    }
    if let Some(class) = query.status {
        let (lowest, highest) = class.bounds();
        statement.push(" AND status BETWEEN ").push_bind(lowest).push(" AND ").push_bind(highest);
    }
    if let Some((method, route)) = &query.endpoint {
        statement.push(" AND method = ").push_bind(method.clone()).push(" AND route = ").push_bind(route.clone());
    }
    statement.push(if query.slowest {
        " ORDER BY duration_us DESC, arrived_at DESC, id DESC"
    } else {
        " ORDER BY arrived_at DESC, id DESC"
    });
    statement
}

/// One page of the log, of requests that arrived at these times, in epoch microseconds.
pub(super) async fn page(database: &Database, query: &LogQuery, times: Range<i64>) -> Result<LogPage, StoreError> {
    let before = i64::from(query.page.saturating_sub(1)) * i64::from(LOG_PAGE);
    // One more than the page holds, to know whether there is another page.
    let limit = i64::from(LOG_PAGE) + 1;
    let mut statement = select(query, &times);
    statement.push(" LIMIT ").push_bind(limit).push(" OFFSET ").push_bind(before);
    let mut rows = statement.build().fetch_all(&database.read).await?;
    let more = rows.len() > LOG_PAGE as usize && query.page < last_page(query.slowest);
    rows.truncate(LOG_PAGE as usize);
    let requests = rows.iter().map(|row| recorded_request(row).map(LoggedRequest::from));
    let requests = requests.collect::<Result<_, _>>()?;
    Ok(LogPage { requests, more, future: count_future(database, times.end).await? })
}

/// How many requests carry times after `end`, up to [`FUTURE_COUNTED`].
async fn count_future(database: &Database, end: i64) -> Result<u32, StoreError> {
    sqlx::query_scalar("SELECT count(*) FROM (SELECT 1 FROM recorded_requests WHERE arrived_at >= ? LIMIT ?)")
        .bind(end.saturating_add(FUTURE))
        .bind(FUTURE_COUNTED)
        .fetch_one(&database.read)
        .await
}
