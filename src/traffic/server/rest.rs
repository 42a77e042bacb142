//! The REST routes of the traffic simulator.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::export::{__path_export, export};
use super::frame::Frame;
use super::refusals::{DeleteRefusal, StartRefusal};
use super::state::{Traffic, no_such_run, page_of_runs, run_id};
use super::store::Removal;
use super::stream;
use crate::error::Problem;
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::extract::{JsonFields, QueryFields};
use crate::platform::problem::ApiError;
use crate::traffic::engine::scenario::Scenario;
use crate::traffic::history_query::{HistoryQuery, Order};
use crate::traffic::model::{Run, RunsPage, Started, Status};
use crate::traffic::naming::{Naming, NamingRequest};
use crate::traffic::start_request::StartRequest;

/// The routes below `/traffic`, with their documentation.
pub fn routes() -> OpenApiRouter<Traffic> {
    OpenApiRouter::new()
        .routes(routes!(start))
        .routes(routes!(status))
        .routes(routes!(stop))
        .routes(routes!(stream_run))
        .routes(routes!(runs))
        .routes(routes!(run, rename, delete))
        .routes(routes!(export))
}

impl From<StartRefusal> for ApiError {
    fn from(refusal: StartRefusal) -> Self {
        match refusal {
            StartRefusal::Busy(id) => {
                let detail = format!("Run {id} is active. Stop it, or wait until it is closed, and start again.");
                Self::new(StatusCode::CONFLICT, detail).conflicting_with(id).retry_after(1)
            }
            StartRefusal::Unstored(id) => {
                let detail = format!(
                    "Run {id} is finished, not stored yet, because the database can't be written. Storing is retried until it succeeds; start again after that."
                );
                Self::new(StatusCode::CONFLICT, detail).conflicting_with(id).retry_after(1)
            }
            StartRefusal::Lost(why) => Self::new(StatusCode::SERVICE_UNAVAILABLE, why).retry_after(5),
            StartRefusal::Panicked => Self::internal("a start panicked"),
            StartRefusal::ShuttingDown => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "The server is shutting down.").retry_after(5)
            }
            StartRefusal::Storage(error) => error.into(),
        }
    }
}

impl From<DeleteRefusal> for ApiError {
    fn from(refusal: DeleteRefusal) -> Self {
        match refusal {
            DeleteRefusal::Active => {
                let detail = "This run is active: it is running, or its result is not stored yet. Stop it or wait until it is closed, and delete it then.";
                Self::new(StatusCode::CONFLICT, detail).retry_after(1)
            }
            DeleteRefusal::NotFound => no_such_run(),
            DeleteRefusal::Storage(error) => error.into(),
        }
    }
}

