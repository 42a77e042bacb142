//! What the page's server functions ask of the metrics.

use leptos::prelude::*;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::live::Metrics;
use crate::error::AppError;
use crate::input::{Fields, Invalid};
use crate::metrics::input;
use crate::metrics::log_model::{LogPage, LoggedRequest};
use crate::metrics::model::Outcome;
use crate::server::problem::inside;
use crate::server::state::AppState;

fn metrics() -> std::sync::Arc<Metrics> {
    expect_context::<AppState>().metrics
}

fn refused<T>(invalid: Invalid) -> Result<Outcome<T>, AppError> {
    Ok(Outcome::Refused(invalid.errors))
}

/// Everything about one range: an [`crate::metrics::model::Overview`].
pub async fn overview(fields: Fields) -> Result<Outcome<Box<RawValue>>, AppError> {
    match input::overview(&fields) {
        Ok(query) => metrics().overview_as_json(&query).await.map(Outcome::Found).map_err(inside),
        Err(invalid) => refused(invalid),
    }
}

/// One page of the request log.
pub async fn log(fields: Fields) -> Result<Outcome<LogPage>, AppError> {
    match input::log(fields) {
        Ok(query) => metrics().log(&query).await.map(Outcome::Found).map_err(inside),
        Err(invalid) => refused(invalid),
    }
}

/// One request.
pub async fn request(id: Uuid) -> Result<Option<LoggedRequest>, AppError> {
    metrics().request(id).await.map_err(inside)
}
