//! Renders the board from what the features' server functions return, once for all who request it within a short time.

use std::sync::Arc;
use std::time::Duration;

use super::board::{Board, Figures, board};
use crate::metrics::log_form::LogForm;
use crate::metrics::model::{FRESH_MILLIS, OverviewQuery};
use crate::metrics::server_fns::{found, get_log, get_overview};
use crate::platform::single_flight::SingleFlightCache;
use crate::traffic::history_query::HistoryForm;
use crate::traffic::server_fns::get_runs;
use crate::ui::chart::Rows;

/// The number of runs to fetch: as many as can be told apart in a chart of a day.
const RUNS: u32 = 50;
/// The number of rendered boards to keep. With more views at once, some are rendered again.
const VIEWS: usize = 16;

/// The boards that were rendered a short time ago, shared by all viewers of the same view. Cheap to clone.
#[derive(Clone)]
pub struct Boards(Arc<SingleFlightCache<(OverviewQuery, Rows), Board>>);

impl Default for Boards {
    fn default() -> Self {
        Self(Arc::new(SingleFlightCache::new(Duration::from_millis(FRESH_MILLIS), VIEWS)))
    }
}

impl Boards {
    /// The board of a view. A part that failed to load becomes an error message.
    pub async fn get(&self, view: OverviewQuery, rows: Rows) -> Board {
        let rows = match rows {
            // The page has charts that are not on the board; they make no difference.
            Rows::Of(ids) => Rows::Of(ids.into_iter().filter(|id| id.starts_with("past-")).collect()),
            Rows::All => Rows::All,
        };
        let key = (view, rows.clone());
        self.0.get(key, async { board(&figures(view).await, &rows) }).await
    }
}

async fn figures(view: OverviewQuery) -> Figures {
    let range = Some(view.range.wire_name().to_owned());
    let origin = Some(view.origin.to_string());
    let log = LogForm { range: range.clone(), origin: origin.clone(), ..LogForm::default() };
    let runs = HistoryForm { limit: Some(RUNS.to_string()), ..HistoryForm::default() };
    let (overview, requests, runs) = tokio::join!(get_overview(range, origin), get_log(log), get_runs(runs));
    Figures {
        view,
        overview: found(overview),
        requests: found(requests),
        runs: runs.map(|page| page.runs).map_err(|error| error.to_string()),
    }
}
