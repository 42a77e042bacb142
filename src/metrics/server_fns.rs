//! What the pages fetch from the metrics. The functions only read, so they are GET requests.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use uuid::Uuid;

use super::log_form::LogForm;
use super::log_model::{LogPage, LoggedRequest};
use super::model::{Overview, QueryOutcome};
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {super::server::service::Metrics, super::validation, crate::platform::problem::inside, std::sync::Arc};

/// The numbers of the dashboard, for programs and tests. [`super::validation::overview`] says what each field takes.
#[server(prefix = "/fn", endpoint = "metrics/overview", input = GetUrl, output = Json)]
pub async fn get_overview(
    /// How far back.
    #[server(default)]
    range: Option<String>,
    /// Whose requests.
    #[server(default)]
    origin: Option<String>,
) -> Result<QueryOutcome<Overview>, AppError> {
    let metrics = expect_context::<Arc<Metrics>>();
    match validation::overview(&validation::fields([("range", range), ("origin", origin)])) {
        Ok(query) => metrics.overview(&query).await.map(QueryOutcome::Found).map_err(inside),
        Err(invalid) => Ok(QueryOutcome::Refused(invalid.errors)),
    }
}

/// One page of the request log. [`super::validation::log`] says what each field takes.
#[server(prefix = "/fn", endpoint = "metrics/log", input = GetUrl, output = Json)]
pub async fn get_log(
    /// The filter, order and page.
    #[server(default)]
    query: LogForm,
) -> Result<QueryOutcome<LogPage>, AppError> {
    let metrics = expect_context::<Arc<Metrics>>();
    match validation::log(query.fields()) {
        Ok(query) => metrics.log(&query).await.map(QueryOutcome::Found).map_err(inside),
        Err(invalid) => Ok(QueryOutcome::Refused(invalid.errors)),
    }
}

/// One request by its id; nothing when it is unknown or no longer kept.
#[server(prefix = "/fn", endpoint = "metrics/request", input = GetUrl, output = Json)]
pub async fn get_request(
    /// As in the answer's `x-request-id`.
    id: Uuid,
) -> Result<Option<LoggedRequest>, AppError> {
    expect_context::<Arc<Metrics>>().request(id).await.map_err(inside)
}
