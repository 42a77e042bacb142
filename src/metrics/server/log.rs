//! The request log in SQL.

use serde::Deserialize;
use sqlx::{QueryBuilder, Sqlite};
use uuid::Uuid;

use super::rows::{arrival, first_key, id_of, second_half};
use crate::metrics::log_model::{LogPage, LogQuery, LoggedRequest, StatusClass};
use crate::metrics::model::Origins;
use crate::origin::RunId;
use crate::server::database::{Database, StoreError};
use crate::server::request_id::RequestId;

/// In a second.
const MICROS: i64 = 1_000_000;
/// Each request leads to its kind, and never the other way.
///
/// All requests come as one text: a row of its own costs each of them more on its way between the threads than finding it.
const SELECT: &str = "SELECT json_group_array(json_array(id, high, low, method, route, status, duration, nullif(hex(run), ''), seq)) \
                      FROM (SELECT requests.id, request_id_high AS high, request_id_low AS low, method, route, status, duration, run, seq \
                      FROM requests CROSS JOIN kinds ON kinds.id = requests.kind";

/// A request, in the order of [`SELECT`].
#[derive(Deserialize)]
struct Stored(i64, Option<i64>, Option<i64>, String, String, u16, f64, Option<Uuid>, Option<u32>);

impl From<Stored> for LoggedRequest {
    fn from(Stored(key, high, low, method, route, status, duration, run, seq): Stored) -> Self {
        Self {
            request_id: id_of(key, high, low),
            at: arrival(key),
            method,
            route,
            status,
            duration: duration / 1000.0,
            run: run.map(RunId),
            seq,
        }
    }
}

/// What a statement finds that begins with [`SELECT`], in its order.
async fn found(database: &Database, mut statement: QueryBuilder<Sqlite>) -> Result<Vec<LoggedRequest>, StoreError> {
    let text: String = statement.push(")").build_query_scalar().fetch_one(&database.read).await?;
    let stored: Vec<Stored> = serde_json::from_str(&text).map_err(|error| StoreError::Decode(error.into()))?;
    Ok(stored.into_iter().map(LoggedRequest::from).collect())
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
    let mut requests = found(database, statement).await?;
    let more = requests.len() > query.limit as usize;
    requests.truncate(query.limit as usize);
    Ok(LogPage { requests, more })
}

/// The request with this id. An index of ids would cost every insert; the id itself says when the
/// request came in, and so where among the keys it is.
pub(super) async fn request(database: &Database, id: Uuid) -> Result<Option<LoggedRequest>, StoreError> {
    let id = RequestId(id);
    let at = id.arrival();
    if RequestId::first_half(at) != id.0.as_u64_pair().0 {
        return request_of_older_version(database, id).await;
    }
    let mut statement = QueryBuilder::<Sqlite>::new(SELECT);
    statement.push(" WHERE requests.id >= ").push_bind(first_key(at));
    statement.push(" AND requests.id < ").push_bind(first_key(at.saturating_add(1)));
    statement.push(" AND request_id_high IS NULL AND request_id_low = ").push_bind(second_half(id)).push(" LIMIT 1");
    match found(database, statement).await?.pop() {
        Some(request) => Ok(Some(request)),
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
    statement.push(" AND request_id_low = ").push_bind(second_half(id)).push(" LIMIT 1");
    Ok(found(database, statement).await?.pop())
}
