//! What traffic needs from the other features: its ports, implemented by metrics and users.

use std::sync::Arc;

use async_trait::async_trait;

use crate::metrics::model::Totals;
use crate::metrics::server::record::Row;
use crate::metrics::server::service::Metrics;
use crate::metrics::server::storage::store::{MetricsStore, RowOfRun, SqliteMetrics};
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::row_writer::RowWriter;
use crate::traffic::engine::dashboard_check::Kpi;
use crate::traffic::engine::evidence::CleanUp;
use crate::traffic::engine::exchange::ServerSide;
use crate::traffic::server::ports::{RecordedRequests, UserCleanup};
use crate::users::server::store::{SqliteUsers, Undone, UserStore};

/// Traffic's view of the metrics: what the server recorded of a run.
pub(super) struct MetricsOfRuns {
    pub(super) store: SqliteMetrics,
    pub(super) metrics: Arc<Metrics>,
    pub(super) recorder: RowWriter<Row>,
}

#[async_trait]
impl RecordedRequests for MetricsOfRuns {
    async fn flush(&self) {
        self.recorder.flush().await;
    }

    async fn rows_of_run(&self, run: RunId) -> Result<Vec<ServerSide>, StoreError> {
        Ok(self.store.rows_of_run(run).await?.into_iter().map(server_side).collect())
    }

    async fn rows_of_request(&self, run: RunId, seq: u32) -> Result<Vec<ServerSide>, StoreError> {
        Ok(self.store.rows_of_request(run, seq).await?.into_iter().map(server_side).collect())
    }

    async fn kpis_of_run(&self, run: RunId) -> Result<Kpi, StoreError> {
        let Totals { requests, error_rate, p95, .. } = self.metrics.totals_of_run(run).await?;
        Ok(Kpi { requests, error_rate, p95 })
    }
}

fn server_side(row: RowOfRun) -> ServerSide {
    ServerSide {
        seq: row.seq,
        arrived_at: row.at,
        duration: u64::try_from(row.duration).unwrap_or(0),
        status: row.status,
        request_id: row.request_id,
    }
}

/// Traffic's view of the users: what has to be cleaned up after a run.
pub(super) struct UsersOfRuns(pub(super) SqliteUsers);

#[async_trait]
impl UserCleanup for UsersOfRuns {
    async fn clean_up(&self, run: RunId) -> Result<CleanUp, StoreError> {
        let Undone { removed, kept } = self.0.undo_run(run).await?;
        Ok(CleanUp { removed, kept })
    }
}
