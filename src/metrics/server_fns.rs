//! What the page asks of the metrics. The bodies run on the server. They only read, so a GET will do.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::log_model::{LogForm, LogPage, LoggedRequest};
use super::model::Outcome;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {super::server::service::Metrics, super::validation, crate::platform::problem::inside, std::sync::Arc};

/// The numbers of the dashboard for programs, and for the tests that hold them against what they know: an
/// [`super::model::Overview`]; what each field takes stands in [`super::validation::overview`].
#[server(prefix = "/fn", endpoint = "metrics/overview", input = GetUrl, output = Json)]
pub async fn get_overview(
    /// How far back.
    #[server(default)]
    range: Option<String>,
    /// Whose requests.
    #[server(default)]
    origin: Option<String>,
) -> Result<Outcome<Box<RawValue>>, AppError> {
    let metrics = expect_context::<Arc<Metrics>>();
    match validation::overview(&validation::fields([("range", range), ("origin", origin)])) {
        Ok(query) => metrics.overview_as_json(&query).await.map(Outcome::Found).map_err(inside),
        Err(invalid) => Ok(Outcome::Refused(invalid.errors)),
    }
}

/// One page of the request log; what each field takes stands in [`super::validation::log`].
#[server(prefix = "/fn", endpoint = "metrics/log", input = GetUrl, output = Json)]
pub async fn get_log(
    /// What is asked for.
    #[server(default)]
    query: LogForm,
) -> Result<Outcome<LogPage>, AppError> {
    let metrics = expect_context::<Arc<Metrics>>();
    match validation::log(query.fields()) {
        Ok(query) => metrics.log(&query).await.map(Outcome::Found).map_err(inside),
        Err(invalid) => Ok(Outcome::Refused(invalid.errors)),
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
