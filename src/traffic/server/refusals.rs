//! Why a run was not started, not deleted or not stored.

use std::time::Duration;

use crate::origin::RunId;
use crate::platform::database::StoreError;

/// How long closing a run, which flushes and stores, may take once the server shuts down.
pub const STORING_AT_SHUTDOWN: Duration = Duration::from_secs(5);

/// Why no run was started.
#[derive(Debug, thiserror::Error)]
pub enum StartRefusal {
    /// This run is active.
    #[error("run {0} is active; stop it or wait until it is closed")]
    Busy(RunId),
    /// This run has ended, but the database could not take its result yet.
    #[error("run {0} is finished, not stored yet")]
    Unstored(RunId),
    /// The server is shutting down.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// Whatever would be stored would be lost, for this reason.
    #[error("{0}")]
    Lost(String),
    /// The start itself panicked, which only a bug can cause.
    #[error("the start failed by a panic")]
    Panicked,
    /// The run could not be stored.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// Why a run was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteRefusal {
    /// The run is not closed.
    #[error("the run is active")]
    Active,
    /// There is no such run.
    #[error("there is no such run")]
    NotFound,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// The result of the active run could not be stored before the server had to end. The next start closes the run
/// with what was recorded of it.
#[derive(Debug, thiserror::Error)]
#[error(
    "the database could not be written within {} s, so the last run is not stored; the next start closes it with what was recorded of it",
    STORING_AT_SHUTDOWN.as_secs()
)]
pub struct NotStored;
