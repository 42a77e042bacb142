//! What every run depends on.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::arrivals::Arrivals;
use super::client::Target;
use super::client_ledger::LedgerRow;
use super::dropped_rows::Losses;
use super::ports::{RecordedRequests, UserCleanup};
use super::send_timer::Clock;
use super::shared_gate::SharedGate;
use super::store::RunStore;
use crate::platform::row_writer::RowWriter;

/// The dependencies of a run. All runs of a process share them.
pub struct RunContext {
    /// The gate, without which no request can be sent.
    pub gate: Arc<SharedGate>,
    /// The simulated requests that came in.
    pub arrivals: Arc<Arrivals>,
    /// Wakes the runner.
    pub clock: Arc<dyn Clock>,
    /// Where the requests are sent.
    pub target: Arc<dyn Target>,
    /// The requests that the server recorded.
    pub recorded: Arc<dyn RecordedRequests>,
    /// Cleans up the users after a run.
    pub user_cleanup: Arc<dyn UserCleanup>,
    /// Where runs are stored.
    pub store: Arc<dyn RunStore>,
    /// The rows that the writers of both sides dropped.
    pub losses: Losses,
    /// Writes the client's side of each request. When it can't be written, the active run ends.
    pub ledger: RowWriter<LedgerRow>,
    /// The only users that a run reads or changes.
    pub demo_users: Vec<Uuid>,
    /// Is cancelled when the server shuts down.
    pub shutdown: CancellationToken,
}
