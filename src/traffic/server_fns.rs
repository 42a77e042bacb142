//! The bridges between the page and the jobs.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use serde::{Deserialize, Serialize};

use super::engine::exchange::Exchange;
use super::engine::timeline::Timeline;
use super::form::{RunsForm, StartForm};
use super::model::{Job, RunsPage};
use super::run_details::RunDetails;
use crate::error::AppError;
use crate::input::FieldError;
use crate::origin::RunId;

/// What came of a start that was asked for on the page. Refusals are values: the form shows them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum StartOutcome {
    /// It runs.
    Started(Box<Job>),
    /// This run is active; no second one was started.
    Busy(RunId),
    /// The form was not filled in as it should be.
    Refused(Vec<FieldError>),
    /// The server could not do it; nothing was started.
    Failed(AppError),
}

impl StartOutcome {
    /// Why nothing was started, as the address of the form carries it. Absent when a run was started.
    pub fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Started(_) => None,
            Self::Busy(_) => Some("busy"),
            Self::Refused(_) => Some("input"),
            Self::Failed(error) => Some(error.wire_name()),
        }
    }
}

/// Starts a run. Without JavaScript, redirects to the run, or back to the form with its input.
#[server(prefix = "/fn", endpoint = "traffic/start")]
pub async fn start_traffic(
    /// The form.
    #[server(default)]
    form: StartForm,
) -> Result<StartOutcome, AppError> {
    super::server::page::start(form).await
}

/// What came of a stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopOutcome {
    /// Nothing of the run leaves any more; it may have ended before.
    Stopped,
    /// There is no such run.
    Gone,
    /// The server could not do it.
    Failed(AppError),
}

/// Stops a run. Without JavaScript, redirects to the run.
#[server(prefix = "/fn", endpoint = "traffic/stop")]
pub async fn stop_traffic(
    /// The run.
    job_id: RunId,
) -> Result<StopOutcome, AppError> {
    super::server::page::stop(job_id).await
}

/// What came of a deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeleteOutcome {
    /// It is gone.
    Deleted,
    /// It is active, and stays.
    Active,
    /// It was gone already.
    Gone,
    /// The server could not do it; the run is still there.
    Failed(AppError),
}

impl DeleteOutcome {
    /// As the address of the history carries it to the next page.
    pub fn wire_name(&self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Active => "active",
            Self::Gone => "gone",
            Self::Failed(error) => error.wire_name(),
        }
    }
}

/// What the card needs to know before it is drawn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CardState {
    /// The run that is active.
    pub active: Option<Box<Job>>,
    /// The cap of this server, in requests per second.
    pub cap: u32,
    /// A seed for the form: the announced total is that of the run.
    pub seed: u32,
}

/// The state of the card.
#[server(prefix = "/fn", endpoint = "traffic/card", input = GetUrl, output = Json)]
pub async fn get_card_state() -> Result<CardState, AppError> {
    super::server::page::card_state().await
}

/// One page of the history; empty texts are as good as none.
#[server(prefix = "/fn", endpoint = "traffic/runs", input = GetUrl, output = Json)]
pub async fn get_runs(
    /// Which runs.
    #[server(default)]
    query: RunsForm,
) -> Result<RunsPage, AppError> {
    super::server::page::runs(query).await
}

/// Removes a closed run from the history. Without JavaScript, redirects to the history.
#[server(prefix = "/fn", endpoint = "traffic/delete")]
pub async fn delete_run(
    /// The run.
    job_id: RunId,
    /// The query of the history from which it was deleted, to come back to it.
    #[server(default)]
    back: String,
) -> Result<DeleteOutcome, AppError> {
    super::server::page::delete(job_id, &back).await
}

/// One request of a run; nothing when the run does not know it.
#[server(prefix = "/fn", endpoint = "traffic/exchange", input = GetUrl, output = Json)]
pub async fn get_exchange(
    /// The run.
    job_id: RunId,
    /// Its place in the plan.
    seq: u32,
) -> Result<Option<Exchange>, AppError> {
    super::server::page::exchange(job_id, seq).await
}

/// A run second by second: too much for every snapshot, so it is asked for apart.
#[server(prefix = "/fn", endpoint = "traffic/timeline", input = GetUrl, output = Json)]
pub async fn get_timeline(
    /// The run.
    job_id: RunId,
) -> Result<Timeline, AppError> {
    super::server::page::timeline(job_id).await
}

/// One run, live or stored.
#[server(prefix = "/fn", endpoint = "traffic/run", input = GetUrl, output = Json)]
pub async fn get_run(
    /// The run.
    job_id: RunId,
) -> Result<Job, AppError> {
    super::server::page::run(job_id).await
}

/// What a run's page shows below its panel, as HTML.
#[server(prefix = "/fn", endpoint = "traffic/details", input = GetUrl, output = Json)]
pub async fn get_run_details(
    /// The run.
    job_id: RunId,
    /// The charts that are to have their points, by their ids with commas between; `all` for all.
    #[server(default)]
    points: String,
    /// With both sides, for which all its requests have to be looked at.
    #[server(default)]
    sides: bool,
) -> Result<RunDetails, AppError> {
    super::server::page::details(job_id, &points, sides).await
}
