//! The bridges between the page and the metrics.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};

use super::model::Kpis;
use crate::error::AppError;

/// The key figures up to now. Only reads, so a GET will do.
#[server(prefix = "/fn", endpoint = "metrics/kpis", input = GetUrl, output = Json)]
pub async fn get_kpis() -> Result<Kpis, AppError> {
    let state = expect_context::<crate::server::state::AppState>();
    state.metrics.kpis().await.map_err(crate::server::problem::inside)
}
