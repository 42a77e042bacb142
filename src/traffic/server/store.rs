//! The store of the runs, in SQL.

use async_trait::async_trait;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::ledger_rows;
use super::run_rows::{blob, read_id, read_id_and_run, read_run, summary, to_json};
use crate::origin::RunId;
use crate::platform::database::{Database, StoreError};
use crate::traffic::engine::exchange::ClientSide;
use crate::traffic::engine::findings::Findings;
use crate::traffic::history_query::{Cursor, HistoryQuery, Order};
use crate::traffic::model::{Run, RunSummary, Status};

/// The query for a page of the history, with only the conditions that there are, so that each finds its index.
fn list_query(filter: &HistoryQuery, live: Option<(RunId, i64)>) -> QueryBuilder<Sqlite> {
    let (behind, direction) = if filter.ascending { (">", "ASC") } else { ("<", "DESC") };
    // See `Order::rank`. Ids sort by their start, and their index needs no sorting.
    let figure = match filter.order {
        Order::Started => None,
        Order::Sent => Some("summary ->> '$.sent'"),
        Order::Failed => Some("summary ->> '$.failedRequests'"),
        Order::P95 => Some("(summary ->> '$.p95') * 1000"),
    };
    let mut query =
        QueryBuilder::new("SELECT id, rank, CAST(summary AS BLOB) FROM (SELECT id, status, scenario, summary, ");
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

/// A run as it is stored.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// The run's id.
    pub id: RunId,
    /// The last stored state. `None`: it can't be read, because it is damaged or of a newer version.
    pub run: Option<Run>,
}

/// Where runs are stored. One method is one use case and one transaction.
#[async_trait]
pub trait RunStore: Send + Sync + 'static {
    /// Why everything that is stored now would be lost, in words. `None`: it would not be lost.
    fn lost(&self) -> Option<String>;
    /// Adds a run that starts now. Fails while another run is not closed.
    async fn insert(&self, run: &Run) -> Result<(), StoreError>;
    /// Stores the present state of a run. For a closed run this is its result, with the findings if they are known.
    /// `false`: the stored run was closed before, or there is none.
    async fn update(&self, run: &Run, findings: Option<&Findings>) -> Result<bool, StoreError>;
    /// Stores this closed run in the place of a row that is not closed or is gone. A closed row stays.
    async fn replace(&self, run: &Run) -> Result<(), StoreError>;
    /// Closes a stored run that can't be read. Its stored state stays as it is.
    async fn close_unreadable(&self, id: RunId) -> Result<(), StoreError>;
    /// Loads one run.
    async fn load(&self, id: RunId) -> Result<Option<Run>, StoreError>;
    /// Lists runs in the order of the query. `live` is the active run with its present rank, because what is stored about
    /// it is older. A run that can't be read is listed without a summary.
    async fn list(&self, query: &HistoryQuery, live: Option<(RunId, i64)>) -> Result<Vec<ListedRun>, StoreError>;
    /// Removes a closed run with its ledger. `false`: there is no closed run with this id.
    async fn delete(&self, id: RunId) -> Result<bool, StoreError>;
    /// The client's side of each request of a run in the order of the plan, without those that can't be read.
    async fn client_sides(&self, id: RunId) -> Result<Vec<ClientSide>, StoreError>;
    /// The client's side of one request of a run.
    async fn client_side(&self, id: RunId, seq: u32) -> Result<Option<ClientSide>, StoreError>;
    /// The runs that are closed and may be removed, in no particular order.
    async fn removable(&self) -> Result<Vec<RunId>, StoreError>;
    /// What both sides said about a run, if that is stored and can be read.
    async fn findings(&self, id: RunId) -> Result<Option<Findings>, StoreError>;
    /// The runs that an earlier process left active.
    async fn left_overs(&self) -> Result<Vec<StoredRun>, StoreError>;
}

/// The [`RunStore`] in the embedded database.
#[derive(Clone, Debug)]
pub struct SqliteRuns(pub Database);

