//! The server function of the dashboard. Its body runs on the server.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::board::BoardData;
use crate::error::AppError;
use crate::refreshed::Refreshed;
#[cfg(feature = "ssr")]
use {super::server::Boards, crate::metrics::address::read_view};

/// The data of the board. Unknown values of range and origin stand for the defaults.
#[server(prefix = "/fn", endpoint = "dashboard/board", input = GetUrl)]
pub async fn get_board(
    /// The wire name of a range.
    #[server(default)]
    range: String,
    /// All, real or simulated requests, or those of a run.
    #[server(default)]
    origin: String,
    /// The version of the same board that the caller has. It gets the data only if there is another one.
    #[server(default)]
    known: Option<u64>,
) -> Result<Refreshed<BoardData>, AppError> {
    let view = read_view(|name| Some(if name == "range" { range.clone() } else { origin.clone() }));
    Ok(expect_context::<Boards>().get(view, known).await)
}
