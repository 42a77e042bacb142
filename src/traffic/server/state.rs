//! What the REST handlers and the server functions of the simulator share.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::details_cache::DetailsCache;
use super::refusals::StartRefusal;
use super::run_manager::RunManager;
use super::store::RunFilter;
use crate::error::AppError;
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::problem::{ApiError, inside};
use crate::traffic::model::{RunsPage, Settings};
use crate::traffic::outcomes::StartOutcome;
use crate::traffic::run_order::Cursor;
use crate::traffic::start_request::StartForm;
use crate::traffic::validation;
use crate::traffic::validation::RunsQuery;
use crate::validation::{FieldError, Fields, Invalid};

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
        let jobs = &self.runs;
        let mut faults = Vec::new();
        if !form.is_acknowledged() {
            let detail = "is not ticked; tick \"I understand this generates load\" first";
            faults.push(FieldError { field: "acknowledged".to_owned(), detail: detail.to_owned() });
        }
        let settings = match check(jobs, &form.fields()) {
            Ok(settings) if faults.is_empty() => settings,
            Ok(_) => return Ok(StartOutcome::Refused(faults)),
            Err(invalid) => {
                faults.extend(invalid.errors);
                return Ok(StartOutcome::Refused(faults));
            }
        };
        match jobs.start(settings).await {
            Ok(started) => {
                let job = jobs.run(started.job_id).await.map_err(inside)?.ok_or(AppError::NotFound)?;
                Ok(StartOutcome::Started(Box::new(job)))
            }
            Err(StartRefusal::Busy(id) | StartRefusal::Unstored(id)) => Ok(StartOutcome::Busy(id)),
            Err(StartRefusal::ShuttingDown) => Err(AppError::ShuttingDown),
            Err(refusal) => Err(inside(refusal)),
        }
    }
}

/// Checks the fields of a start against this process's cap; draws a seed when none is given.
///
/// # Errors
/// [`Invalid`] with every fault.
pub fn check(jobs: &RunManager, fields: &Fields) -> Result<Settings, Invalid> {
    validation::settings(fields, jobs.cap(), || fastrand::u32(..))
}

/// One page of the history.
///
/// # Errors
/// When the database can't be read.
pub async fn page_of_runs(jobs: &RunManager, query: RunsQuery) -> Result<RunsPage, StoreError> {
    let RunsQuery { cursor, limit, scenario, status, order, ascending } = query;
    let filter = RunFilter { behind: cursor, scenario, status, limit, order, ascending, live: None };
    let (runs, more) = jobs.list(&filter).await?;
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