impl SqliteRuns {
    /// The summary of a run whose stored summary can't be read, because another version wrote it. `None`: the run can't
    /// be read either.
    async fn summary_of_run(&self, id: RunId) -> Result<Option<RunSummary>, StoreError> {
        match self.load(id).await {
            Ok(run) => Ok(run.as_ref().map(RunSummary::from)),
            Err(error @ (StoreError::Decode(_) | StoreError::ColumnDecode { .. })) => {
                tracing::error!(run = %id, %error, "a stored run can't be read");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl RunStore for SqliteRuns {
    fn lost(&self) -> Option<String> {
        self.0.identity().err().map(|lost| lost.to_string())
    }

    async fn insert(&self, run: &Run) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        insert(run, &mut transaction).await?;
        transaction.commit().await
    }

    async fn update(&self, run: &Run, findings: Option<&Findings>) -> Result<bool, StoreError> {
        let mut transaction = self.0.begin().await?;
        let updated = sqlx::query(
            "UPDATE runs SET status = ?2, closed = ?3, job = ?4, summary = ?5, findings = ?6 WHERE id = ?1 AND closed = 0",
        )
        .bind(blob(run.job_id))
        .bind(run.status.wire_name())
        .bind(run.closed)
        .bind(to_json(run)?)
        .bind(summary(run)?)
        .bind(findings.map(to_json).transpose()?)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(updated.rows_affected() == 1)
    }

    async fn replace(&self, run: &Run) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        let closed: Option<bool> = sqlx::query_scalar("SELECT closed FROM runs WHERE id = ?")
            .bind(blob(run.job_id))
            .fetch_optional(&mut *transaction)
            .await?;
        if closed != Some(true) {
            sqlx::query("DELETE FROM runs WHERE id = ?").bind(blob(run.job_id)).execute(&mut *transaction).await?;
            insert(run, &mut transaction).await?;
        }
        transaction.commit().await
    }

    async fn close_unreadable(&self, id: RunId) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        sqlx::query("UPDATE runs SET status = ?2, closed = 1, summary = NULL WHERE id = ?1")
            .bind(blob(id))
            .bind(Status::Error.wire_name())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    async fn load(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        let row = sqlx::query("SELECT closed, job FROM runs WHERE id = ?")
            .bind(blob(id))
            .fetch_optional(&self.0.read)
            .await?;
        row.as_ref().map(read_run).transpose()
    }

    async fn list(&self, query: &HistoryQuery, live: Option<(RunId, i64)>) -> Result<Vec<ListedRun>, StoreError> {
        let rows: Vec<(Vec<u8>, i64, Option<Vec<u8>>)> =
            list_query(query, live).build_query_as().fetch_all(&self.0.read).await?;
        let mut runs = Vec::with_capacity(rows.len());
        for (id, rank, json) in rows {
            let Ok(id) = read_id(&id) else { continue };
            let stored = json.and_then(|json| serde_json::from_slice(&json).ok());
            let summary = if stored.is_some() { stored } else { self.summary_of_run(id).await? };
            runs.push(ListedRun { id, rank, summary });
        }
        Ok(runs)
    }

    async fn delete(&self, id: RunId) -> Result<bool, StoreError> {
        let mut transaction = self.0.begin().await?;
        let removed = sqlx::query("DELETE FROM runs WHERE id = ? AND closed = 1")
            .bind(blob(id))
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        if removed == 1 {
            sqlx::query("DELETE FROM ledger WHERE run = ?").bind(blob(id)).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(removed == 1)
    }

    async fn client_sides(&self, id: RunId) -> Result<Vec<ClientSide>, StoreError> {
        ledger_rows::of_run(&self.0, id).await
    }

    async fn client_side(&self, id: RunId, seq: u32) -> Result<Option<ClientSide>, StoreError> {
        ledger_rows::of_request(&self.0, id, seq).await
    }

    async fn removable(&self) -> Result<Vec<RunId>, StoreError> {
        let ids: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT id FROM runs WHERE closed = 1").fetch_all(&self.0.read).await?;
        Ok(ids.iter().filter_map(|id| read_id(id).ok()).collect())
    }

    async fn findings(&self, id: RunId) -> Result<Option<Findings>, StoreError> {
        let json: Option<Option<String>> = sqlx::query_scalar("SELECT findings FROM runs WHERE id = ?")
            .bind(blob(id))
            .fetch_optional(&self.0.read)
            .await?;
        let Some(json) = json.flatten() else { return Ok(None) };
        let findings = serde_json::from_str(&json);
        Ok(findings.inspect_err(|error| tracing::warn!(run = %id, %error, "the stored findings can't be read")).ok())
    }

    async fn left_overs(&self) -> Result<Vec<StoredRun>, StoreError> {
        let rows = sqlx::query("SELECT id, closed, job FROM runs WHERE closed = 0").fetch_all(&self.0.read).await?;
        Ok(rows.iter().filter_map(read_id_and_run).map(|(id, run)| StoredRun { id, run }).collect())
    }
}

async fn insert(run: &Run, transaction: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO runs (id, status, closed, start_time, job, scenario, summary) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(blob(run.job_id))
    .bind(run.status.wire_name())
    .bind(run.closed)
    .bind(run.start_time)
    .bind(to_json(run)?)
    .bind(run.scenario.wire_name())
    .bind(summary(run)?)
    .execute(transaction)
    .await
    .map(drop)
}
