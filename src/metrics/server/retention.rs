//! Removes recorded requests and roll-ups that are no longer kept.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::ports::ProgramStatus;
use super::storage::retention::{KeptRequests, Removed};
use super::storage::store::MetricsStore;
use crate::platform::database::StoreError;
use crate::platform::retention::{Ages, Prune};

/// The pause between two chunks, so that others who wait for the database get their turn.
const PAUSE: Duration = Duration::from_millis(10);

/// The stored requests and roll-ups, of which some are no longer kept.
pub struct StoredRequests {
    /// Where they are stored.
    pub store: Arc<dyn MetricsStore>,
    /// How many of them are kept, and how long.
    pub kept: KeptRequests,
    /// Says which run is open.
    pub program: Arc<dyn ProgramStatus>,
}

#[async_trait]
impl Prune for StoredRequests {
    async fn prune(&self, ages: &Ages) -> Result<(), StoreError> {
        let open = self.program.open_run();
        let mut outdated = self.store.outdated(&self.kept, ages).await?;
        let mut removed = Removed::default();
        loop {
            let chunk = self.store.prune(&mut outdated, open).await?;
            if chunk == Removed::default() {
                break;
            }
            removed = removed.plus(chunk);
            tokio::time::sleep(PAUSE).await;
        }
        if removed != Removed::default() {
            let Removed { real, simulated, rollups } = removed;
            tracing::info!(real, simulated, rollups, "requests and roll-ups that are no longer kept are removed");
        }
        Ok(())
    }
}
