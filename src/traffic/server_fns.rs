//! The bridges between the page and the jobs.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use serde::{Deserialize, Serialize};

use super::form::{RunsForm, StartForm};
use super::model::Job;
use crate::error::AppError;
use crate::input::FieldError;
use crate::origin::RunId;
use crate::packed::Packed;

/// A run and its name. What receives it does not need the code that reads all of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PackedJob {
    /// Its name.
    pub job_id: RunId,
    /// The run, a [`Job`].
    pub job: Packed,
}

impl PackedJob {
    /// Packs a run.
    ///
    /// # Errors
    /// As [`Packed::pack`].
    pub fn pack(job: &Job) -> Result<Self, AppError> {
        Ok(Self { job_id: job.job_id, job: Packed::pack(job)? })
    }
}

/// What came of a start that was asked for on the page. Refusals are values: the form shows them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum StartOutcome {
    /// It runs.
    Started(PackedJob),
    /// This run is active; no second one was started.
    Busy(RunId),
    /// The form was not filled in as it should be.
    Refused(Vec<FieldError>),
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

/// Stops a run, and gives it as a [`Job`]. Without JavaScript, redirects to the run.
#[server(prefix = "/fn", endpoint = "traffic/stop")]
pub async fn stop_traffic(
    /// The run.
    job_id: RunId,
) -> Result<Packed, AppError> {
    Packed::pack(&super::server::page::stop(job_id).await?)
}

/// What came of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeleteOutcome {
    /// It is gone.
    Deleted,
    /// It is active, and stays.
    Active,
}

/// What the card needs to know before it is drawn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CardState {
    /// The run that is active.
    pub active: Option<PackedJob>,
    /// The cap of this server, in requests per second.
    pub cap: u32,
    /// A seed for the form: the announced total is that of the run.
    pub seed: u32,
}

/// The state of the card, a [`CardState`].
#[server(prefix = "/fn", endpoint = "traffic/card", input = GetUrl, output = Json)]
pub async fn get_card_state() -> Result<Packed, AppError> {
    Packed::pack(&super::server::page::card_state().await?)
}

/// One page of the history, a [`super::model::RunsPage`]; empty texts are as good as none.
#[server(prefix = "/fn", endpoint = "traffic/runs", input = GetUrl, output = Json)]
pub async fn get_runs(
    /// Which runs.
    #[server(default)]
    query: RunsForm,
) -> Result<Packed, AppError> {
    Packed::pack(&super::server::page::runs(query).await?)
}

/// Removes a closed run from the history. Without JavaScript, redirects to the history.
#[server(prefix = "/fn", endpoint = "traffic/delete")]
pub async fn delete_run(
    /// The run.
    job_id: RunId,
) -> Result<DeleteOutcome, AppError> {
    super::server::page::delete(job_id).await
}

/// A run from both sides, a [`super::engine::sides::Sides`].
#[server(prefix = "/fn", endpoint = "traffic/sides", input = GetUrl, output = Json)]
pub async fn get_sides(
    /// The run.
    job_id: RunId,
) -> Result<Packed, AppError> {
    Packed::pack(&super::server::page::sides(job_id).await?)
}

/// One request of a run, an [`super::engine::exchange::Exchange`]; nothing when the run does not know it.
#[server(prefix = "/fn", endpoint = "traffic/exchange", input = GetUrl, output = Json)]
pub async fn get_exchange(
    /// The run.
    job_id: RunId,
    /// Its place in the plan.
    seq: u32,
) -> Result<Packed, AppError> {
    Packed::pack(&super::server::page::exchange(job_id, seq).await?)
}

/// A run second by second, a [`super::engine::timeline::Timeline`]: too much for every snapshot, so it is asked for apart.
#[server(prefix = "/fn", endpoint = "traffic/timeline", input = GetUrl, output = Json)]
pub async fn get_timeline(
    /// The run.
    job_id: RunId,
) -> Result<Packed, AppError> {
    Packed::pack(&super::server::page::timeline(job_id).await?)
}

/// One run, live or stored, a [`Job`].
#[server(prefix = "/fn", endpoint = "traffic/run", input = GetUrl, output = Json)]
pub async fn get_run(
    /// The run.
    job_id: RunId,
) -> Result<Packed, AppError> {
    Packed::pack(&super::server::page::run(job_id).await?)
}
