//! Runs and their ledgers in SQL.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};
use uuid::Uuid;

use super::job::LedgerRow;
use crate::origin::RunId;
use crate::server::batch_writer::Sink;
use crate::server::database::{Database, StoreError};
use crate::traffic::engine::exchange::ClientSide;
use crate::traffic::engine::findings::Findings;
use crate::traffic::engine::mix::Call;
use crate::traffic::engine::scenario::Scenario;
use crate::traffic::model::{Job, RunSummary, Status};

/// Which stored runs to list: newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only runs that started before this one.
    pub before: Option<RunId>,
    /// Only runs of this scenario.
    pub scenario: Option<Scenario>,
    /// Only runs in this state.
    pub status: Option<Status>,
    /// At most so many.
    pub limit: u32,
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
    /// Some runs, newest first.
    async fn list(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError>;
    /// Removes a closed run with its ledger. `false`: there is no closed run of this name.
    async fn delete(&self, id: RunId) -> Result<bool, StoreError>;
    /// The generator's side of each request of a run, in the order of the plan.
    async fn client_sides(&self, id: RunId) -> Result<Vec<ClientSide>, StoreError>;
    /// The same of one request.
    async fn client_side(&self, id: RunId, seq: u32) -> Result<Option<ClientSide>, StoreError>;
    /// Stores what client and server said about a run.
    async fn keep_findings(&self, id: RunId, findings: &Findings) -> Result<(), StoreError>;
    /// What was stored of that.
    async fn findings(&self, id: RunId) -> Result<Option<Findings>, StoreError>;
    /// What an earlier process left active.
    async fn left_overs(&self) -> Result<Vec<LeftOver>, StoreError>;
}

/// [`RunStore`] in the embedded database.
#[derive(Clone, Debug)]
pub struct SqliteRuns(pub Database);

fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Encode(error.into()))
}

fn summary(job: &Job) -> Result<String, StoreError> {
    to_json(&RunSummary::from(job))
}

fn from_json<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Decode(error.into()))
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
            let json: String =
                sqlx::query_scalar("SELECT job FROM runs WHERE id = ?").bind(&id).fetch_one(&mut *transaction).await?;
            let Ok(job) = from_json::<Job>(&json) else { continue };
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
            Err(error @ StoreError::Decode(_)) => {
                tracing::error!(run = %id, %error, "a stored run can't be read");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// One update of one row, in a transaction of its own. `false`: the condition did not hold.
    async fn update(&self, condition: &'static str, from: &str, job: &Job) -> Result<bool, StoreError> {
        let mut transaction = self.0.begin().await?;
        let updated = sqlx::query(condition)
            .bind(blob(job.job_id))
            .bind(job.status.wire_name())
            .bind(job.closed)
            .bind(to_json(job)?)
            .bind(from)
            .bind(summary(job)?)
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
        let statement =
            "INSERT INTO runs (id, status, closed, start_time, job, scenario, summary) VALUES (?, ?, ?, ?, ?, ?, ?)";
        sqlx::query(statement)
            .bind(blob(job.job_id))
            .bind(job.status.wire_name())
            .bind(job.closed)
            .bind(job.start_time)
            .bind(to_json(job)?)
            .bind(job.scenario.wire_name())
            .bind(summary(job)?)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    async fn advance(&self, from: Status, job: &Job) -> Result<bool, StoreError> {
        let statement = "UPDATE runs SET status = ?2, closed = ?3, job = ?4, summary = ?6 WHERE id = ?1 AND closed = 0 AND status = ?5";
        self.update(statement, from.wire_name(), job).await
    }

    async fn close(&self, job: &Job) -> Result<bool, StoreError> {
        // Whatever state was noted last: the closing has the last word, but only once.
        let statement =
            "UPDATE runs SET status = ?2, closed = ?3, job = ?4, summary = ?6 WHERE id = ?1 AND closed = 0 AND ?5 = ''";
        self.update(statement, "", job).await
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

    async fn load(&self, id: RunId) -> Result<Option<Job>, StoreError> {
        let json: Option<String> =
            sqlx::query_scalar("SELECT job FROM runs WHERE id = ?").bind(blob(id)).fetch_optional(&self.0.read).await?;
        json.as_deref().map(from_json).transpose()
    }

    async fn list(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        // Only the conditions that there are, so that each finds its index.
        let mut query = QueryBuilder::<Sqlite>::new("SELECT id, summary FROM runs WHERE TRUE");
        if let Some(before) = filter.before {
            query.push(" AND id < ").push_bind(blob(before));
        }
        if let Some(status) = filter.status {
            query.push(" AND status = ").push_bind(status.wire_name());
        }
        if let Some(scenario) = filter.scenario {
            query.push(" AND scenario = ").push_bind(scenario.wire_name());
        }
        // Ids sort by their start. A bare `LIMIT ?` would make SQLite prepare the statement each time.
        query.push(" ORDER BY id DESC LIMIT 0 + ").push_bind(filter.limit);
        let rows: Vec<(Vec<u8>, Option<String>)> = query.build_query_as().fetch_all(&self.0.read).await?;
        let mut runs = Vec::with_capacity(rows.len());
        for (id, summary) in rows {
            let summary = summary.and_then(|json| from_json(&json).ok());
            runs.extend(match summary {
                Some(summary) => Some(summary),
                None => self.summary_of_job(run_id(&id)?).await?,
            });
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
        rows.iter().map(client_side).collect()
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

    async fn keep_findings(&self, id: RunId, findings: &Findings) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        sqlx::query("UPDATE runs SET findings = ?2 WHERE id = ?1")
            .bind(blob(id))
            .bind(to_json(findings)?)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    async fn findings(&self, id: RunId) -> Result<Option<Findings>, StoreError> {
        let json: Option<Option<String>> = sqlx::query_scalar("SELECT findings FROM runs WHERE id = ?")
            .bind(blob(id))
            .fetch_optional(&self.0.read)
            .await?;
        let unreadable = |error: &StoreError| tracing::warn!(run = %id, %error, "the stored findings can't be read");
        Ok(json.flatten().and_then(|json| from_json(&json).inspect_err(unreadable).ok()))
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
