//! Where recorded requests are kept, and that in SQL.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use tokio::time::Instant;
use uuid::Uuid;

use super::retention::{Outdated, Removed};
use super::{log, lookup, retention, rollups, rows};
use crate::metrics::engine::Sample;
use crate::metrics::engine::rollup::{RollupKey, Tally};
use crate::metrics::log_model::{LogPage, LogQuery, LoggedRequest};
use crate::metrics::server::record::Batch;
use crate::origin::RunId;
use crate::platform::database::{Database, StoreError};
use crate::platform::retention::{Ages, Kept};

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
    /// The seconds since the epoch in which the first and the last request of a run arrived. `None` without one.
    async fn seconds_of_run(&self, run: RunId) -> Result<Option<(i64, i64)>, StoreError>;
    /// What was recorded for one request of a run.
    async fn rows_of_request(&self, run: RunId, seq: u32) -> Result<Vec<RowOfRun>, StoreError>;
    /// Shows the requests of a run that arrived at `from` or later, in epoch microseconds.
    async fn samples_of_run(&self, run: RunId, from: i64, visit: VisitSample<'_>) -> Result<(), StoreError>;
    /// Shows the requests that arrived at `from` or later, in epoch microseconds.
    async fn samples_since(&self, from: i64, visit: VisitSample<'_>) -> Result<(), StoreError>;
    /// Shows the roll-ups of `minute` and later, in minutes since the epoch.
    async fn rollups_since(&self, minute: i64, visit: VisitRollup<'_>) -> Result<(), StoreError>;
    /// Adds to the numbers of requests that were not recorded, by minute since the epoch.
    async fn count_lost(&self, lost: &BTreeMap<i64, u32>) -> Result<(), StoreError>;
    /// How many requests were not recorded, by minute since the epoch, from `minute` on.
    async fn lost_since(&self, minute: i64) -> Result<Vec<(i64, u32)>, StoreError>;
    /// A second since the epoch by which there were records already: the earliest that is known.
    async fn oldest(&self) -> Result<Option<i64>, StoreError>;
    /// Rolls up the rows of a version that made no roll-ups, and says how many there were.
    async fn roll_up_older_version(&self) -> Result<u64, StoreError>;
    /// The time of the newest record, in epoch microseconds.
    async fn newest(&self) -> Result<Option<i64>, StoreError>;
    /// One page of the request log, of requests that arrived at these times, in epoch microseconds.
    async fn log(&self, query: &LogQuery, times: Range<i64>) -> Result<LogPage, StoreError>;
    /// The request with this id.
    async fn request(&self, id: Uuid) -> Result<Option<LoggedRequest>, StoreError>;
    /// What is no longer kept.
    async fn outdated(&self, kept: &Kept, ages: &Ages) -> Result<Outdated, StoreError>;
    /// Removes a chunk of what is outdated, but for requests of the run that is `open`, and says how much that was.
    /// Nothing: there is no more.
    async fn prune(&self, outdated: &mut Outdated, open: Option<RunId>) -> Result<Removed, StoreError>;
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

    async fn seconds_of_run(&self, run: RunId) -> Result<Option<(i64, i64)>, StoreError> {
        let (first, last): (Option<i64>, Option<i64>) =
            sqlx::query_as("SELECT min(id), max(id) FROM requests WHERE run = ?")
                .bind(run.0.as_bytes().as_slice())
                .fetch_one(&self.0.read)
                .await?;
        let second = |key: i64| rows::arrival(key).div_euclid(1_000_000);
        Ok(first.map(second).zip(last.map(second)))
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

    async fn count_lost(&self, lost: &BTreeMap<i64, u32>) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        for (minute, requests) in lost {
            let statement = "INSERT INTO lost_requests (minute, requests) VALUES (?, ?) \
                             ON CONFLICT (minute) DO UPDATE SET requests = requests + excluded.requests";
            sqlx::query(statement).bind(minute).bind(requests).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    async fn lost_since(&self, minute: i64) -> Result<Vec<(i64, u32)>, StoreError> {
        let statement = "SELECT minute, min(requests, 4294967295) FROM lost_requests WHERE minute >= ?";
        sqlx::query_as(statement).bind(minute).fetch_all(&self.0.read).await
    }

    async fn oldest(&self) -> Result<Option<i64>, StoreError> {
        rows::oldest(&self.0).await
    }

    async fn roll_up_older_version(&self) -> Result<u64, StoreError> {
        rollups::roll_up_older_version(&self.0).await
    }

    async fn newest(&self) -> Result<Option<i64>, StoreError> {
        rows::newest(&self.0).await
    }

    async fn log(&self, query: &LogQuery, times: Range<i64>) -> Result<LogPage, StoreError> {
        log::page(&self.0, query, times).await
    }

    async fn request(&self, id: Uuid) -> Result<Option<LoggedRequest>, StoreError> {
        lookup::request(&self.0, id).await
    }

    async fn outdated(&self, kept: &Kept, ages: &Ages) -> Result<Outdated, StoreError> {
        retention::outdated(&self.0, kept, ages).await
    }

    async fn prune(&self, outdated: &mut Outdated, open: Option<RunId>) -> Result<Removed, StoreError> {
        retention::prune(&self.0, outdated, open).await
    }

    async fn wait(&self) -> Result<Duration, StoreError> {
        let asked = Instant::now();
        let transaction = self.0.begin().await?;
        let waited = asked.elapsed();
        transaction.rollback().await?;
        Ok(waited)
    }
}
