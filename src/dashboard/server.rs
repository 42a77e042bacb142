//! What the dashboard's server function does: asks the features, and draws what they say, once for all who ask in
//! the same moment.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;

use super::board::{Board, Figures, board as draw};
use crate::error::AppError;
use crate::metrics::address::read_view;
use crate::metrics::log_model::LogQuery;
use crate::metrics::model::OverviewQuery;
use crate::metrics::server::service::Metrics;
use crate::metrics::view::newest_requests::NEWEST;
use crate::platform::single_flight::SingleFlightCache;
use crate::traffic::history_query::HistoryQuery;
use crate::traffic::server::run_manager::RunManager;
use crate::traffic::server::state::page_of_runs;
use crate::ui::chart::Rows;

/// How long what was drawn is good for: rows are written up to a quarter of a second after their answers anyway.
const FRESH: Duration = Duration::from_millis(200);
/// The runs that are asked for: as many as can be told apart in a chart of a day.
const RUNS: u32 = 50;
/// Views that are kept at the same time. With more, the oldest is drawn anew.
const VIEWS: usize = 16;

/// Renders boards, and keeps those of a moment ago for all who ask for the same one. Cheap to clone.
#[derive(Clone)]
pub struct Boards {
    metrics: Arc<Metrics>,
    runs: Arc<RunManager>,
    rendered: Arc<SingleFlightCache<(OverviewQuery, Rows), Board>>,
}

impl Boards {
    /// Boards of these requests and runs.
    pub fn new(metrics: Arc<Metrics>, runs: Arc<RunManager>) -> Self {
        Self { metrics, runs, rendered: Arc::new(SingleFlightCache::new(FRESH, VIEWS)) }
    }
}

/// The dashboard for a view. Parts that can't be had are in it as words.
pub async fn board(range: &str, origin: &str, points: &str) -> Result<Board, AppError> {
    let boards = expect_context::<Boards>();
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
    Ok(boards.rendered.get(key, async { draw(&figures(&boards, view).await, &rows) }).await)
}

async fn figures(boards: &Boards, view: OverviewQuery) -> Figures {
    let log = LogQuery { range: view.range, origin: view.origin, limit: NEWEST, ..LogQuery::default() };
    let runs = HistoryQuery { limit: RUNS, ..HistoryQuery::default() };
    let (overview, log, runs) =
        tokio::join!(boards.metrics.overview(&view), boards.metrics.log(&log), page_of_runs(&boards.runs, &runs));
    Figures {
        view,
        overview: overview.map_err(words),
        requests: log.map_err(words),
        runs: runs.map(|page| page.runs).map_err(words),
    }
}

/// What is said of a fault inside; the log says more.
fn words(fault: crate::platform::database::StoreError) -> String {
    crate::platform::problem::inside(fault).to_string()
}
