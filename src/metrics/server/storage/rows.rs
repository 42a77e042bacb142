//! Recorded requests in SQL.

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::store::RequestVisitor;
use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::origin::{Origin, RunId};
use crate::platform::database::{Database, StoreError};

/// Rows in one statement: 9 values each, far below SQLite's limit of 32,766 values.
const ROWS_PER_STATEMENT: usize = 500;

/// Inserts rows.
pub(super) async fn insert(connection: &mut SqliteConnection, requests: &[RecordedRequest]) -> Result<(), StoreError> {
    for chunk in requests.chunks(ROWS_PER_STATEMENT) {
        let mut statement = QueryBuilder::<Sqlite>::new(
            "INSERT INTO recorded_requests (id, arrived_at, method, route, status, duration_us, origin, run, seq) ",
        );
        statement.push_values(chunk, |mut values, request| {
            let (origin, run, seq) = match request.origin {
                Origin::Real => ("real", None, None),
                Origin::Simulated { run, seq } => ("simulated", Some(run.0.as_bytes().to_vec()), Some(seq)),
            };
            values
                .push_bind(request.id.as_bytes().to_vec())
                .push_bind(request.arrived_at)
                .push_bind(request.method.as_ref())
                .push_bind(request.route.as_ref())
                .push_bind(request.status)
                .push_bind(request.duration_us)
                .push_bind(origin)
                .push_bind(run)
                .push_bind(seq);
        });
        // A statement of any other length hardly occurs twice, so it is not kept prepared.
        let is_usual = chunk.len() == ROWS_PER_STATEMENT;
        statement.build().persistent(is_usual).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Is this request stored?
pub(super) async fn is_stored(
    connection: &mut SqliteConnection,
    request: &RecordedRequest,
) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM recorded_requests WHERE arrived_at = ? AND id = ?)")
        .bind(request.arrived_at)
        .bind(request.id.as_bytes().as_slice())
        .fetch_one(connection)
        .await
}

/// A row of `SELECT * FROM recorded_requests`.
pub(super) fn recorded_request(row: &SqliteRow) -> Result<RecordedRequest, StoreError> {
    let uuid = |bytes: &[u8]| Uuid::from_slice(bytes).map_err(|error| StoreError::Decode(error.into()));
    let run: Option<&[u8]> = row.try_get("run")?;
    let seq: Option<u32> = row.try_get("seq")?;
    let origin = match (run, seq) {
        (Some(run), Some(seq)) => Origin::Simulated { run: RunId(uuid(run)?), seq },
        _ => Origin::Real,
    };
    Ok(RecordedRequest {
        id: uuid(row.try_get("id")?)?,
        arrived_at: row.try_get("arrived_at")?,
        method: row.try_get::<String, _>("method")?.into(),
        route: row.try_get::<String, _>("route")?.into(),
        status: row.try_get("status")?,
        duration_us: row.try_get("duration_us")?,
        origin,
    })
}

/// The requests of a run in the order of their arrival.
pub(super) async fn of_run(database: &Database, run: RunId) -> Result<Vec<RecordedRequest>, StoreError> {
    let rows = sqlx::query("SELECT * FROM recorded_requests WHERE run = ? ORDER BY arrived_at, id")
        .bind(run.0.as_bytes().as_slice())
        .fetch_all(&database.read)
        .await?;
    rows.iter().map(recorded_request).collect()
}

/// What was recorded for one slot of a run.
pub(super) async fn of_slot(database: &Database, run: RunId, seq: u32) -> Result<Vec<RecordedRequest>, StoreError> {
    let rows = sqlx::query("SELECT * FROM recorded_requests WHERE run = ? AND seq = ? ORDER BY arrived_at, id")
        .bind(run.0.as_bytes().as_slice())
        .bind(seq)
        .fetch_all(&database.read)
        .await?;
    rows.iter().map(recorded_request).collect()
}

/// The request with this id.
pub(super) async fn by_id(database: &Database, id: Uuid) -> Result<Option<RecordedRequest>, StoreError> {
    let row = sqlx::query("SELECT * FROM recorded_requests WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .fetch_optional(&database.read)
        .await?;
    row.as_ref().map(recorded_request).transpose()
}

/// Visits the requests that arrived at `from` or later, in epoch microseconds.
pub(super) async fn visit_since(database: &Database, from: i64, visit: RequestVisitor<'_>) -> Result<(), StoreError> {
    let query = sqlx::query("SELECT * FROM recorded_requests WHERE arrived_at >= ?");
    let mut rows = query.bind(from).fetch(&database.read);
    while let Some(row) = rows.try_next().await? {
        visit(&recorded_request(&row)?);
    }
    Ok(())
}
