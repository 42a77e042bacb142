//! The server function of the dashboard. Its body runs on the server.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};

use super::board::Board;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {super::server::Boards, crate::metrics::address::read_view, crate::ui::chart::Rows};

/// The dashboard as HTML. Unknown values of range and origin stand for the defaults.
#[server(prefix = "/fn", endpoint = "dashboard/board", input = GetUrl, output = Json)]
pub async fn get_board(
    /// The wire name of a range.
    #[server(default)]
    range: String,
    /// All, real or simulated requests, or those of a run.
    #[server(default)]
    origin: String,
    /// The charts whose tables get their rows, as [`crate::ui::chart::Rows::read`] takes them.
    #[server(default)]
    points: String,
) -> Result<Board, AppError> {
    let view = read_view(|name| Some(if name == "range" { range.clone() } else { origin.clone() }));
    Ok(expect_context::<Boards>().get(view, Rows::read(&points)).await)
}
