//! What the dashboard's server function does: asks the features, and draws what they say, once for all who ask in
//! the same moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use leptos::prelude::*;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::board::{Board, Figures, board as draw};
use crate::error::AppError;
use crate::metrics::address::read_view;
use crate::metrics::log_model::LogQuery;
use crate::metrics::model::OverviewQuery;
use crate::metrics::newest_requests::NEWEST;
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

type Key = (OverviewQuery, Rows);

/// Boards that were drawn a moment ago.
#[derive(Debug, Default)]
pub struct Boards(Mutex<HashMap<Key, (Instant, Arc<OnceCell<Board>>)>>);

impl Boards {
    /// A place for this board, with what was drawn of it in this moment.
    fn place(&self, key: Key) -> Arc<OnceCell<Board>> {
        let mut boards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        boards.retain(|_, (since, _)| now.duration_since(*since) < FRESH);
        if boards.len() >= VIEWS && !boards.contains_key(&key) {
            boards.clear();
        }
        Arc::clone(&boards.entry(key).or_insert_with(|| (now, Arc::default())).1)
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
    let place = state.boards.place((view, rows.clone()));
    Ok(place.get_or_init(|| async { draw(&figures(&state, view).await, &rows) }).await.clone())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::model::{Origins, Range};

    fn key(range: Range) -> Key {
        (OverviewQuery { range, origin: Origins::All }, Rows::All)
    }

    #[tokio::test(start_paused = true)]
    async fn a_board_is_drawn_once_in_a_moment_and_anew_after_it() {
        let boards = Boards::default();
        let first = boards.place(key(Range::Hour));
        assert!(Arc::ptr_eq(&first, &boards.place(key(Range::Hour))));
        assert!(!Arc::ptr_eq(&first, &boards.place(key(Range::Day))));
        tokio::time::advance(FRESH).await;
        assert!(!Arc::ptr_eq(&first, &boards.place(key(Range::Hour))));
        assert_eq!(boards.0.lock().expect("not poisoned").len(), 1);
    }
}
