//! What the dashboard's server function does: asks the features, and draws what they say, once for all who ask in
//! the same moment.

use std::time::Duration;

use leptos::prelude::*;

use super::board::{Board, Figures, board as draw};
use crate::error::AppError;
use crate::metrics::address::read_view;
use crate::metrics::log_model::LogQuery;
use crate::metrics::model::OverviewQuery;
use crate::metrics::newest_requests::NEWEST;
use crate::server::moments::Moments;
use crate::server::state::AppState;
use crate::traffic::input::RunsQuery;
use crate::traffic::run_order::Order;
use crate::traffic::server::api::page_of_runs;
use crate::ui::chart::Rows;

/// How long what was drawn is good for: rows are written up to a quarter of a second after their answers anyway.
const FRESH: Duration = Duration::from_millis(200);
/// The runs that are asked for: as many as can be told apart in a chart of a day.
const RUNS: u32 = 50;
/// Views that are kept at the same time. With more, the oldest is drawn anew.
const VIEWS: usize = 16;

/// Boards that were drawn a moment ago.
#[derive(Debug)]
pub struct Boards(Moments<(OverviewQuery, Rows), Board>);

impl Default for Boards {
    fn default() -> Self {
        Self(Moments::new(FRESH, VIEWS))
    }
}

/// The dashboard for a view. Parts that can't be had are in it as words.
pub async fn board(range: &str, origin: &str, points: &str) -> Result<Board, AppError> {
    let state = expect_context::<AppState>();
    let view = read_view(|name| match name {
        "range" => Some(range.to_owned()),
        _ => Some(origin.to_owned()),
    });
    let rows = match Rows::read(points) {
        // The page has other charts, too; those are none of the key.
        Rows::Of(ids) => Rows::Of(ids.into_iter().filter(|id| id.starts_with("past-")).collect()),
        all => all,
    };
    let key = (view, rows.clone());
    Ok(state.boards.0.get(key, async { draw(&figures(&state, view).await, &rows) }).await)
}

async fn figures(state: &AppState, view: OverviewQuery) -> Figures {
    let log = LogQuery { range: view.range, origin: view.origin, limit: NEWEST, ..LogQuery::default() };
    let runs =
        RunsQuery { cursor: None, limit: RUNS, scenario: None, status: None, order: Order::Started, ascending: false };
    let (overview, log, runs) =
        tokio::join!(state.metrics.overview(&view), state.metrics.log(&log), page_of_runs(&state.traffic.jobs, runs));
    Figures {
        view,
        overview: overview.map_err(words),
        requests: log.map_err(words),
        runs: runs.map(|page| page.runs).map_err(words),
    }
}

/// What is said of a fault inside; the log says more.
fn words(fault: crate::server::database::StoreError) -> String {
    crate::server::problem::inside(fault).to_string()
}
