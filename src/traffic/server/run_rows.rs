//! How a run is written into the columns of a row and read back.

use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::traffic::model::{Reason, Run, RunSummary, Status};

pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Encode(error.into()))
}

/// The column `job` of a run: everything but name and note, which have columns of their own.
pub(super) fn job(run: &Run) -> Result<String, StoreError> {
    to_json(&Run { name: None, note: None, ..run.clone() })
}

/// The column `summary` of a run: everything but name and note.
pub(super) fn summary(run: &Run) -> Result<String, StoreError> {
    to_json(&RunSummary { name: None, note: None, ..RunSummary::from(run) })
}

/// The column `id` of a run.
pub(super) fn blob(id: RunId) -> Vec<u8> {
    id.0.as_bytes().to_vec()
}

/// Reads the column `id` of a run.
pub(super) fn read_id(bytes: &[u8]) -> Result<RunId, StoreError> {
    Uuid::from_slice(bytes).map(RunId).map_err(|error| StoreError::Decode(error.into()))
}

/// Reads the run in a row with the columns `closed`, `job`, `name` and `note`. The column `closed` is right also where the JSON could
/// not be updated when the run was closed.
pub(super) fn read_run(row: &SqliteRow) -> Result<Run, StoreError> {
    let json: Vec<u8> = row.try_get("job")?;
    let mut run: Run = serde_json::from_slice(&json).map_err(|error| StoreError::Decode(error.into()))?;
    if row.try_get("closed")? && !run.closed {
        run.closed = true;
        if !run.status.is_final() {
            run.status = Status::Error;
            run.reason = Some(Reason::Interrupted);
        }
    }
    run.name = row.try_get("name")?;
    run.note = row.try_get("note")?;
    run.stats = run.stats.reread();
    Ok(run)
}

/// Reads a row with the columns `id`, `closed`, `job`, `name` and `note`. The run is `None` when only its id can be read, and the whole
/// result when not even that can be read.
pub(super) fn read_id_and_run(row: &SqliteRow) -> Option<(RunId, Option<Run>)> {
    let id = row.try_get::<Vec<u8>, _>("id").and_then(|id| read_id(&id));
    let id = id.inspect_err(|error| tracing::debug!(%error, "a stored run has no id that can be read")).ok()?;
    let run = read_run(row).inspect_err(|error| tracing::debug!(run = %id, %error, "a stored run can't be read"));
    Some((id, run.ok()))
}
