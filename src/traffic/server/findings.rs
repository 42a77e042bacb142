//! What client and server said about a run, read from the rows of both sides.

use super::ports::RecordedRequests;
use super::store::RunStore;
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::traffic::engine::findings::Findings;

/// The findings from the rows that are written so far, with a timeline of the first `seconds` seconds.
pub(super) async fn read(
    store: &dyn RunStore,
    recorded: &dyn RecordedRequests,
    id: RunId,
    seconds: u32,
) -> Result<Findings, StoreError> {
    let clients = store.client_sides(id).await?;
    let servers = recorded.rows_of_run(id).await?;
    Ok(Findings::of_rows(&clients, &servers, seconds))
}

/// The findings to store with a run that has ended. `None`: the rows can't be read. The findings are then computed
/// whenever they are requested, as long as the rows are kept.
pub(super) async fn to_store(
    store: &dyn RunStore,
    recorded: &dyn RecordedRequests,
    id: RunId,
    seconds: u32,
) -> Option<Findings> {
    let findings = read(store, recorded, id, seconds).await;
    let warn = |error: &StoreError| {
        tracing::warn!(run = %id, %error, "what both sides said about a run can't be read, and is not stored with it");
    };
    findings.inspect_err(warn).ok()
}
