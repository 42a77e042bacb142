//! Runs and their ledgers in SQL.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::job::LedgerRow;
use crate::origin::RunId;
use crate::server::batch_writer::Sink;
use crate::server::database::{Database, StoreError};
use crate::traffic::engine::exchange::ClientSide;
use crate::traffic::engine::mix::Call;
use crate::traffic::engine::scenario::Scenario;
use crate::traffic::model::{Job, Reason, Status};
use crate::traffic::run_order::{Cursor, Order};

/// Which stored runs to list, and in what order: runs of the same rank by their start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only runs behind this one.
    pub behind: Option<Cursor>,
    /// Only runs of this scenario.
    pub scenario: Option<Scenario>,
    /// Only runs in this state.
    pub status: Option<Status>,
    /// At most so many.
    pub limit: u32,
    /// By what they are ordered.
    pub order: Order,
    /// The smallest, or the oldest, first.
    pub ascending: bool,
    /// The run that goes on, with its present rank: what is stored of it is older.
    pub live: Option<(RunId, i64)>,
}

/// The statement for a page of the history. Its values: ?1 the id of the run before the page and ?2 its rank, ?3 the
/// status, ?4 the scenario, ?5 how many, ?6 the id of the live run and ?7 its rank.
fn list_statement(filter: &RunFilter) -> String {
    let (behind, direction) = if filter.ascending { (">", "ASC") } else { ("<", "DESC") };
    let stored = match filter.order {
        // Ids sort by their start, and their index needs no sorting.
        Order::Started => None,
        Order::Sent => Some("job ->> '$.stats.sent'"),
        Order::Failed => Some("job ->> '$.stats.failedRequests'"),
        Order::P95 => Some("(job ->> '$.stats.service.ok.p95') * 1000"),
    };
    let (rank, behind, order) = match stored {
        None => ("0".to_owned(), format!("id {behind} ?1"), format!("id {direction}")),
        Some(stored) => (
            format!("CASE WHEN id = ?6 THEN ?7 WHEN json_valid(job) THEN CAST(coalesce({stored}, -1) AS INTEGER) ELSE -1 END"),
            format!("(rank, id) {behind} (?2, ?1)"),
            format!("rank {direction}, id {direction}"),
        ),
    };
    // A bare `LIMIT ?` would make SQLite prepare the statement each time.
    format!(
        "SELECT id, rank, closed, job FROM (SELECT id, status, closed, job, {rank} AS rank FROM runs) \
         WHERE (?1 IS NULL OR {behind}) AND (?3 IS NULL OR status = ?3) \
         AND (?4 IS NULL OR CASE WHEN json_valid(job) THEN job ->> '$.scenario' END = ?4) ORDER BY {order} LIMIT ?5 + 0"
    )
}

/// A row of the history.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// Its name.
    pub id: RunId,
    /// Its rank in a list.
    pub rank: i64,
    /// What was last stored of it; absent when that can't be read: it is damaged, or of a newer version.
    pub job: Option<Job>,
}

/// Where runs are kept. One method = one use case = one transaction.
#[async_trait]
pub trait RunStore: Send + Sync + 'static {
    /// Why what is stored now would be lost, in words, if it would.
    fn lost(&self) -> Option<String>;
    /// Adds a run that starts now. Fails while another one is not closed.
    async fn insert(&self, job: &Job) -> Result<(), StoreError>;
    /// Stores where a run stands, or its result when it is closed by that. `false`: it was closed before, or is not
    /// there.
    async fn update(&self, job: &Job) -> Result<bool, StoreError>;
    /// Puts this closed run in the place of a row that is not closed, or gone. One that is closed stays.
    async fn replace(&self, job: &Job) -> Result<(), StoreError>;
    /// Closes a run of which nothing can be read; what is stored of it stays as it is.
    async fn close_unreadable(&self, id: RunId) -> Result<(), StoreError>;
    /// One run.
    async fn load(&self, id: RunId) -> Result<Option<Job>, StoreError>;
    /// Some runs, in the order of the filter. One that can't be read costs no other.
    async fn list(&self, filter: &RunFilter) -> Result<Vec<StoredRun>, StoreError>;
    /// Removes a closed run with its ledger. `false`: there is no closed run of this name.
    async fn delete(&self, id: RunId) -> Result<bool, StoreError>;
    /// The generator's side of each request of a run that can be read, in the order of the plan.
    async fn client_sides(&self, id: RunId) -> Result<Vec<ClientSide>, StoreError>;
    /// The runs that are closed and may be removed, in no order.
    async fn removable(&self) -> Result<Vec<RunId>, StoreError>;
    /// What an earlier process left active.
    async fn left_overs(&self) -> Result<Vec<StoredRun>, StoreError>;
}

