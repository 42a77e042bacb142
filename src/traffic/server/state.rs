//! What the REST handlers and the server functions of the simulator share.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::details_cache::DetailsCache;
use super::refusals::StartRefusal;
use super::run_manager::RunManager;
use crate::error::AppError;
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::problem::{ApiError, inside};
use crate::traffic::history_query::{Cursor, HistoryQuery};
use crate::traffic::model::RunsPage;
use crate::traffic::naming::NamingForm;
use crate::traffic::outcomes::{RenameOutcome, StartOutcome};
use crate::traffic::start_request::StartForm;

/// The simulator, for its handlers. Cheap to clone.
#[derive(Clone)]
pub struct Traffic {
    /// All runs.
    pub runs: Arc<RunManager>,
    /// Ends the live streams.
    pub shutdown: CancellationToken,
    /// Has one permit for each live stream that may be open.
    pub streams: Arc<Semaphore>,
    /// The details of runs that were rendered a moment ago.
    pub details: Arc<DetailsCache>,
}

impl Traffic {
    /// Starts a run from the form, if that is acknowledged and valid.
    ///
    /// # Errors
    /// What keeps the server from starting any run now.
    pub async fn start_from_form(&self, form: &StartForm) -> Result<StartOutcome, AppError> {
        let manager = &self.runs;
        let settings = match form.check(manager.cap(), || fastrand::u32(..)) {
            Ok(settings) => settings,
            Err(invalid) => return Ok(StartOutcome::Refused(invalid.errors)),
        };
        match manager.start(settings).await {
            Ok(started) => {
                let run = manager.run(started.job_id).await.map_err(inside)?.ok_or(AppError::NotFound)?;
                Ok(StartOutcome::Started(Box::new(run)))
            }
            Err(StartRefusal::Busy(id) | StartRefusal::Unstored(id)) => Ok(StartOutcome::Busy(id)),
            Err(StartRefusal::ShuttingDown) => Err(AppError::ShuttingDown),
            Err(refusal) => Err(inside(refusal)),
        }
    }

    /// Gives a run the name and the note in the form, if that is valid.
    pub async fn rename_from_form(&self, id: RunId, form: &NamingForm) -> RenameOutcome {
        let naming = match form.check() {
            Ok(naming) => naming,
            Err(invalid) => return RenameOutcome::Refused(invalid.errors),
        };
        match self.runs.rename(id, naming).await {
            Ok(Some(_)) => RenameOutcome::Renamed,
            Ok(None) => RenameOutcome::Gone,
            Err(error) => RenameOutcome::Failed(inside(error)),
        }
    }
}

/// One page of the history.
///
/// # Errors
/// When the database can't be read.
pub async fn page_of_runs(manager: &RunManager, query: &HistoryQuery) -> Result<RunsPage, StoreError> {
    let (runs, more) = manager.list(query).await?;
    let next = runs.last().filter(|_| more).map(|run| Cursor { rank: run.rank, id: run.id }.to_string());
    let unreadable = runs.iter().filter(|run| run.summary.is_none()).map(|run| run.id).collect();
    Ok(RunsPage { runs: runs.into_iter().filter_map(|run| run.summary).collect(), unreadable, next })
}

/// Reads the id of a run from a path.
///
/// # Errors
/// 400 when it is not a UUID.
pub fn run_id(text: &str) -> Result<RunId, ApiError> {
    text.parse().map_err(|_| ApiError::malformed("jobId", "is not a UUID"))
}

/// The answer 404 to a request for a run that does not exist.
pub fn no_such_run() -> ApiError {
    ApiError::not_found("There is no run with this id. It may have been deleted.")
}
