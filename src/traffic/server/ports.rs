//! What the traffic needs of the rest of the program, declared here and connected in the wiring.

use async_trait::async_trait;

use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::traffic::engine::dashboard_check::DashboardFigures;
use crate::traffic::engine::evidence::CleanUp;
use crate::traffic::engine::exchange::ServerSide;

/// Knows what the server recorded, independently of the generator.
#[async_trait]
pub trait RecordedRequests: Send + Sync + 'static {
    /// Waits until everything recorded up to now can be read back.
    async fn flush(&self);
    /// What was recorded for a run, in the order of arrival; a request as often as it was recorded.
    async fn rows_of_run(&self, run: RunId) -> Result<Vec<ServerSide>, StoreError>;
    /// What was recorded for one request of a run; more than one row only if it was recorded more than once.
    async fn rows_of_request(&self, run: RunId, seq: u32) -> Result<Vec<ServerSide>, StoreError>;
    /// What the dashboard says about a run, by its own query. By the run and not by a period, so that no step of the
    /// clock makes a difference.
    async fn kpis_of_run(&self, run: RunId) -> Result<DashboardFigures, StoreError>;
}

/// Puts the users back in order after a run.
#[async_trait]
pub trait UserCleanup: Send + Sync + 'static {
    /// Removes the users that a run created, but for those that a real client wrote to, and puts back what the run
    /// changed in others and no real client has set since.
    async fn clean_up(&self, run: RunId) -> Result<CleanUp, StoreError>;
}
