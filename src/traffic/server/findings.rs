//! What client and server said about a run, read from the rows of both sides.

use super::live_run::LiveRun;
use super::ports::RecordedRequests;
use super::run_context::RunContext;
use super::store::RunStore;
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::traffic::engine::findings::Findings;
use crate::traffic::model::Run;

/// The findings of a run that has ended, to be stored with it. `None`: the rows can't be read. The findings are then
/// computed whenever somebody asks for them, as long as the rows are kept.
pub(super) async fn at_closing(run: &LiveRun, context: &RunContext) -> Option<Findings> {
    let findings = read(context.store.as_ref(), context.recorded.as_ref(), run.id, 0).await;
    let findings = findings.inspect_err(|error| warn(run.id, error)).ok()?;
    Some(Findings { timeline: run.timeline(), sides: findings.sides })
}

/// The findings of a run that an earlier process left active. `None`: the rows can't be read.
pub(super) async fn of_left_over(run: &Run, store: &dyn RunStore, recorded: &dyn RecordedRequests) -> Option<Findings> {
    let findings = read(store, recorded, run.job_id, run.stats.whole_seconds()).await;
    findings.inspect_err(|error| warn(run.job_id, error)).ok()
}

fn warn(id: RunId, error: &StoreError) {
    tracing::warn!(run = %id, %error, "what both sides said about a run can't be read, and is not stored with it");
}

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
