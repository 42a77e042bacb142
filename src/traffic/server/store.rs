//! Runs and their ledgers in SQL.

use async_trait::async_trait;
use sqlx::{QueryBuilder, Sqlite};
use uuid::Uuid;

use super::job::LedgerRow;
use crate::origin::RunId;
use crate::server::batch_writer::Sink;
use crate::server::database::{Database, StoreError, epoch_millis};
use crate::traffic::model::{Job, Reason, Status};

/// Where runs are kept. One method = one use case = one transaction.
#[async_trait]
pub trait RunStore: Send + Sync + 'static {
    /// Adds a run that starts now. Fails while another one is not closed.
    async fn insert(&self, job: &Job) -> Result<(), StoreError>;
    /// Stores the result of a run.
    async fn close(&self, job: &Job) -> Result<(), StoreError>;
    /// One run.
    async fn load(&self, id: RunId) -> Result<Option<Job>, StoreError>;
    /// Closes what an earlier process left active, as interrupted, and names it.
    async fn close_left_overs(&self) -> Result<Vec<RunId>, StoreError>;
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

/// A run whose process died.
fn interrupted(job: Job) -> Job {
    Job {
        status: Status::Error,
        reason: Some(Reason::Interrupted),
        closed: true,
        end_time: Some(epoch_millis()),
        ..job
    }
}

const UPDATE: &str = "UPDATE runs SET status = ?2, closed = ?3, job = ?4 WHERE id = ?1";

#[async_trait]
impl RunStore for SqliteRuns {
    async fn insert(&self, job: &Job) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        sqlx::query("INSERT INTO runs (id, status, closed, start_time, job) VALUES (?, ?, ?, ?, ?)")
            .bind(job.job_id.0.as_bytes().as_slice())
            .bind(job.status.wire_name())
            .bind(job.closed)
            .bind(job.start_time)
            .bind(to_json(job)?)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    async fn close(&self, job: &Job) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        sqlx::query(UPDATE)
            .bind(job.job_id.0.as_bytes().as_slice())
            .bind(job.status.wire_name())
            .bind(job.closed)
            .bind(to_json(job)?)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    async fn load(&self, id: RunId) -> Result<Option<Job>, StoreError> {
        let json: Option<String> = sqlx::query_scalar("SELECT job FROM runs WHERE id = ?")
            .bind(id.0.as_bytes().as_slice())
            .fetch_optional(&self.0.read)
            .await?;
        json.as_deref().map(from_json).transpose()
    }

    async fn close_left_overs(&self) -> Result<Vec<RunId>, StoreError> {
        let mut transaction = self.0.begin().await?;
        let left: Vec<(Vec<u8>, String)> =
            sqlx::query_as("SELECT id, job FROM runs WHERE closed = 0").fetch_all(&mut *transaction).await?;
        let mut ids = Vec::new();
        for (id, json) in left {
            let id = RunId(Uuid::from_slice(&id).map_err(|error| StoreError::Decode(error.into()))?);
            // What can't be read any more is closed all the same: it must not keep the server from starting.
            let closed = from_json(&json).and_then(|job| to_json(&interrupted(job))).unwrap_or_else(|error| {
                tracing::error!(run = %id, %error, "a stored run can't be read");
                json
            });
            sqlx::query(UPDATE)
                .bind(id.0.as_bytes().as_slice())
                .bind(Status::Error.wire_name())
                .bind(true)
                .bind(closed)
                .execute(&mut *transaction)
                .await?;
            ids.push(id);
        }
        transaction.commit().await?;
        Ok(ids)
    }
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
