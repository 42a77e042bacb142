//! What the page's server functions do: the same as the REST routes, and the redirects that make
//! the forms work without JavaScript.

use axum::http::header;
use axum::http::request::Parts;
use leptos::prelude::*;

use super::api::{Traffic, check, page_of_runs};
use super::findings;
use super::jobs::{DeleteRefusal, StartRefusal};
use crate::error::AppError;
use crate::input::FieldError;
use crate::origin::RunId;
use crate::query::link;
use crate::server::problem::inside;
use crate::server::state::AppState;
use crate::traffic::engine::exchange::Exchange;
use crate::traffic::engine::timeline::Timeline;
use crate::traffic::form::{RunsForm, StartForm};
use crate::traffic::input;
use crate::traffic::model::{Job, RunsPage};
use crate::traffic::run_details::RunDetails;
use crate::traffic::runs_query::RunsAddress;
use crate::traffic::server_fns::{CardState, DeleteOutcome, StartOutcome, StopOutcome};
use crate::ui::chart::Rows;

fn traffic() -> Traffic {
    expect_context::<AppState>().traffic
}

/// Sends a browser without JavaScript to `path`. A hydrated page must stay where it is, and
/// `redirect` would move it too.
fn redirect_plain_form(path: &str) {
    if is_plain_form() {
        leptos_axum::redirect(path);
    }
}

fn is_plain_form() -> bool {
    use_context::<Parts>()
        .and_then(|parts| parts.headers.get(header::ACCEPT)?.to_str().ok().map(|accept| accept.contains("text/html")))
        .unwrap_or(false)
}

/// Starts a run from the form.
pub async fn start(form: StartForm) -> Result<StartOutcome, AppError> {
    let outcome = try_start(&form).await.unwrap_or_else(StartOutcome::Failed);
    redirect_plain_form(&match (&outcome, outcome.refusal()) {
        (StartOutcome::Started(job), _) => format!("/runs/{}", job.job_id),
        (_, why) => form.refused(why.unwrap_or_default()),
    });
    Ok(outcome)
}

async fn try_start(form: &StartForm) -> Result<StartOutcome, AppError> {
    let jobs = traffic().jobs;
    let mut faults = Vec::new();
    if !form.is_acknowledged() {
        let detail = "is not ticked; tick \"I understand this generates load\" first";
        faults.push(FieldError { field: "acknowledged".to_owned(), detail: detail.to_owned() });
    }
    let settings = match check(&jobs, &form.fields()) {
        Ok(settings) if faults.is_empty() => settings,
        Ok(_) => return Ok(StartOutcome::Refused(faults)),
        Err(invalid) => {
            faults.extend(invalid.errors);
            return Ok(StartOutcome::Refused(faults));
        }
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

/// Stops a run from its page or from the card.
pub async fn stop(id: RunId) -> Result<StopOutcome, AppError> {
    let outcome = match traffic().jobs.stop(id).await.map_err(inside) {
        Ok(Some(_)) => StopOutcome::Stopped,
        // Its page says that there is no such run.
        Ok(None) if is_plain_form() => StopOutcome::Gone,
        Ok(None) => return Err(AppError::NotFound),
        Err(error) => StopOutcome::Failed(error),
    };
    let why = match &outcome {
        StopOutcome::Failed(error) => vec![("stop", error.wire_name().to_owned())],
        StopOutcome::Stopped | StopOutcome::Gone => Vec::new(),
    };
    redirect_plain_form(&link(&format!("/runs/{id}"), &why));
    Ok(outcome)
}

/// What the card needs.
pub async fn card_state() -> Result<CardState, AppError> {
    let jobs = traffic().jobs;
    let active = jobs.active().map(|job| Box::new(job.snapshot()));
    Ok(CardState { active, cap: jobs.cap(), seed: fastrand::u32(..) })
}

/// One page of the history.
pub async fn runs(query: RunsForm) -> Result<RunsPage, AppError> {
    let query = input::runs_query(query.fields()).map_err(|_| AppError::Malformed)?;
    page_of_runs(&traffic().jobs, query).await.map_err(inside)
}

/// Removes a closed run. `back` is the query of the history that is shown again then.
pub async fn delete(id: RunId, back: &str) -> Result<DeleteOutcome, AppError> {
    let outcome = match traffic().jobs.delete(id).await {
        Ok(()) => DeleteOutcome::Deleted,
        Err(DeleteRefusal::Active) => DeleteOutcome::Active,
        Err(DeleteRefusal::NotFound) if is_plain_form() => DeleteOutcome::Gone,
        Err(DeleteRefusal::NotFound) => return Err(AppError::NotFound),
        Err(DeleteRefusal::Storage(error)) => DeleteOutcome::Failed(inside(error)),
    };
    let still_there = matches!(outcome, DeleteOutcome::Active | DeleteOutcome::Failed(_));
    redirect_plain_form(&RunsAddress::of_query(back).after_deletion(outcome.wire_name(), id, still_there));
    Ok(outcome)
}

/// One request of a run.
pub async fn exchange(id: RunId, seq: u32) -> Result<Option<Exchange>, AppError> {
    traffic().jobs.exchange(id, seq).await.map_err(inside)
}

/// A run second by second.
pub async fn timeline(id: RunId) -> Result<Timeline, AppError> {
    let (jobs, job) = (traffic().jobs, run(id).await?);
    findings::timeline(&jobs, &job).await.map_err(inside)
}

/// What a run's page shows below its panel.
pub async fn details(id: RunId, points: &str, with_sides: bool) -> Result<RunDetails, AppError> {
    let Traffic { jobs, details, .. } = traffic();
    details.of(&jobs, id, Rows::read(points), with_sides).await
}

/// One run.
pub async fn run(id: RunId) -> Result<Job, AppError> {
    traffic().jobs.job(id).await.map_err(inside)?.ok_or(AppError::NotFound)
}
