//! Runs and their ledgers in SQL.

use async_trait::async_trait;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::live_run::LedgerRow;
use crate::origin::RunId;
use crate::platform::database::{Database, StoreError};
use crate::platform::row_writer::Sink;
use crate::traffic::engine::exchange::ClientSide;
use crate::traffic::engine::findings::Findings;
use crate::traffic::engine::mix::Call;
use crate::traffic::history_query::HistoryQuery;
use crate::traffic::model::{Reason, Run, RunSummary, Status};
use crate::traffic::run_order::{Cursor, Order};

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
    /// Its name.
    pub id: RunId,
    /// What it is ordered by.
    pub rank: i64,
    /// Its line; absent when it can't be read: it is damaged, or of a newer version.
    pub summary: Option<RunSummary>,
}

/// A run as it is stored.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// Its name.
    pub id: RunId,
    /// What was last stored of it; absent when that can't be read: it is damaged, or of a newer version.
    pub job: Option<Run>,
}

/// Where runs are kept. One method = one use case = one transaction.
#[async_trait]
pub trait RunStore: Send + Sync + 'static {
    /// Why what is stored now would be lost, in words, if it would.
    fn lost(&self) -> Option<String>;
    /// Adds a run that starts now. Fails while another one is not closed.
    async fn insert(&self, job: &Run) -> Result<(), StoreError>;
    /// Stores where a run stands, or its result when it is closed by that, with what client and server said about it,
    /// where that is known. `false`: it was closed before, or is not there.
    async fn update(&self, job: &Run, findings: Option<&Findings>) -> Result<bool, StoreError>;
    /// Puts this closed run in the place of a row that is not closed, or gone. One that is closed stays.
    async fn replace(&self, job: &Run) -> Result<(), StoreError>;
    /// Closes a run of which nothing can be read; what is stored of it stays as it is.
    async fn close_unreadable(&self, id: RunId) -> Result<(), StoreError>;
    /// One run.
    async fn load(&self, id: RunId) -> Result<Option<Run>, StoreError>;
    /// Lists runs. `live` is the active run with its present rank, because what is stored about it is older. A run that
    /// can't be read has no summary.
    async fn list(&self, query: &HistoryQuery, live: Option<(RunId, i64)>) -> Result<Vec<ListedRun>, StoreError>;
    /// Removes a closed run with its ledger. `false`: there is no closed run of this name.
    async fn delete(&self, id: RunId) -> Result<bool, StoreError>;
    /// The generator's side of each request of a run that can be read, in the order of the plan.
    async fn client_sides(&self, id: RunId) -> Result<Vec<ClientSide>, StoreError>;
    /// The runs that are closed and may be removed, in no order.
    async fn removable(&self) -> Result<Vec<RunId>, StoreError>;
    /// The same of one request.
    async fn client_side(&self, id: RunId, seq: u32) -> Result<Option<ClientSide>, StoreError>;
    /// What client and server said about a run, where that is stored.
    async fn findings(&self, id: RunId) -> Result<Option<Findings>, StoreError>;
    /// What an earlier process left active.
    async fn left_overs(&self) -> Result<Vec<StoredRun>, StoreError>;
}

/// [`RunStore`] in the embedded database.
#[derive(Clone, Debug)]
pub struct SqliteRuns(pub Database);

fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Encode(error.into()))
}

fn summary(job: &Run) -> Result<String, StoreError> {
    to_json(&RunSummary::from(job))
}

/// The run in a row with `closed` and `job`. The columns say whether it is closed, also where the text could not be
/// brought up to that.
fn job_of(row: &SqliteRow) -> Result<Run, StoreError> {
    let json: Vec<u8> = row.try_get("job")?;
    let mut job: Run = serde_json::from_slice(&json).map_err(|error| StoreError::Decode(error.into()))?;
    if row.try_get("closed")? && !job.closed {
        job.closed = true;
        if !job.status.is_final() {
            (job.status, job.reason) = (Status::Error, Some(Reason::Interrupted));
        }
    }
    job.stats = job.stats.reread();
    Ok(job)
}

