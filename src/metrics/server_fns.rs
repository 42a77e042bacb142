//! The server functions of the metrics. Their bodies run on the server. They only read, so they use GET.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use uuid::Uuid;

use super::health_model::Health;
use super::log_form::LogForm;
use super::log_model::{LogChoices, LogPage, RequestDetails};
use super::model::{Overview, QueryOutcome};
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    super::server::request_log::RequestLog, super::server::service::Metrics, super::validation,
    crate::platform::problem::inside, crate::validation::fields_of_texts, std::sync::Arc,
};

/// The numbers of the dashboard. [`super::validation::overview`] says what each field takes.
#[server(prefix = "/fn", endpoint = "metrics/overview", input = GetUrl)]
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
        Ok(query) => metrics.shared_overview(query).await.map(QueryOutcome::Found),
        Err(invalid) => Ok(QueryOutcome::Refused(invalid.errors)),
    }
}

/// The health of the simulator and the database.
#[server(prefix = "/fn", endpoint = "metrics/health", input = GetUrl)]
pub async fn get_health(
    /// The wire name of a range.
    #[server(default)]
    range: Option<String>,
) -> Result<QueryOutcome<Health>, AppError> {
    let metrics = expect_context::<Arc<Metrics>>();
    Ok(match validation::overview(&fields_of_texts([("range", range)])) {
        Ok(query) => QueryOutcome::Found(metrics.health(query.range)),
        Err(invalid) => QueryOutcome::Refused(invalid.errors),
    })
}

/// One page of the request log. [`super::validation::log`] says what each field takes.
#[server(prefix = "/fn", endpoint = "metrics/log", input = GetUrl)]
pub async fn get_log(
    /// Filter, order and page.
    #[server(default)]
    query: LogForm,
) -> Result<QueryOutcome<LogPage>, AppError> {
    let log = expect_context::<RequestLog>();
    match validation::log(query.fields()) {
        Ok(query) => log.page(&query).await.map(QueryOutcome::Found).map_err(inside),
        Err(invalid) => Ok(QueryOutcome::Refused(invalid.errors)),
    }
}

/// One request by its id; `None` if it is unknown or no longer stored.
#[server(prefix = "/fn", endpoint = "metrics/request", input = GetUrl)]
pub async fn get_request(
    /// The id in the response's `x-request-id`.
    id: Uuid,
) -> Result<Option<RequestDetails>, AppError> {
    expect_context::<RequestLog>().request(id).await.map_err(inside)
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

/// The newest requests of a period or of a run, for a short list. [`super::validation::overview`] says what each field
/// takes.
#[server(prefix = "/fn", endpoint = "metrics/newest", input = GetUrl)]
pub async fn get_newest_requests(
    /// The wire name of a range.
    #[server(default)]
    range: Option<String>,
    /// All, real or simulated requests, or those of a run.
    #[server(default)]
    origin: Option<String>,
) -> Result<QueryOutcome<LogPage>, AppError> {
    let log = expect_context::<RequestLog>();
    match validation::overview(&fields_of_texts([("range", range), ("origin", origin)])) {
        Ok(view) => log.newest(&view).await.map(QueryOutcome::Found).map_err(inside),
        Err(invalid) => Ok(QueryOutcome::Refused(invalid.errors)),
    }
}

/// How many requests match the filter and arrived after a moment, counted up to
/// [`MOST_NEWER`](super::log_model::MOST_NEWER).
#[server(prefix = "/fn", endpoint = "metrics/newer", input = GetUrl)]
pub async fn count_newer(
    /// The filter; its order and its page make no difference.
    #[server(default)]
    query: LogForm,
    /// The moment in epoch microseconds, as in [`LogPage::seen`].
    seen: i64,
) -> Result<QueryOutcome<u32>, AppError> {
    let log = expect_context::<RequestLog>();
    match validation::log(query.fields()) {
        Ok(query) => log.newer(&query, seen).await.map(QueryOutcome::Found).map_err(inside),
        Err(invalid) => Ok(QueryOutcome::Refused(invalid.errors)),
    }
}

/// What the filters of the request log offer.
#[server(prefix = "/fn", endpoint = "metrics/choices", input = GetUrl)]
pub async fn get_log_choices() -> Result<LogChoices, AppError> {
    expect_context::<RequestLog>().choices().await.map_err(inside)
}
