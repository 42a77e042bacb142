//! What traffic needs from the other features: its ports, implemented by metrics and users.

use std::sync::Arc;

use async_trait::async_trait;

use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::metrics::model::Totals;
use crate::metrics::server::service::Metrics;
use crate::origin::{Origin, RunId};
use crate::platform::database::StoreError;
use crate::traffic::engine::dashboard_check::DashboardFigures;
use crate::traffic::engine::evidence::CleanUp;
use crate::traffic::engine::exchange::ServerSide;
use crate::traffic::server::ports::{RecordedRequests, UserCleanup};
use crate::users::server::store::{SqliteUsers, Undone, UserStore};

/// Traffic's view of the metrics: what the server recorded of a run.
pub(super) struct MetricsOfRuns(pub(super) Arc<Metrics>);

#[async_trait]
impl RecordedRequests for MetricsOfRuns {
    async fn flush(&self) {
        self.0.recorder.flush().await;
    }

    async fn rows_of_run(&self, run: RunId) -> Result<Vec<ServerSide>, StoreError> {
        Ok(self.0.requests_of_run(run).await?.iter().filter_map(server_side).collect())
    }

    async fn rows_of_request(&self, run: RunId, seq: u32) -> Result<Vec<ServerSide>, StoreError> {
        Ok(self.0.requests_of_slot(run, seq).await?.iter().filter_map(server_side).collect())
    }

    async fn kpis_of_run(&self, run: RunId) -> Result<DashboardFigures, StoreError> {
        let Totals { requests, error_rate, p95, .. } = self.0.totals_of_run(run).await?;
        Ok(DashboardFigures { requests, error_rate, p95 })
    }
}

/// `None` for a real request, which belongs to no run.
fn server_side(request: &RecordedRequest) -> Option<ServerSide> {
    let Origin::Simulated { seq, .. } = request.origin else { return None };
    Some(ServerSide {
        seq,
        arrived_at: request.arrived_at,
        duration: u64::from(request.duration_us),
        status: request.status,
        request_id: Some(request.id),
    })
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
