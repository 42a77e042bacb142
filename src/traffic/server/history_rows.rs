//! The history, in SQL: which rows of the runs a query asks for, and what they say.

use sqlx::{QueryBuilder, Sqlite};

use super::run_rows::{blob, read_id, read_run};
use crate::origin::RunId;
use crate::platform::database::{Database, StoreError};
use crate::traffic::history_query::{Cursor, HistoryQuery, Order};
use crate::traffic::model::RunSummary;

/// The query for a page of the history, with only the conditions that there are, so that each finds its index.
fn list_query(filter: &HistoryQuery, live: Option<(RunId, i64)>) -> QueryBuilder<Sqlite> {
    let (behind, direction) = if filter.ascending { (">", "ASC") } else { ("<", "DESC") };
    // See `Order::rank`. Ids sort by their start, and their index needs no sorting.
    let figure = match filter.order {
        Order::Started => None,
        Order::Duration => Some("(summary ->> '$.endTime') - (summary ->> '$.startTime')"),
        Order::Sent => Some("summary ->> '$.sent'"),
        Order::Failed => Some("summary ->> '$.failedRequests'"),
        Order::P95 => Some("(summary ->> '$.p95') * 1000"),
    };
    let mut query = QueryBuilder::new(
        "SELECT id, rank, CAST(summary AS BLOB), name, note FROM (SELECT id, status, scenario, summary, name, note, ",
    );
    if let Some(figure) = figure {
        query.push("CASE ");
        if let Some((live, rank)) = live {
            query.push("WHEN id = ").push_bind(blob(live)).push(" THEN ").push_bind(rank);
        }
        query.push(format!(" WHEN json_valid(summary) THEN CAST(coalesce({figure}, -1) AS INTEGER) ELSE -1 END"));
    } else {
        query.push("0");
    }
    query.push(" AS rank FROM runs) WHERE TRUE");
    if let Some(Cursor { rank, id }) = filter.cursor {
        if figure.is_some() {
            query.push(format!(" AND (rank, id) {behind} (")).push_bind(rank).push(", ").push_bind(blob(id)).push(")");
        } else {
            query.push(format!(" AND id {behind} ")).push_bind(blob(id));
        }
    }
    if let Some(status) = filter.status {
        query.push(" AND status = ").push_bind(status.wire_name());
    }
    if let Some(scenario) = filter.scenario {
        query.push(" AND scenario = ").push_bind(scenario.wire_name());
    }
    if let Some(name) = &filter.name {
        query.push(" AND instr(lower(name), lower(").push_bind(name.clone()).push(")) > 0");
    }
    let by_rank = if figure.is_some() { format!("rank {direction}, ") } else { String::new() };
    // A bare `LIMIT ?` would make SQLite prepare the statement each time.
    query.push(format!(" ORDER BY {by_rank}id {direction} LIMIT 0 + ")).push_bind(filter.limit);
    query
}

/// A row of the history.
#[derive(Clone, Debug)]
pub struct ListedRun {
    /// The run's id.
    pub id: RunId,
    /// The value by which the history is ordered.
    pub rank: i64,
    /// The run's line in the history. `None`: it can't be read, because it is damaged or of a newer version.
    pub summary: Option<RunSummary>,
}

/// Id, rank, summary, name and note.
type HistoryRow = (Vec<u8>, i64, Option<Vec<u8>>, Option<String>, Option<String>);

/// Reads a page of the history: see [`super::store::RunStore::list`].
pub(super) async fn read(
    database: &Database,
    query: &HistoryQuery,
    live: Option<(RunId, i64)>,
) -> Result<Vec<ListedRun>, StoreError> {
    let rows: Vec<HistoryRow> = list_query(query, live).build_query_as().fetch_all(&database.read).await?;
    let mut runs = Vec::with_capacity(rows.len());
    for (id, rank, json, name, note) in rows {
        let Ok(id) = read_id(&id) else { continue };
        let stored = json.and_then(|json| serde_json::from_slice(&json).ok());
        let summary = if stored.is_some() { stored } else { summary_of_run(database, id).await? };
        runs.push(ListedRun { id, rank, summary: summary.map(|summary| RunSummary { name, note, ..summary }) });
    }
    Ok(runs)
}

/// The summary of a run whose stored summary can't be read, because another version wrote it. `None`: the run can't be read
/// either.
async fn summary_of_run(database: &Database, id: RunId) -> Result<Option<RunSummary>, StoreError> {
    let row = sqlx::query("SELECT closed, job, name, note FROM runs WHERE id = ?")
        .bind(blob(id))
        .fetch_optional(&database.read)
        .await?;
    match row.as_ref().map(read_run).transpose() {
        Ok(run) => Ok(run.as_ref().map(RunSummary::from)),
        Err(error @ (StoreError::Decode(_) | StoreError::ColumnDecode { .. })) => {
            tracing::error!(run = %id, %error, "a stored run can't be read");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
