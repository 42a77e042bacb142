//! The REST routes of the traffic simulator, and the functions that the page's bridges share with them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::history::RunHistory;
use super::job;
use super::jobs::{JobManager, StartRefusal};
use super::stream;
use crate::input::{Fields, Invalid};
use crate::origin::RunId;
use crate::server::problem::{JsonFields, Refusal};
use crate::traffic::input;
use crate::traffic::model::{Job, Settings, Started};

/// What the handlers need.
#[derive(Clone)]
pub struct Traffic {
    /// All jobs.
    pub jobs: Arc<JobManager>,
    /// The stored runs.
    pub history: Arc<dyn RunHistory>,
    /// Ends the streams.
    pub shutdown: CancellationToken,
    /// One for each live stream that may be open.
    pub streams: Arc<Semaphore>,
}

impl From<StartRefusal> for Refusal {
    fn from(refusal: StartRefusal) -> Self {
        match refusal {
            StartRefusal::Busy(id) => {
                let detail = format!("Run {id} is active. Stop it, or wait until it is closed, and start again.");
                Self::new(StatusCode::CONFLICT, detail).with_job(id).retry_after(1)
            }
            StartRefusal::ShuttingDown => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "The server is shutting down.").retry_after(5)
            }
            StartRefusal::Storage(error) => error.into(),
        }
    }
}

/// Checks the fields of a start against this process's cap; draws a seed when none is given.
///
/// # Errors
/// [`Invalid`] with every fault.
pub fn check(jobs: &JobManager, fields: &Fields) -> Result<Settings, Invalid> {
    input::settings(fields, jobs.cap(), || fastrand::u32(..))
}

fn run_id(text: &str) -> Result<RunId, Refusal> {
    text.parse().map_err(|_| Refusal::malformed("jobId", "is not a UUID"))
}

fn no_such_run() -> Refusal {
    Refusal::not_found("There is no run with this id. It may have been deleted.")
}

/// `POST /traffic/start`
pub async fn start(State(traffic): State<Traffic>, JsonFields(fields): JsonFields) -> Result<Response, Refusal> {
    let settings = check(&traffic.jobs, &fields)?;
    let started: Started = traffic.jobs.start(settings).await?;
    let location = HeaderValue::from_str(&format!("/traffic/status/{}", started.job_id)).map_err(Refusal::internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(started)).into_response())
}

/// `GET /traffic/status/{jobId}`
pub async fn status(State(traffic): State<Traffic>, Path(id): Path<String>) -> Result<Json<Job>, Refusal> {
    traffic.jobs.job(run_id(&id)?).await?.map(Json).ok_or_else(no_such_run)
}

/// `POST /traffic/stop/{jobId}`
pub async fn stop(State(traffic): State<Traffic>, Path(id): Path<String>) -> Result<Json<Job>, Refusal> {
    traffic.jobs.stop(run_id(&id)?).await?.map(Json).ok_or_else(no_such_run)
}

/// `GET /traffic/stream/{jobId}`
pub async fn live(
    State(traffic): State<Traffic>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id = run_id(&id)?;
    let receiver = match traffic.jobs.live(id) {
        Some(job) => job.frames(),
        None => {
            let stored = traffic.jobs.job(id).await?.ok_or_else(no_such_run)?;
            // Its last frame, made again; nobody sends to this channel any more.
            watch::channel(job::frame(&stored, u64::from(u32::MAX))).1
        }
    };
    let Ok(place) = Arc::clone(&traffic.streams).try_acquire_owned() else {
        let detail =
            "As many live streams are open as this server allows. Ask for the status instead, or come back later.";
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(5));
    };
    Ok(stream::respond(receiver, &headers, traffic.shutdown, place))
}
