//! Runs and their ledgers in SQL.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite};
use uuid::Uuid;

use super::job::LedgerRow;
use crate::origin::RunId;
use crate::server::batch_writer::Sink;
use crate::server::database::{Database, StoreError};
use crate::traffic::engine::exchange::ClientSide;
use crate::traffic::engine::mix::Call;
use crate::traffic::engine::scenario::Scenario;
use crate::traffic::model::{Job, Status};
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
            format!("CASE WHEN id = ?6 THEN ?7 WHEN json_valid(job) THEN CAST(coalesce({stored}, -1) AS INTEGER) END"),
            format!("(rank, id) {behind} (?2, ?1)"),
            format!("rank {direction}, id {direction}"),
        ),
    };
    // A bare `LIMIT ?` would make SQLite prepare the statement each time.
    format!(
        "SELECT job FROM (SELECT id, status, job, {rank} AS rank FROM runs) \
         WHERE (?1 IS NULL OR {behind}) AND (?3 IS NULL OR status = ?3) \
         AND (?4 IS NULL OR job ->> '$.scenario' = ?4) AND json_valid(job) ORDER BY {order} LIMIT ?5 + 0"
    )
}

/// A run that an earlier process left active.
#[derive(Clone, Debug)]
pub struct LeftOver {
    /// Its name.
    pub id: RunId,
    /// What was last stored of it; absent when that can't be read any more.
    pub job: Option<Job>,
}

/// Where runs are kept. One method = one use case = one transaction.
#[async_trait]
pub trait RunStore: Send + Sync + 'static {
    /// Adds a run that starts now. Fails while another one is not closed.
    async fn insert(&self, job: &Job) -> Result<(), StoreError>;
    /// Takes a run from state `from` to that of `job`, a compare-and-set. `false`: it was not in that state.
    async fn advance(&self, from: Status, job: &Job) -> Result<bool, StoreError>;
    /// Stores the result of a run, once. `false`: it was closed before, or is not there.
    async fn close(&self, job: &Job) -> Result<bool, StoreError>;
    /// Closes a run of which nothing can be read.
    async fn close_unreadable(&self, id: RunId) -> Result<(), StoreError>;
    /// One run.
    async fn load(&self, id: RunId) -> Result<Option<Job>, StoreError>;
    /// Some runs, in the order of the filter.
    async fn list(&self, filter: &RunFilter) -> Result<Vec<Job>, StoreError>;
    /// Removes a closed run with its ledger. `false`: there is no closed run of this name.
    async fn delete(&self, id: RunId) -> Result<bool, StoreError>;
    /// The generator's side of each request of a run, in the order of the plan.
    async fn client_sides(&self, id: RunId) -> Result<Vec<ClientSide>, StoreError>;
    /// What an earlier process left active.
    async fn left_overs(&self) -> Result<Vec<LeftOver>, StoreError>;
}

/// [`RunStore`] in the embedded database.
#[derive(Clone, Debug)]
pub struct SqliteRuns(pub Database);

fn to_json(job: &Job) -> Result<String, StoreError> {
    serde_json::to_string(job).map_err(|error| StoreError::Encode(error.into()))
}

fn from_json(json: &str) -> Result<Job, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Decode(error.into()))
}

fn run_id(bytes: &[u8]) -> Result<RunId, StoreError> {
    Uuid::from_slice(bytes).map(RunId).map_err(|error| StoreError::Decode(error.into()))
}

fn blob(id: RunId) -> Vec<u8> {
    id.0.as_bytes().to_vec()
}

impl SqliteRuns {
    /// One update of one row, in a transaction of its own. `false`: the condition did not hold.
    async fn update(&self, condition: &'static str, from: &str, job: &Job) -> Result<bool, StoreError> {
        let mut transaction = self.0.begin().await?;
        let updated = sqlx::query(condition)
            .bind(blob(job.job_id))
            .bind(job.status.wire_name())
            .bind(job.closed)
            .bind(to_json(job)?)
            .bind(from)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(updated.rows_affected() == 1)
    }
}

#[async_trait]
impl RunStore for SqliteRuns {
    async fn insert(&self, job: &Job) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        sqlx::query("INSERT INTO runs (id, status, closed, start_time, job) VALUES (?, ?, ?, ?, ?)")
            .bind(blob(job.job_id))
            .bind(job.status.wire_name())
            .bind(job.closed)
            .bind(job.start_time)
            .bind(to_json(job)?)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    async fn advance(&self, from: Status, job: &Job) -> Result<bool, StoreError> {
        let statement =
            "UPDATE runs SET status = ?2, closed = ?3, job = ?4 WHERE id = ?1 AND closed = 0 AND status = ?5";
        self.update(statement, from.wire_name(), job).await
    }

    async fn close(&self, job: &Job) -> Result<bool, StoreError> {
        // Whatever state was noted last: the closing has the last word, but only once.
        let statement = "UPDATE runs SET status = ?2, closed = ?3, job = ?4 WHERE id = ?1 AND closed = 0 AND ?5 = ''";
        self.update(statement, "", job).await
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
        let json: Option<String> =
            sqlx::query_scalar("SELECT job FROM runs WHERE id = ?").bind(blob(id)).fetch_optional(&self.0.read).await?;
        json.as_deref().map(from_json).transpose()
    }

    async fn list(&self, filter: &RunFilter) -> Result<Vec<Job>, StoreError> {
        let (live, live_rank) = filter.live.unzip();
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(list_statement(filter)))
            .bind(filter.behind.map(|cursor| blob(cursor.id)))
            .bind(filter.behind.map(|cursor| cursor.rank))
            .bind(filter.status.map(Status::wire_name))
            .bind(filter.scenario.map(Scenario::wire_name))
            .bind(filter.limit)
            .bind(live.map(blob))
            .bind(live_rank)
            .fetch_all(&self.0.read)
            .await?;
        rows.iter().map(|json| from_json(json)).collect()
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
        rows.iter().map(client_side).collect()
    }

    async fn left_overs(&self) -> Result<Vec<LeftOver>, StoreError> {
        let left: Vec<(Vec<u8>, String)> =
            sqlx::query_as("SELECT id, job FROM runs WHERE closed = 0").fetch_all(&self.0.read).await?;
        let left_over = |(id, json): (Vec<u8>, String)| {
            let id = run_id(&id)?;
            let job =
                from_json(&json).inspect_err(|error| tracing::error!(run = %id, %error, "a stored run can't be read"));
            Ok(LeftOver { id, job: job.ok() })
        };
        left.into_iter().map(left_over).collect()
    }
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
