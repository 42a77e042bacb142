//! What handlers and server functions of the simulator share.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::findings::Details;
use super::run_manager::{RunManager, StartRefusal};
use crate::error::AppError;
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::problem::{ApiError, inside};
use crate::traffic::history_query::HistoryQuery;
use crate::traffic::model::RunsPage;
use crate::traffic::outcomes::StartOutcome;
use crate::traffic::run_order::Cursor;
use crate::traffic::start_request::StartForm;

/// What the handlers need.
#[derive(Clone)]
pub struct Traffic {
    /// All jobs.
    pub jobs: Arc<RunManager>,
    /// Ends the streams.
    pub shutdown: CancellationToken,
    /// One for each live stream that may be open.
    pub streams: Arc<Semaphore>,
    /// What was drawn of runs a moment ago.
    pub details: Arc<Details>,
}

impl Traffic {
    /// Starts a run from the form, if that is acknowledged and valid.
    ///
    /// # Errors
    /// What keeps the server from starting any run now.
    pub async fn start_from_form(&self, form: &StartForm) -> Result<StartOutcome, AppError> {
        let jobs = &self.jobs;
        let settings = match form.check(jobs.cap(), || fastrand::u32(..)) {
            Ok(settings) => settings,
            Err(invalid) => return Ok(StartOutcome::Refused(invalid.errors)),
        };
        match jobs.start(settings).await {
            Ok(started) => {
                let job = jobs.job(started.job_id).await.map_err(inside)?.ok_or(AppError::NotFound)?;
                Ok(StartOutcome::Started(Box::new(job)))
            }
            Err(StartRefusal::Busy(id) | StartRefusal::Unstored(id)) => Ok(StartOutcome::Busy(id)),
            Err(StartRefusal::ShuttingDown) => Err(AppError::ShuttingDown),
            Err(refusal) => Err(inside(refusal)),
        }
    }
}

/// One page of the history.
///
/// # Errors
/// When the database can't be read.
pub async fn page_of_runs(jobs: &RunManager, query: &HistoryQuery) -> Result<RunsPage, StoreError> {
    let (runs, more) = jobs.list(query).await?;
    let next = runs.last().filter(|_| more).map(|run| Cursor { rank: run.rank, id: run.id }.to_string());
    let unreadable = runs.iter().filter(|run| run.summary.is_none()).map(|run| run.id).collect();
    Ok(RunsPage { runs: runs.into_iter().filter_map(|run| run.summary).collect(), unreadable, next })
}

/// The id in a path.
///
/// # Errors
/// 400 when it is no UUID.
pub fn run_id(text: &str) -> Result<RunId, ApiError> {
    text.parse().map_err(|_| ApiError::malformed("jobId", "is not a UUID"))
}

/// 404.
pub fn no_such_run() -> ApiError {
    ApiError::not_found("There is no run with this id. It may have been deleted.")
}
