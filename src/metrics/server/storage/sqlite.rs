//! [`MetricsStore`] in the embedded database.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use uuid::Uuid;

use super::retention::{KeptRequests, Outdated, Removed};
use super::store::{MetricsStore, RequestVisitor};
use super::{log, retention, rollups, rows};
use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::metrics::engine::rollup::Rollups;
use crate::metrics::log_model::{LogPage, LogQuery};
use crate::origin::RunId;
use crate::platform::database::{Database, StoreError};
use crate::platform::retention::Ages;

/// [`MetricsStore`] in the embedded database.
#[derive(Clone, Debug)]
pub struct SqliteMetrics(pub Database);

#[async_trait]
impl MetricsStore for SqliteMetrics {
    async fn insert(&self, requests: &[RecordedRequest]) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        // If the last attempt failed after its commit, everything is stored already.
        if let Some(first) = requests.first()
            && rows::is_stored(&mut transaction, first).await?
        {
            return Ok(());
        }
        rows::insert(&mut transaction, requests).await?;
        rollups::add(&mut transaction, requests).await?;
        transaction.commit().await
    }

    async fn requests_of_run(&self, run: RunId) -> Result<Vec<RecordedRequest>, StoreError> {
        rows::of_run(&self.0, run).await
    }

    async fn requests_of_slot(&self, run: RunId, seq: u32) -> Result<Vec<RecordedRequest>, StoreError> {
        rows::of_slot(&self.0, run, seq).await
    }

    async fn visit_since(&self, from: i64, visit: RequestVisitor<'_>) -> Result<(), StoreError> {
        rows::visit_since(&self.0, from, visit).await
    }

    async fn rollups_since(&self, minute: i64) -> Result<Rollups, StoreError> {
        rollups::since(&self.0, minute).await
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
        let statement = "SELECT (SELECT min(arrived_at) FROM recorded_requests), (SELECT min(minute) FROM rollups)";
        let (arrival, minute): (Option<i64>, Option<i64>) = sqlx::query_as(statement).fetch_one(&self.0.read).await?;
        let second = arrival.map(|arrival| arrival.div_euclid(1_000_000));
        // A roll-up only says that its requests arrived before the end of its minute.
        let end_of_minute = minute.map(|minute| (minute + 1) * 60);
        Ok([second, end_of_minute].into_iter().flatten().min())
    }

    async fn newest(&self) -> Result<Option<i64>, StoreError> {
        let statement = "SELECT (SELECT max(arrived_at) FROM recorded_requests), (SELECT max(minute) FROM rollups)";
        let (arrival, minute): (Option<i64>, Option<i64>) = sqlx::query_as(statement).fetch_one(&self.0.read).await?;
        Ok(arrival.max(minute.map(|minute| minute.saturating_mul(60_000_000))))
    }

    async fn roll_up_older_version(&self) -> Result<u64, StoreError> {
        rollups::roll_up_older_version(&self.0).await
    }

    async fn log(&self, query: &LogQuery, times: Range<i64>) -> Result<LogPage, StoreError> {
        log::page(&self.0, query, times).await
    }

    async fn newest_requests(&self, query: &LogQuery, times: Range<i64>) -> Result<LogPage, StoreError> {
        log::newest(&self.0, query, times).await
    }

    async fn count_requests(&self, query: &LogQuery, times: Range<i64>, most: u32) -> Result<u32, StoreError> {
        log::count(&self.0, query, &times, most).await
    }

    async fn request(&self, id: Uuid) -> Result<Option<RecordedRequest>, StoreError> {
        rows::by_id(&self.0, id).await
    }

    async fn outdated(&self, kept: &KeptRequests, ages: &Ages) -> Result<Outdated, StoreError> {
        retention::outdated(&self.0, kept, ages).await
    }

    async fn prune(&self, outdated: &mut Outdated, open: Option<RunId>) -> Result<Removed, StoreError> {
        retention::prune(&self.0, outdated, open).await
    }

    async fn wait(&self) -> Result<Duration, StoreError> {
        let began = Instant::now();
        let transaction = self.0.begin().await?;
        let waited = began.elapsed();
        transaction.rollback().await?;
        Ok(waited)
    }
}
