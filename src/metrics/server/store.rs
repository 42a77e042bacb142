//! Where recorded requests are kept, and that in SQL.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use tokio::time::Instant;
use uuid::Uuid;

use super::record::Batch;
use super::retention::{Kept, Outdated};
use super::{log, lookup, retention, rollups, rows};
use crate::metrics::engine::Sample;
use crate::metrics::engine::rollup::{RollupKey, Tally};
use crate::metrics::log_model::{LogPage, LogQuery, LoggedRequest};
use crate::origin::RunId;
use crate::server::database::{Database, StoreError};

/// Is shown one stored request after the other.
pub type VisitSample<'a> = &'a mut (dyn FnMut(&Sample<'_>) + Send);
/// Is shown one stored roll-up after the other.
pub type VisitRollup<'a> = &'a mut (dyn FnMut(&RollupKey<'_>, &Tally) + Send);

/// Where recorded requests are kept. One method = one use case = one transaction.
#[async_trait]
pub trait MetricsStore: Send + Sync + 'static {
    /// Adds rows and counts them in the roll-ups of their minutes, all or none.
    async fn insert(&self, batch: &Batch<'_>) -> Result<(), StoreError>;
    /// What was recorded for a run, in the order of arrival; a request as often as it was recorded.
    async fn rows_of_run(&self, run: RunId) -> Result<Vec<RowOfRun>, StoreError>;
    /// What was recorded for one request of a run.
    async fn rows_of_request(&self, run: RunId, seq: u32) -> Result<Vec<RowOfRun>, StoreError>;
    /// Shows the requests of a run that arrived at `from` or later, in epoch microseconds.
    async fn samples_of_run(&self, run: RunId, from: i64, visit: VisitSample<'_>) -> Result<(), StoreError>;
    /// Shows the requests that arrived at `from` or later, in epoch microseconds.
    async fn samples_since(&self, from: i64, visit: VisitSample<'_>) -> Result<(), StoreError>;
    /// Shows the roll-ups of `minute` and later, in minutes since the epoch.
    async fn rollups_since(&self, minute: i64, visit: VisitRollup<'_>) -> Result<(), StoreError>;
    /// A second since the epoch by which there were records already: the earliest that is known.
    async fn oldest(&self) -> Result<Option<i64>, StoreError>;
    /// Rolls up the rows of a version that made no roll-ups, and says how many there were.
    async fn roll_up_older_version(&self) -> Result<u64, StoreError>;
    /// One page of the request log, of requests that arrived at `from` or later, in epoch microseconds.
    async fn log(&self, query: &LogQuery, from: i64) -> Result<LogPage, StoreError>;
    /// The request with this id.
    async fn request(&self, id: Uuid) -> Result<Option<LoggedRequest>, StoreError>;
    /// What is no longer kept at `now`, in epoch microseconds.
    async fn outdated(&self, kept: &Kept, now: i64) -> Result<Outdated, StoreError>;
    /// Removes a chunk of what is outdated, and says how many requests and roll-ups that were. Zero: there is no more.
    async fn prune(&self, outdated: &Outdated) -> Result<u64, StoreError>;
    /// How long it takes now until something could be written.
    async fn wait(&self) -> Result<Duration, StoreError>;
}

/// A recorded request of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowOfRun {
    /// Its place in the plan.
    pub seq: u32,
    /// When it arrived, in epoch microseconds.
    pub at: i64,
    /// How long the answer took, in microseconds.
    pub duration: i64,
    /// The HTTP status.
    pub status: u16,
    /// As in the answer's `x-request-id`.
    pub request_id: Option<Uuid>,
}

fn row_of_run(row: &SqliteRow) -> Result<RowOfRun, StoreError> {
    Ok(RowOfRun {
        seq: row.try_get("seq")?,
        at: rows::arrival(row.try_get("id")?),
        duration: row.try_get("duration")?,
        status: row.try_get("status")?,
        request_id: rows::id_of(row.try_get("id")?, row.try_get("request_id_high")?, row.try_get("request_id_low")?),
    })
}

/// [`MetricsStore`] in the embedded database.
#[derive(Clone, Debug)]
pub struct SqliteMetrics(pub Database);

#[async_trait]
impl MetricsStore for SqliteMetrics {
    async fn insert(&self, batch: &Batch<'_>) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        rows::insert(&mut transaction, batch.rows()).await?;
        rollups::count(&mut transaction, batch.seconds()).await?;
        transaction.commit().await
    }

    async fn rows_of_run(&self, run: RunId) -> Result<Vec<RowOfRun>, StoreError> {
        let rows = sqlx::query(
            "SELECT requests.id, seq, duration, status, request_id_high, request_id_low \
             FROM requests CROSS JOIN kinds ON kinds.id = requests.kind WHERE run = ? ORDER BY requests.id",
        )
        .bind(run.0.as_bytes().as_slice())
        .fetch_all(&self.0.read)
        .await?;
        rows.iter().map(row_of_run).collect()
    }

    async fn rows_of_request(&self, run: RunId, seq: u32) -> Result<Vec<RowOfRun>, StoreError> {
        let rows = sqlx::query(
            "SELECT requests.id, seq, duration, status, request_id_high, request_id_low \
             FROM requests CROSS JOIN kinds ON kinds.id = requests.kind WHERE run = ? AND seq = ? ORDER BY requests.id",
        )
        .bind(run.0.as_bytes().as_slice())
        .bind(seq)
        .fetch_all(&self.0.read)
        .await?;
        rows.iter().map(row_of_run).collect()
    }

    async fn samples_of_run(&self, run: RunId, from: i64, visit: VisitSample<'_>) -> Result<(), StoreError> {
        rows::visit_run(&self.0, run, from, visit).await
    }

    async fn samples_since(&self, from: i64, visit: VisitSample<'_>) -> Result<(), StoreError> {
        rows::visit_since(&self.0, from, visit).await
    }

    async fn rollups_since(&self, minute: i64, visit: VisitRollup<'_>) -> Result<(), StoreError> {
        rollups::visit_since_minute(&self.0, minute, visit).await
    }

    async fn oldest(&self) -> Result<Option<i64>, StoreError> {
        rows::oldest(&self.0).await
    }

    async fn roll_up_older_version(&self) -> Result<u64, StoreError> {
        rollups::roll_up_older_version(&self.0).await
    }

    async fn log(&self, query: &LogQuery, from: i64) -> Result<LogPage, StoreError> {
        log::page(&self.0, query, from).await
    }

    async fn request(&self, id: Uuid) -> Result<Option<LoggedRequest>, StoreError> {
        lookup::request(&self.0, id).await
    }

    async fn outdated(&self, kept: &Kept, now: i64) -> Result<Outdated, StoreError> {
        retention::outdated(&self.0, kept, now).await
    }

    async fn prune(&self, outdated: &Outdated) -> Result<u64, StoreError> {
        retention::prune(&self.0, outdated).await
    }

    async fn wait(&self) -> Result<Duration, StoreError> {
        let asked = Instant::now();
        let transaction = self.0.begin().await?;
        let waited = asked.elapsed();
        transaction.rollback().await?;
        Ok(waited)
    }
}
