//! The server functions of the metrics. Their bodies run on the server. They only read, so they use GET.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use uuid::Uuid;

use super::log_form::LogForm;
use super::log_model::{LogPage, LoggedRequest};
use super::model::{Overview, QueryOutcome};
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    super::server::service::Metrics, super::validation, crate::platform::problem::inside,
    crate::validation::fields_of_texts, std::sync::Arc,
};

/// The numbers of the dashboard. [`super::validation::overview`] says what each field takes.
#[server(prefix = "/fn", endpoint = "metrics/overview", input = GetUrl, output = Json)]
pub async fn get_overview(
    /// The wire name of a range.
    #[server(default)]
    range: Option<String>,
    /// All, real or simulated requests, or those of a run.
    #[server(default)]
    origin: Option<String>,
) -> Result<QueryOutcome<Overview>, AppError> {
    let metrics = expect_context::<Arc<Metrics>>();
    match validation::overview(&fields_of_texts([("range", range), ("origin", origin)])) {
        Ok(query) => metrics.overview(&query).await.map(QueryOutcome::Found).map_err(inside),
        Err(invalid) => Ok(QueryOutcome::Refused(invalid.errors)),
    }
}

/// One page of the request log. [`super::validation::log`] says what each field takes.
#[server(prefix = "/fn", endpoint = "metrics/log", input = GetUrl, output = Json)]
pub async fn get_log(
    /// Filter, order and page.
    #[server(default)]
    query: LogForm,
) -> Result<QueryOutcome<LogPage>, AppError> {
    let metrics = expect_context::<Arc<Metrics>>();
    match validation::log(query.fields()) {
        Ok(query) => metrics.log(&query).await.map(QueryOutcome::Found).map_err(inside),
        Err(invalid) => Ok(QueryOutcome::Refused(invalid.errors)),
    }
}

/// One request by its id; `None` if it is unknown or no longer stored.
#[server(prefix = "/fn", endpoint = "metrics/request", input = GetUrl, output = Json)]
pub async fn get_request(
    /// The id in the response's `x-request-id`.
    id: Uuid,
) -> Result<Option<LoggedRequest>, AppError> {
    expect_context::<Arc<Metrics>>().request(id).await.map_err(inside)
}

/// What a server function found, or an error message for the page.
///
/// # Errors
/// The message of the failed call, or why the input was refused.
pub fn found<T>(outcome: Result<QueryOutcome<T>, AppError>) -> Result<T, String> {
    match outcome.map_err(|error| error.to_string())? {
        QueryOutcome::Found(found) => Ok(found),
        QueryOutcome::Refused(errors) => {
            Err(errors.into_iter().map(|error| error.detail).collect::<Vec<_>>().join(" "))
        }
    }
}
