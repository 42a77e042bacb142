//! The server functions of the simulator. Their bodies run on the server, and do the same as the REST routes.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::engine::exchange::Exchange;
use super::engine::failures::Failure;
use super::engine::sides::Sides;
use super::engine::timeline::Timeline;
use super::history_query::HistoryForm;
use super::model::{Run, RunsPage};
use super::outcomes::{CardState, DeleteOutcome, RenameOutcome, RunDetails, StartOutcome, StopOutcome};
use super::start_request::StartForm;
use crate::error::AppError;
use crate::origin::RunId;
#[cfg(feature = "ssr")]
use {
    super::history_query::HistoryQuery,
    super::naming::NamingForm,
    super::server::plain_form::{is_plain_form, redirect_plain_form},
    super::server::refusals::DeleteRefusal,
    super::server::state::{Traffic, page_of_runs},
    super::server::store::Removal,
    crate::platform::problem::inside,
    crate::query::link,
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
#[server(prefix = "/fn", endpoint = "traffic/card", input = GetUrl)]
pub async fn get_card_state(
    /// Is a new run being set up? Then the last one is left out.
    #[server(default)]
    new: bool,
) -> Result<CardState, AppError> {
    let runs = expect_context::<Traffic>().runs;
    let active = runs.active().map(|run| Box::new(run.snapshot()));
    let last = match active.is_none() && !new {
        // Without the last run the card shows the form, and the reason is in the log.
        true => runs.last().await.map_err(inside).unwrap_or_default().map(Box::new),
        false => None,
    };
    Ok(CardState { active, last, cap: runs.cap(), seed: fastrand::u32(..) })
}

/// One page of the history. Empty texts count as missing.
#[server(prefix = "/fn", endpoint = "traffic/runs", input = GetUrl)]
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
    let outcome = match expect_context::<Traffic>().runs.delete(job_id, Removal::Asked).await {
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
#[server(prefix = "/fn", endpoint = "traffic/exchange", input = GetUrl)]
pub async fn get_exchange(
    /// The id of the run.
    job_id: RunId,
    /// The sequence number of the request in the plan.
    seq: u32,
) -> Result<Option<Exchange>, AppError> {
    expect_context::<Traffic>().runs.exchange(job_id, seq).await.map_err(inside)
}

/// A run by second. Too large for every snapshot, so it is fetched separately.
#[server(prefix = "/fn", endpoint = "traffic/timeline", input = GetUrl)]
pub async fn get_timeline(
    /// The id of the run.
    job_id: RunId,
) -> Result<Timeline, AppError> {
    let run = get_run(job_id).await?;
    expect_context::<Traffic>().runs.timeline(&run).await.map_err(inside)
}

/// One run, live or stored.
#[server(prefix = "/fn", endpoint = "traffic/run", input = GetUrl)]
pub async fn get_run(
    /// The id of the run.
    job_id: RunId,
) -> Result<Run, AppError> {
    expect_context::<Traffic>().runs.run(job_id).await.map_err(inside)?.ok_or(AppError::NotFound)
}

/// A run and its course. Computed at most once a second for all who ask.
#[server(prefix = "/fn", endpoint = "traffic/details", input = GetUrl)]
pub async fn get_run_details(
    /// The id of the run.
    job_id: RunId,
) -> Result<RunDetails, AppError> {
    let Traffic { runs, details, .. } = expect_context::<Traffic>();
    details.of_run(&runs, job_id).await
}

/// A run from both sides. Reads every request of a run that is not closed yet.
#[server(prefix = "/fn", endpoint = "traffic/sides", input = GetUrl)]
pub async fn get_sides(
    /// The id of the run.
    job_id: RunId,
) -> Result<Sides, AppError> {
    let Traffic { runs, details, .. } = expect_context::<Traffic>();
    details.sides(&runs, job_id).await
}

/// The newest single failures of a run, newest first.
#[server(prefix = "/fn", endpoint = "traffic/failures", input = GetUrl)]
pub async fn get_failures(
    /// The id of the run.
    job_id: RunId,
) -> Result<Vec<Failure>, AppError> {
    let runs = expect_context::<Traffic>().runs;
    match runs.live(job_id) {
        Some(live) => Ok(live.failures()),
        None => Ok(get_run(job_id).await?.stats.recent_failures),
    }
}

/// Gives a run the name and the note in the form. Without JavaScript, redirects to the page that the form came from, with
/// the form if it was refused.
#[server(prefix = "/fn", endpoint = "traffic/rename")]
pub async fn rename_run(
    /// The id of the run.
    job_id: RunId,
    /// The name; empty for none.
    #[server(default)]
    name: String,
    /// The note; empty for none.
    #[server(default)]
    note: String,
    /// The page to come back to: [`super::naming::BACK_TO_RUN`], or the query of a page of the history.
    #[server(default)]
    back: String,
) -> Result<RenameOutcome, AppError> {
    let form = NamingForm { name, note: Some(note) };
    let outcome = expect_context::<Traffic>().rename_from_form(job_id, &form).await;
    let refused = matches!(outcome, RenameOutcome::Refused(_) | RenameOutcome::Failed(_));
    redirect_plain_form(&form.came_from(&back, job_id, outcome.wire_name(), refused));
    Ok(outcome)
}
