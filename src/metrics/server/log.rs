//! The request log in SQL.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};
use uuid::Uuid;

use super::rows::{arrival, first_key, request_id, second_half};
use crate::metrics::log_model::{LogPage, LogQuery, LoggedRequest, StatusClass};
use crate::metrics::model::Origins;
use crate::origin::RunId;
use crate::server::database::{Database, StoreError};
use crate::server::request_id::RequestId;

/// In a second.
const MICROS: i64 = 1_000_000;
/// Each request leads to its kind, and never the other way.
const SELECT: &str = "SELECT requests.id, request_id_high, request_id_low, method, route, status, duration, run, seq \
                      FROM requests CROSS JOIN kinds ON kinds.id = requests.kind";

fn logged(row: &SqliteRow) -> Result<LoggedRequest, StoreError> {
    let run = row.try_get::<Option<&[u8]>, _>("run")?.map(Uuid::from_slice).transpose();
    Ok(LoggedRequest {
        request_id: request_id(row)?,
        at: arrival(row.try_get("id")?),
        method: row.try_get("method")?,
        route: row.try_get("route")?,
        status: row.try_get("status")?,
        duration: row.try_get::<i64, _>("duration")? as f64 / 1000.0,
        run: run.map_err(|error| StoreError::Decode(error.into()))?.map(RunId),
        seq: row.try_get("seq")?,
    })
}

/// One page of the log, of requests that arrived at `from` or later.
pub(super) async fn page(database: &Database, query: &LogQuery, from: i64) -> Result<LogPage, StoreError> {
    let mut statement = QueryBuilder::<Sqlite>::new(SELECT);
    statement.push(" WHERE requests.id >= ").push_bind(first_key(from));
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
    // The few kinds first, so that no request is looked at longer than needed.
    if let Some((low, high)) = query.status.map(StatusClass::bounds) {
        statement.push(" AND kind IN (SELECT id FROM kinds WHERE status BETWEEN ");
        statement.push_bind(low).push(" AND ").push_bind(high).push(")");
    }
    if let Some((method, route)) = &query.endpoint {
        statement.push(" AND kind IN (SELECT id FROM kinds WHERE method = ");
        statement.push_bind(method).push(" AND route = ").push_bind(route).push(")");
    }
    statement.push(" ORDER BY ").push(if query.slowest { "duration DESC, " } else { "" }).push("requests.id DESC");
    // One more than the page holds, to know whether there is another one.
    statement.push(" LIMIT ").push_bind(i64::from(query.limit) + 1);
    statement.push(" OFFSET ").push_bind(i64::from(query.page.saturating_sub(1)) * i64::from(query.limit));
    let rows = statement.build().fetch_all(&database.read).await?;
    let mut requests = rows.iter().map(logged).collect::<Result<Vec<_>, _>>()?;
    let more = requests.len() > query.limit as usize;
    requests.truncate(query.limit as usize);
    Ok(LogPage { requests, more })
}

/// The request with this id. An index of ids would cost every insert; the id itself says when the
/// request came in, and so where among the keys it is.
pub(super) async fn request(database: &Database, id: Uuid) -> Result<Option<LoggedRequest>, StoreError> {
    let id = RequestId(id);
    let at = id.arrival();
    let mut statement = QueryBuilder::<Sqlite>::new(SELECT);
    statement.push(" WHERE requests.id >= ").push_bind(first_key(at));
    statement.push(" AND requests.id < ").push_bind(first_key(at.saturating_add(1)));
    statement.push(" AND request_id_high IS NULL AND request_id_low = ").push_bind(second_half(id));
    match statement.build().fetch_optional(&database.read).await? {
        Some(row) => logged(&row).map(Some),
        None => request_of_older_version(database, id).await,
    }
}

/// Ids of an older version knew the millisecond in which they were drawn; the key came a little later.
async fn request_of_older_version(database: &Database, id: RequestId) -> Result<Option<LoggedRequest>, StoreError> {
    const MILLI: i64 = 1000;
    let at = id.arrival();
    let mut statement = QueryBuilder::<Sqlite>::new(SELECT);
    statement.push(" WHERE requests.id >= ").push_bind(first_key(at.saturating_sub(MILLI)));
    statement.push(" AND requests.id < ").push_bind(first_key(at.saturating_add(5 * MICROS)));
    statement.push(" AND request_id_high = ").push_bind(id.0.as_u64_pair().0.cast_signed());
    statement.push(" AND request_id_low = ").push_bind(second_half(id));
    statement.build().fetch_optional(&database.read).await?.as_ref().map(logged).transpose()
}