/// A row with `id`, `closed` and `job`; nothing when not even its name can be read.
fn stored_run(row: &SqliteRow) -> Option<StoredRun> {
    let id = row.try_get::<Vec<u8>, _>("id").and_then(|id| run_id(&id));
    let id = id.inspect_err(|error| tracing::debug!(%error, "a stored run has no name that can be read")).ok()?;
    let job = job_of(row).inspect_err(|error| tracing::debug!(run = %id, %error, "a stored run can't be read"));
    Some(StoredRun { id, job: job.ok() })
}

fn run_id(bytes: &[u8]) -> Result<RunId, StoreError> {
    Uuid::from_slice(bytes).map(RunId).map_err(|error| StoreError::Decode(error.into()))
}

fn blob(id: RunId) -> Vec<u8> {
    id.0.as_bytes().to_vec()
}

impl SqliteRuns {
    /// Makes the summaries of the runs that a version without summaries stored. What can't be read gets none.
    ///
    /// # Errors
    /// When the database can't be read or written.
    pub async fn summarise_older_version(&self) -> Result<(), StoreError> {
        let ids: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM runs WHERE summary IS NULL AND json_valid(job)")
            .fetch_all(&self.0.read)
            .await?;
        if ids.is_empty() {
            return Ok(());
        }
        let mut transaction = self.0.begin().await?;
        for id in ids {
            let row =
                sqlx::query("SELECT closed, job FROM runs WHERE id = ?").bind(&id).fetch_one(&mut *transaction).await?;
            let Ok(job) = job_of(&row) else { continue };
            sqlx::query("UPDATE runs SET summary = ?2 WHERE id = ?1")
                .bind(&id)
                .bind(summary(&job)?)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }

    /// The summary of a run whose own can't be read, because another version wrote it. What can't be read at all costs
    /// its own line and no other.
    async fn summary_of_job(&self, id: RunId) -> Result<Option<RunSummary>, StoreError> {
        match self.load(id).await {
            Ok(job) => Ok(job.as_ref().map(RunSummary::from)),
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

    async fn insert(&self, job: &Run) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        insert(job, &mut transaction).await?;
        transaction.commit().await
    }

    async fn update(&self, job: &Run, findings: Option<&Findings>) -> Result<bool, StoreError> {
        let mut transaction = self.0.begin().await?;
        let updated = sqlx::query(
            "UPDATE runs SET status = ?2, closed = ?3, job = ?4, summary = ?5, findings = ?6 WHERE id = ?1 AND closed = 0",
        )
        .bind(blob(job.job_id))
        .bind(job.status.wire_name())
        .bind(job.closed)
        .bind(to_json(job)?)
        .bind(summary(job)?)
        .bind(findings.map(to_json).transpose()?)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(updated.rows_affected() == 1)
    }

    async fn replace(&self, job: &Run) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        let known = "SELECT closed FROM runs WHERE id = ?";
        let known: Option<bool> =
            sqlx::query_scalar(known).bind(blob(job.job_id)).fetch_optional(&mut *transaction).await?;
        if known != Some(true) {
            sqlx::query("DELETE FROM runs WHERE id = ?").bind(blob(job.job_id)).execute(&mut *transaction).await?;
            insert(job, &mut transaction).await?;
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
        row.as_ref().map(job_of).transpose()
    }

    async fn list(&self, query: &HistoryQuery, live: Option<(RunId, i64)>) -> Result<Vec<ListedRun>, StoreError> {
        let rows: Vec<(Vec<u8>, i64, Option<Vec<u8>>)> =
            list_query(query, live).build_query_as().fetch_all(&self.0.read).await?;
        let mut runs = Vec::with_capacity(rows.len());
        for (id, rank, json) in rows {
            let Ok(id) = run_id(&id) else { continue };
            let stored = json.and_then(|json| serde_json::from_slice(&json).ok());
            let summary = if stored.is_some() { stored } else { self.summary_of_job(id).await? };
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
        let rows = sqlx::query(
            "SELECT seq, call, wanted, due, sent, service, fate, sent_at, request_id FROM ledger WHERE run = ? ORDER BY seq",
        )
        .bind(blob(id))
        .fetch_all(&self.0.read)
        .await?;
        let readable = |row| {
            let side = client_side(row);
            side.inspect_err(|error| tracing::debug!(run = %id, %error, "a row of the ledger can't be read")).ok()
        };
        Ok(rows.iter().filter_map(readable).collect())
    }

    async fn removable(&self) -> Result<Vec<RunId>, StoreError> {
        let ids: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT id FROM runs WHERE closed = 1").fetch_all(&self.0.read).await?;
        Ok(ids.iter().filter_map(|id| run_id(id).ok()).collect())
    }

    async fn client_side(&self, id: RunId, seq: u32) -> Result<Option<ClientSide>, StoreError> {
        let row = sqlx::query(
            "SELECT seq, call, wanted, due, sent, service, fate, sent_at, request_id FROM ledger WHERE run = ? AND seq = ?",
        )
        .bind(blob(id))
        .bind(seq)
        .fetch_optional(&self.0.read)
        .await?;
        row.as_ref().map(client_side).transpose()
    }

    async fn findings(&self, id: RunId) -> Result<Option<Findings>, StoreError> {
        let json: Option<Option<String>> = sqlx::query_scalar("SELECT findings FROM runs WHERE id = ?")
            .bind(blob(id))
            .fetch_optional(&self.0.read)
            .await?;
        let unreadable = |error: &StoreError| tracing::warn!(run = %id, %error, "the stored findings can't be read");
        let findings = |json: String| serde_json::from_str(&json).map_err(|error| StoreError::Decode(error.into()));
        Ok(json.flatten().and_then(|json| findings(json).inspect_err(unreadable).ok()))
    }

    async fn left_overs(&self) -> Result<Vec<StoredRun>, StoreError> {
        let rows = sqlx::query("SELECT id, closed, job FROM runs WHERE closed = 0").fetch_all(&self.0.read).await?;
        Ok(rows.iter().filter_map(stored_run).collect())
    }
}

/// Adds a run within a transaction.
async fn insert(job: &Run, transaction: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO runs (id, status, closed, start_time, job, scenario, summary) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(blob(job.job_id))
    .bind(job.status.wire_name())
    .bind(job.closed)
    .bind(job.start_time)
    .bind(to_json(job)?)
    .bind(job.scenario.wire_name())
    .bind(summary(job)?)
    .execute(transaction)
    .await
    .map(drop)
}

fn client_side(row: &SqliteRow) -> Result<ClientSide, StoreError> {
    let call: String = row.try_get("call")?;
    let micros = |column: &str| Ok::<_, StoreError>(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0));
    Ok(ClientSide {
        seq: row.try_get("seq")?,
        call: Call::of_route(&call).ok_or_else(|| StoreError::Decode(format!("no such call: {call}").into()))?,
        wanted: micros("wanted")?,
        due: micros("due")?,
        sent: micros("sent")?,
        sent_at: row.try_get("sent_at")?,
        service: micros("service")?,
        fate: row.try_get("fate")?,
        request_id: row.try_get::<Option<Vec<u8>>, _>("request_id")?.and_then(|id| Uuid::from_slice(&id).ok()),
    })
}

/// Rows in one statement: 10 values each, far below SQLite's limit of 32,766 values.
const ROWS_PER_STATEMENT: usize = 200;

#[async_trait]
impl Sink<LedgerRow> for SqliteRuns {
    async fn write(&self, rows: &[LedgerRow]) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        for chunk in rows.chunks(ROWS_PER_STATEMENT) {
            let mut statement = QueryBuilder::<Sqlite>::new(
                "INSERT INTO ledger (run, seq, call, wanted, due, sent, service, fate, sent_at, request_id) ",
            );
            statement.push_values(chunk, |mut values, LedgerRow { run, slot, sent_at, outcome, request_id }| {
                let micros = |duration: std::time::Duration| duration.as_micros() as i64;
                values
                    .push_bind(run.0.as_bytes().to_vec())
                    .push_bind(outcome.seq)
                    .push_bind(outcome.call.route())
                    .push_bind(micros(slot.wanted))
                    .push_bind(micros(slot.due))
                    .push_bind(micros(outcome.sent))
                    .push_bind(micros(outcome.ended.saturating_sub(outcome.sent)))
                    .push_bind(outcome.fate.name())
                    .push_bind(sent_at)
                    .push_bind(request_id.map(|id| id.as_bytes().to_vec()));
            });
            statement.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }
}
