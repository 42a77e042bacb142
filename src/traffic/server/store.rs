//! The store of the runs, in SQL.

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::history_rows::{self, ListedRun};
use super::ledger_rows;
use super::run_rows::{blob, job, read_id, read_id_and_run, read_run, summary, to_json};
use crate::origin::RunId;
use crate::platform::database::{Database, StoreError};
use crate::traffic::engine::exchange::ClientSide;
use crate::traffic::engine::findings::Findings;
use crate::traffic::history_query::HistoryQuery;
use crate::traffic::model::{Run, Status};
use crate::traffic::naming::{NameAndNote, Naming};

/// A run as it is stored.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// The run's id.
    pub id: RunId,
    /// The last stored state. `None`: it can't be read, because it is damaged or of a newer version.
    pub run: Option<Run>,
}

/// Why a run is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// A person wants it.
    Asked,
    /// It has expired. A run with a name or a note does not expire.
    Expired,
}

/// Where runs are stored. One method is one use case and one transaction.
#[async_trait]
pub trait RunStore: Send + Sync + 'static {
    /// Why everything that is stored now would be lost, in words. `None`: it would not be lost.
    fn lost(&self) -> Option<String>;
    /// Adds a run that starts now. Fails while another run is not closed.
    async fn insert(&self, run: &Run) -> Result<(), StoreError>;
    /// Stores the present state of a run, but not its name and its note. For a closed run this is its result, with the
    /// findings if they are known. `false`: the stored run was closed before, or there is none.
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
    /// Changes name and note of a run, and returns what they are then. `None`: there is no such run.
    async fn rename(&self, id: RunId, naming: &Naming) -> Result<Option<NameAndNote>, StoreError>;
    /// Removes a closed run with its ledger. `false`: there is no closed run with this id, or it does not expire.
    async fn delete(&self, id: RunId, removal: Removal) -> Result<bool, StoreError>;
    /// The client's side of each request of a run in the order of the plan, without those that can't be read.
    async fn client_sides(&self, id: RunId) -> Result<Vec<ClientSide>, StoreError>;
    /// The client's side of one request of a run.
    async fn client_side(&self, id: RunId, seq: u32) -> Result<Option<ClientSide>, StoreError>;
    /// The closed runs that expire one day, in no particular order: all without a name and a note.
    async fn removable(&self) -> Result<Vec<RunId>, StoreError>;
    /// What both sides said about a run, if that is stored and can be read.
    async fn findings(&self, id: RunId) -> Result<Option<Findings>, StoreError>;
    /// The runs that an earlier process left active.
    async fn left_overs(&self) -> Result<Vec<StoredRun>, StoreError>;
}

/// The [`RunStore`] in the embedded database.
#[derive(Clone, Debug)]
pub struct SqliteRuns(pub Database);

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
        .bind(job(run)?)
        .bind(summary(run)?)
        .bind(findings.map(to_json).transpose()?)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(updated.rows_affected() == 1)
    }

    async fn replace(&self, run: &Run) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        let stored: Option<(bool, Option<String>, Option<String>)> =
            sqlx::query_as("SELECT closed, name, note FROM runs WHERE id = ?")
                .bind(blob(run.job_id))
                .fetch_optional(&mut *transaction)
                .await?;
        match stored {
            Some((true, ..)) => {}
            Some((false, name, note)) => {
                sqlx::query("DELETE FROM runs WHERE id = ?").bind(blob(run.job_id)).execute(&mut *transaction).await?;
                insert(&Run { name, note, ..run.clone() }, &mut transaction).await?;
            }
            None => insert(run, &mut transaction).await?,
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
        let row = sqlx::query("SELECT closed, job, name, note FROM runs WHERE id = ?")
            .bind(blob(id))
            .fetch_optional(&self.0.read)
            .await?;
        row.as_ref().map(read_run).transpose()
    }

    async fn list(&self, query: &HistoryQuery, live: Option<(RunId, i64)>) -> Result<Vec<ListedRun>, StoreError> {
        history_rows::read(&self.0, query, live).await
    }

    async fn rename(&self, id: RunId, naming: &Naming) -> Result<Option<NameAndNote>, StoreError> {
        let mut transaction = self.0.begin().await?;
        let stored: Option<(Option<String>, Option<String>)> =
            sqlx::query_as("SELECT name, note FROM runs WHERE id = ?")
                .bind(blob(id))
                .fetch_optional(&mut *transaction)
                .await?;
        let Some((name, note)) = stored else { return Ok(None) };
        let renamed = naming.apply(NameAndNote { name, note });
        sqlx::query("UPDATE runs SET name = ?2, note = ?3 WHERE id = ?1")
            .bind(blob(id))
            .bind(&renamed.name)
            .bind(&renamed.note)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(renamed))
    }

    async fn delete(&self, id: RunId, removal: Removal) -> Result<bool, StoreError> {
        let mut transaction = self.0.begin().await?;
        let removed =
            sqlx::query("DELETE FROM runs WHERE id = ?1 AND closed = 1 AND (?2 OR (name IS NULL AND note IS NULL))")
                .bind(blob(id))
                .bind(removal == Removal::Asked)
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
            sqlx::query_scalar("SELECT id FROM runs WHERE closed = 1 AND name IS NULL AND note IS NULL")
                .fetch_all(&self.0.read)
                .await?;
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
        let rows = sqlx::query("SELECT id, closed, job, name, note FROM runs WHERE closed = 0")
            .fetch_all(&self.0.read)
            .await?;
        Ok(rows.iter().filter_map(read_id_and_run).map(|(id, run)| StoredRun { id, run }).collect())
    }
}

async fn insert(run: &Run, transaction: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO runs (id, status, closed, start_time, job, scenario, summary, name, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(blob(run.job_id))
    .bind(run.status.wire_name())
    .bind(run.closed)
    .bind(run.start_time)
    .bind(job(run)?)
    .bind(run.scenario.wire_name())
    .bind(summary(run)?)
    .bind(&run.name)
    .bind(&run.note)
    .execute(transaction)
    .await
    .map(drop)
}