/// Starts a run. One run can be active at a time.
#[utoipa::path(post, path = "/start", tag = "Traffic", operation_id = "startRun", request_body = StartRequest,
    responses(
        (status = 201, description = "The run is starting", body = Started, headers(("location" = String, description = "The address of its status"))),
        (status = 408, description = "The body did not arrive in time", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another run is active; `jobId` names it", body = Problem, content_type = "application/problem+json",
            headers(("retry-after" = u32, description = "Seconds"))),
        (status = 413, description = "The body is larger than 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A value is out of range", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn start(State(traffic): State<Traffic>, JsonFields(fields): JsonFields) -> Result<Response, ApiError> {
    let settings = StartRequest::check(&fields, traffic.runs.cap(), || fastrand::u32(..))?;
    let started: Started = traffic.runs.start(settings).await?;
    let location = HeaderValue::from_str(&format!("/traffic/status/{}", started.job_id)).map_err(ApiError::internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(started)).into_response())
}

/// The present state of a run, live or stored.
#[utoipa::path(get, path = "/status/{jobId}", tag = "Traffic", operation_id = "getStatus",
    params(("jobId" = RunId, Path, description = "The run")),
    responses(
        (status = 200, description = "The run, with all numbers taken at the same moment", body = Run),
        (status = 404, description = "There is no such run", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn status(State(traffic): State<Traffic>, Path(id): Path<String>) -> Result<Json<Run>, ApiError> {
    traffic.runs.run(run_id(&id)?).await.map_err(unreadable)?.map(Json).ok_or_else(no_such_run)
}

/// The answer when a stored run can't be read: its message says that the run, and not the server, is at fault.
fn unreadable(error: StoreError) -> ApiError {
    if !matches!(error, StoreError::Decode(_) | StoreError::ColumnDecode { .. }) {
        return error.into();
    }
    tracing::warn!(%error, "a stored run can't be read");
    let detail =
        "This stored run can't be read: it is damaged, or of a newer version of this program. It can be deleted.";
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
}

/// Stops a run: no request is sent after the answer. Can be repeated.
#[utoipa::path(post, path = "/stop/{jobId}", tag = "Traffic", operation_id = "stopRun",
    params(("jobId" = RunId, Path, description = "The run")),
    responses(
        (status = 200, description = "The run, which is stopped or had ended before", body = Run),
        (status = 404, description = "There is no such run", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn stop(State(traffic): State<Traffic>, Path(id): Path<String>) -> Result<Json<Run>, ApiError> {
    traffic.runs.stop(run_id(&id)?).await.map_err(unreadable)?.map(Json).ok_or_else(no_such_run)
}

/// Lists the stored runs, newest first unless another order is asked for.
#[utoipa::path(get, path = "/runs", tag = "History", operation_id = "listRuns",
    params(
        ("cursor" = Option<String>, Query, nullable = false,
            pattern = r"^(-?[0-9]{1,15}~)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", description = "The `next` of an earlier page of the same order"),
        ("limit" = Option<u32>, Query, nullable = false, minimum = 1, maximum = 100, description = "Runs on a page; 20 when left out"),
        ("scenario" = Option<Scenario>, Query, nullable = false, description = "Only runs of this scenario"),
        ("status" = Option<Status>, Query, nullable = false, description = "Only runs in this state"),
        ("name" = Option<String>, Query, nullable = false, min_length = 1, max_length = 80,
            pattern = r"^\s*[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?\s*$", description = "Only runs with this text in their names; capital and small letters of ASCII are the same"),
        ("order" = Option<Order>, Query, nullable = false, description = "The value by which the runs are ordered, largest first; their start when left out"),
        ("ascending" = Option<bool>, Query, nullable = false, description = "Whether the smallest value comes first"),
    ),
    responses(
        (status = 200, description = "One page", body = RunsPage),
        (status = 422, description = "A value is out of range", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn runs(
    State(traffic): State<Traffic>,
    QueryFields(fields): QueryFields,
) -> Result<Json<RunsPage>, ApiError> {
    Ok(Json(page_of_runs(&traffic.runs, &HistoryQuery::check(fields)?).await?))
}

/// One run of the history: the same as its status.
#[utoipa::path(get, path = "/runs/{jobId}", tag = "History", operation_id = "getRun",
    params(("jobId" = RunId, Path, description = "The run")),
    responses(
        (status = 200, description = "The run", body = Run),
        (status = 404, description = "There is no such run", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn run(traffic: State<Traffic>, id: Path<String>) -> Result<Json<Run>, ApiError> {
    status(traffic, id).await
}

/// Gives a run a name and a note, or removes them. A run with either of them does not expire.
#[utoipa::path(patch, path = "/runs/{jobId}", tag = "History", operation_id = "renameRun", request_body = NamingRequest,
    params(("jobId" = RunId, Path, description = "The run")),
    responses(
        (status = 200, description = "The run", body = Run),
        (status = 404, description = "There is no such run", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A text is too long, or holds control characters", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn rename(
    State(traffic): State<Traffic>,
    Path(id): Path<String>,
    JsonFields(fields): JsonFields,
) -> Result<Json<Run>, ApiError> {
    let id = run_id(&id)?;
    let naming = Naming::check(&fields)?;
    traffic.runs.rename(id, naming).await.map_err(unreadable)?.map(Json).ok_or_else(no_such_run)
}

/// Deletes a closed run from the history. Its recorded requests stay in the metrics.
#[utoipa::path(delete, path = "/runs/{jobId}", tag = "History", operation_id = "deleteRun",
    params(("jobId" = RunId, Path, description = "The run")),
    responses(
        (status = 204, description = "The run is deleted"),
        (status = 404, description = "There is no such run", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The run is active", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn delete(State(traffic): State<Traffic>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    traffic.runs.delete(run_id(&id)?, Removal::Asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Streams a run as server-sent events: `stats` every half second, then one `done`, then the stream ends. The data of
/// `done` is the whole run. The data of `stats` stays below 4 KB, because it leaves out what does not change the live
/// picture (in its `stats`: `calls`, `fates`, `failures` and the checks made at the end); the status has that.
#[utoipa::path(get, path = "/stream/{jobId}", tag = "Traffic", operation_id = "streamRun",
    params(
        ("jobId" = RunId, Path, description = "The run"),
        ("last-event-id" = Option<String>, Header, description = "The last event that the client has seen; browsers send it by themselves"),
    ),
    responses(
        (status = 200, description = "The events. The data of each is a run, in `stats` without its larger parts", body = String, content_type = "text/event-stream"),
        (status = 204, description = "The client has seen the last event already and should not reconnect"),
        (status = 404, description = "There is no such run", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn stream_run(
    State(traffic): State<Traffic>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = run_id(&id)?;
    let receiver = match traffic.runs.live(id) {
        Some(run) => run.frames(),
        None => {
            let stored = traffic.runs.run(id).await.map_err(unreadable)?.ok_or_else(no_such_run)?;
            // The last frame of the run, made again. Nothing is sent to this channel any more.
            watch::channel(Frame::new(stored, u64::from(u32::MAX))).1
        }
    };
    let Ok(permit) = Arc::clone(&traffic.streams).try_acquire_owned() else {
        let detail =
            "As many live streams are open as this server allows. Fetch the status instead, or try again later.";
        return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(5));
    };
    Ok(stream::respond(receiver, &headers, traffic.shutdown, permit))
}
