//! The bridge between the page and what is known for the dashboard.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};

use super::board::Board;
use crate::error::AppError;

/// The dashboard as HTML; what it does not know of range and origin, it takes for the default.
#[server(prefix = "/fn", endpoint = "dashboard/board", input = GetUrl, output = Json)]
pub async fn get_board(
    /// How far back.
    #[server(default)]
    range: String,
    /// Whose requests.
    #[server(default)]
    origin: String,
    /// The charts that are to have their points, by their ids with commas between; `all` for all.
    #[server(default)]
    points: String,
) -> Result<Board, AppError> {
    super::server::board(&range, &origin, &points).await
}
