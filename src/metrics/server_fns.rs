//! The bridges between the page and the metrics. They only read, so a GET will do.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::log_model::{LogForm, LogPage, LoggedRequest};
use super::model::Outcome;
use crate::error::AppError;

/// The numbers of the dashboard for programs, and for the tests that hold them against what they know: an
/// [`super::model::Overview`]; what each field takes stands in [`super::input::overview`].
#[server(prefix = "/fn", endpoint = "metrics/overview", input = GetUrl, output = Json)]
pub async fn get_overview(
    /// How far back.
    #[server(default)]
    range: Option<String>,
    /// Whose requests.
    #[server(default)]
    origin: Option<String>,
) -> Result<Outcome<Box<RawValue>>, AppError> {
    let fields = super::input::fields([("range", range), ("origin", origin)]);
    super::server::page::overview(fields).await
}

/// One page of the request log; what each field takes stands in [`super::input::log`].
#[server(prefix = "/fn", endpoint = "metrics/log", input = GetUrl, output = Json)]
pub async fn get_log(
    /// What is asked for.
    #[server(default)]
    query: LogForm,
) -> Result<Outcome<LogPage>, AppError> {
    super::server::page::log(query.fields()).await
}

/// One request by its id; nothing when it is unknown or no longer kept.
#[server(prefix = "/fn", endpoint = "metrics/request", input = GetUrl, output = Json)]
pub async fn get_request(
    /// As in the answer's `x-request-id`.
    id: Uuid,
) -> Result<Option<LoggedRequest>, AppError> {
    super::server::page::request(id).await
}
