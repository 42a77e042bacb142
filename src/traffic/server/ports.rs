//! What the simulator needs from the rest of the program. `server/compose.rs` connects it.

use async_trait::async_trait;

use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::traffic::engine::dashboard_check::DashboardFigures;
use crate::traffic::engine::evidence::CleanUp;
use crate::traffic::engine::exchange::ServerSide;

/// What the server recorded of the requests, independently of the generator.
#[async_trait]
pub trait RecordedRequests: Send + Sync + 'static {
    /// Waits until everything that was recorded before this call can be read back.
    async fn flush(&self);
    /// The rows of a run in the order of arrival. A request that was recorded twice has two rows.
    async fn rows_of_run(&self, id: RunId) -> Result<Vec<ServerSide>, StoreError>;
    /// The rows of one request of a run. There is more than one only if the request was recorded more than once.
    async fn rows_of_request(&self, id: RunId, seq: u32) -> Result<Vec<ServerSide>, StoreError>;
    /// What the dashboard's own query says about a run. It selects by run and not by period, so that a wall clock that
    /// is set changes nothing.
    async fn kpis_of_run(&self, id: RunId) -> Result<DashboardFigures, StoreError>;
}

/// Puts the users back in order after a run.
#[async_trait]
pub trait UserCleanup: Send + Sync + 'static {
    /// Removes the users that a run created, except those that a real client wrote to, and restores the values that the
    /// run changed in other users, unless a real client has set them since.
    async fn clean_up(&self, id: RunId) -> Result<CleanUp, StoreError>;
}
