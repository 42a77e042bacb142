//! The request log in SQL.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};
use uuid::Uuid;

use crate::metrics::log_model::{LOG_PAGE, LogPage, LogQuery, LoggedRequest, StatusClass};
use crate::metrics::model::Origins;
use crate::origin::RunId;
use crate::server::database::{Database, StoreError};

/// In a second.
const MICROS: i64 = 1_000_000;
const SELECT: &str = "SELECT request_id, at, method, route, status, duration, run, seq FROM requests";

fn logged(row: &SqliteRow) -> Result<LoggedRequest, StoreError> {
    let id = |column| {
        let bytes: Option<Vec<u8>> = row.try_get(column)?;
        bytes.map(|bytes| Uuid::from_slice(&bytes).map_err(|error| StoreError::Decode(error.into()))).transpose()
    };
    Ok(LoggedRequest {
        request_id: id("request_id")?,
        at: row.try_get("at")?,
        method: row.try_get("method")?,
        route: row.try_get("route")?,
        status: row.try_get("status")?,
        duration: row.try_get::<i64, _>("duration")? as f64 / 1000.0,
        run: id("run")?.map(RunId),
        seq: row.try_get("seq")?,
    })
}

/// One page of the log, of requests that arrived at `from` or later.
pub(super) async fn page(database: &Database, query: &LogQuery, from: i64) -> Result<LogPage, StoreError> {
    let mut statement = QueryBuilder::<Sqlite>::new(SELECT);
    statement.push(" WHERE at >= ").push_bind(from);
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
    if let Some((low, high)) = query.status.map(StatusClass::bounds) {
        statement.push(" AND status BETWEEN ").push_bind(low).push(" AND ").push_bind(high);
    }
    if let Some((method, route)) = &query.endpoint {
        statement.push(" AND method = ").push_bind(method).push(" AND route = ").push_bind(route);
    }
    statement.push(if query.slowest { " ORDER BY duration DESC, id DESC" } else { " ORDER BY at DESC, id DESC" });
    // One more than the page holds, to know whether there is another one.
    statement.push(" LIMIT ").push_bind(LOG_PAGE + 1);
    statement.push(" OFFSET ").push_bind(i64::from(query.page.saturating_sub(1)) * i64::from(LOG_PAGE));
    let rows = statement.build().fetch_all(&database.read).await?;
    let mut requests = rows.iter().map(logged).collect::<Result<Vec<_>, _>>()?;
    let more = requests.len() > LOG_PAGE as usize;
    requests.truncate(LOG_PAGE as usize);
    Ok(LogPage { requests, more })
}

/// The request with this id. An index of ids would cost every insert; the id itself says when the
/// request came in, and so where in the index of times it is.
pub(super) async fn request(database: &Database, id: Uuid) -> Result<Option<LoggedRequest>, StoreError> {
    let Some((seconds, _)) = id.get_timestamp().map(|timestamp| timestamp.to_unix()) else { return Ok(None) };
    let at = i64::try_from(seconds).unwrap_or(i64::MAX / MICROS).saturating_mul(MICROS);
    let mut statement = QueryBuilder::<Sqlite>::new(SELECT);
    statement.push(" WHERE at BETWEEN ").push_bind(at - MICROS).push(" AND ").push_bind(at + 5 * MICROS);
    statement.push(" AND request_id = ").push_bind(id.as_bytes().to_vec());
    statement.build().fetch_optional(&database.read).await?.as_ref().map(logged).transpose()
}
