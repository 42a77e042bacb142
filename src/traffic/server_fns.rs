//! The server functions of the simulator. Their bodies run on the server, and do the same as the REST routes.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};

use super::engine::exchange::Exchange;
use super::engine::timeline::Timeline;
use super::history_query::HistoryForm;
use super::model::{Run, RunsPage};
use super::outcomes::{CardState, DeleteOutcome, StartOutcome, StopOutcome};
use super::start_request::StartForm;
use super::view::run_details::RunDetails;
use crate::error::AppError;
use crate::origin::RunId;
#[cfg(feature = "ssr")]
use {
    super::history_query::HistoryQuery,
    super::server::plain_form::{is_plain_form, redirect_plain_form},
    super::server::refusals::DeleteRefusal,
    super::server::state::{Traffic, page_of_runs},
    crate::platform::problem::inside,
    crate::query::link,
    crate::ui::chart::Rows,
};

/// Starts a run. Without JavaScript, redirects to the run, or back to the form with its input.
#[server(prefix = "/fn", endpoint = "traffic/start")]
pub async fn start_traffic(
    /// The choices in the form.
    #[server(default)]
    form: StartForm,
) -> Result<StartOutcome, AppError> {
    let outcome = expect_context::<Traffic>().start_from_form(&form).await.unwrap_or_else(StartOutcome::Failed);
    redirect_plain_form(&match (&outcome, outcome.refusal()) {
        (StartOutcome::Started(run), _) => format!("/runs/{}", run.job_id),
        (_, why) => form.refused(why.unwrap_or_default()),
    });
    Ok(outcome)
}

/// Stops a run. Without JavaScript, redirects to the run.
#[server(prefix = "/fn", endpoint = "traffic/stop")]
pub async fn stop_traffic(
    /// The id of the run.
    job_id: RunId,
) -> Result<StopOutcome, AppError> {
    let outcome = match expect_context::<Traffic>().runs.stop(job_id).await.map_err(inside) {
        Ok(Some(_)) => StopOutcome::Stopped,
        // The run's page, which comes next, says that there is no such run.
        Ok(None) if is_plain_form() => StopOutcome::Gone,
        Ok(None) => return Err(AppError::NotFound),
        Err(error) => StopOutcome::Failed(error),
    };
    let why = match &outcome {
        StopOutcome::Failed(error) => vec![("stop", error.wire_name().to_owned())],
        StopOutcome::Stopped | StopOutcome::Gone => Vec::new(),
    };
    redirect_plain_form(&link(&format!("/runs/{job_id}"), &why));
    Ok(outcome)
}

/// The state of the card.
#[server(prefix = "/fn", endpoint = "traffic/card", input = GetUrl, output = Json)]
pub async fn get_card_state() -> Result<CardState, AppError> {
    let runs = expect_context::<Traffic>().runs;
    let active = runs.active().map(|run| Box::new(run.snapshot()));
    Ok(CardState { active, cap: runs.cap(), seed: fastrand::u32(..) })
}

/// One page of the history. Empty texts count as missing.
#[server(prefix = "/fn", endpoint = "traffic/runs", input = GetUrl, output = Json)]
pub async fn get_runs(
    /// Filter, order and page.
    #[server(default)]
    query: HistoryForm,
) -> Result<RunsPage, AppError> {
    let query = query.check().map_err(|_| AppError::Malformed)?;
    page_of_runs(&expect_context::<Traffic>().runs, &query).await.map_err(inside)
}

/// Removes a closed run from the history. Without JavaScript, redirects to the history.
#[server(prefix = "/fn", endpoint = "traffic/delete")]
pub async fn delete_run(
    /// The id of the run.
    job_id: RunId,
    /// The query of the history page to come back to.
    #[server(default)]
    back: String,
) -> Result<DeleteOutcome, AppError> {
    let outcome = match expect_context::<Traffic>().runs.delete(job_id).await {
        Ok(()) => DeleteOutcome::Deleted,
        Err(DeleteRefusal::Active) => DeleteOutcome::Active,
        Err(DeleteRefusal::NotFound) if is_plain_form() => DeleteOutcome::Gone,
        Err(DeleteRefusal::NotFound) => return Err(AppError::NotFound),
        Err(DeleteRefusal::Storage(error)) => DeleteOutcome::Failed(inside(error)),
    };
    let still_there = matches!(outcome, DeleteOutcome::Active | DeleteOutcome::Failed(_));
    redirect_plain_form(&HistoryQuery::of_query(&back).after_deletion(outcome.wire_name(), job_id, still_there));
    Ok(outcome)
}

/// One request of a run; `None` if the run has no record of it.
#[server(prefix = "/fn", endpoint = "traffic/exchange", input = GetUrl, output = Json)]
pub async fn get_exchange(
    /// The id of the run.
    job_id: RunId,
    /// The sequence number of the request in the plan.
    seq: u32,
) -> Result<Option<Exchange>, AppError> {
    expect_context::<Traffic>().runs.exchange(job_id, seq).await.map_err(inside)
}

/// A run by second. Too large for every snapshot, so it is fetched separately.
#[server(prefix = "/fn", endpoint = "traffic/timeline", input = GetUrl, output = Json)]
pub async fn get_timeline(
    /// The id of the run.
    job_id: RunId,
) -> Result<Timeline, AppError> {
    let run = get_run(job_id).await?;
    expect_context::<Traffic>().runs.timeline(&run).await.map_err(inside)
}

/// One run, live or stored.
#[server(prefix = "/fn", endpoint = "traffic/run", input = GetUrl, output = Json)]
pub async fn get_run(
    /// The id of the run.
    job_id: RunId,
) -> Result<Run, AppError> {
    expect_context::<Traffic>().runs.run(job_id).await.map_err(inside)?.ok_or(AppError::NotFound)
}

/// What a run's page shows below the panel, as HTML.
#[server(prefix = "/fn", endpoint = "traffic/details", input = GetUrl, output = Json)]
pub async fn get_run_details(
    /// The id of the run.
    job_id: RunId,
    /// The charts whose tables get their rows, as [`crate::ui::chart::Rows::read`] takes them.
    #[server(default)]
    points: String,
    /// Include the comparison of client and server, which reads every request of the run?
    #[server(default)]
    sides: bool,
) -> Result<RunDetails, AppError> {
    let Traffic { runs, details, .. } = expect_context::<Traffic>();
    details.of(&runs, job_id, Rows::read(&points), sides).await
}