/// [`RunStore`] in the embedded database.
#[derive(Clone, Debug)]
pub struct SqliteRuns(pub Database);

fn to_json(job: &Job) -> Result<String, StoreError> {
    serde_json::to_string(job).map_err(|error| StoreError::Encode(error.into()))
}

/// The run in a row with `closed` and `job`. The columns say whether it is closed, also where the text could not be
/// brought up to that.
fn job_of(row: &SqliteRow) -> Result<Job, StoreError> {
    let json: Vec<u8> = row.try_get("job")?;
    let mut job: Job = serde_json::from_slice(&json).map_err(|error| StoreError::Decode(error.into()))?;
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
    Some(StoredRun { id, rank: row.try_get("rank").unwrap_or(-1), job: job.ok() })
}

fn run_id(bytes: &[u8]) -> Result<RunId, StoreError> {
    Uuid::from_slice(bytes).map(RunId).map_err(|error| StoreError::Decode(error.into()))
}

fn blob(id: RunId) -> Vec<u8> {
    id.0.as_bytes().to_vec()
}

#[async_trait]
impl RunStore for SqliteRuns {
    fn lost(&self) -> Option<String> {
        self.0.identity().err().map(|lost| lost.to_string())
    }

    async fn insert(&self, job: &Job) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        insert(job, &mut transaction).await?;
        transaction.commit().await
    }

    async fn update(&self, job: &Job) -> Result<bool, StoreError> {
        let mut transaction = self.0.begin().await?;
        let updated = sqlx::query("UPDATE runs SET status = ?2, closed = ?3, job = ?4 WHERE id = ?1 AND closed = 0")
            .bind(blob(job.job_id))
            .bind(job.status.wire_name())
            .bind(job.closed)
            .bind(to_json(job)?)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(updated.rows_affected() == 1)
    }

    async fn replace(&self, job: &Job) -> Result<(), StoreError> {
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
        sqlx::query("UPDATE runs SET status = ?2, closed = 1 WHERE id = ?1")
            .bind(blob(id))
            .bind(Status::Error.wire_name())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    async fn load(&self, id: RunId) -> Result<Option<Job>, StoreError> {
        let row = sqlx::query("SELECT closed, job FROM runs WHERE id = ?")
            .bind(blob(id))
            .fetch_optional(&self.0.read)
            .await?;
        row.as_ref().map(job_of).transpose()
    }

    async fn list(&self, filter: &RunFilter) -> Result<Vec<StoredRun>, StoreError> {
        let (live, live_rank) = filter.live.unzip();
        let rows = sqlx::query(AssertSqlSafe(list_statement(filter)))
            .bind(filter.behind.map(|cursor| blob(cursor.id)))
            .bind(filter.behind.map(|cursor| cursor.rank))
            .bind(filter.status.map(Status::wire_name))
            .bind(filter.scenario.map(Scenario::wire_name))
            .bind(filter.limit)
            .bind(live.map(blob))
            .bind(live_rank)
            .fetch_all(&self.0.read)
            .await?;
        Ok(rows.iter().filter_map(stored_run).collect())
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

    async fn left_overs(&self) -> Result<Vec<StoredRun>, StoreError> {
        let rows = sqlx::query("SELECT id, closed, job FROM runs WHERE closed = 0").fetch_all(&self.0.read).await?;
        Ok(rows.iter().filter_map(stored_run).collect())
    }
}

/// Adds a run within a transaction.
async fn insert(job: &Job, transaction: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO runs (id, status, closed, start_time, job) VALUES (?, ?, ?, ?, ?)")
        .bind(blob(job.job_id))
        .bind(job.status.wire_name())
        .bind(job.closed)
        .bind(job.start_time)
        .bind(to_json(job)?)
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
