//! The board in the scope of a period.

use leptos::prelude::*;

use super::live_board::BoardFeed;
use crate::metrics::view::endpoint_table::PeriodEndpoints;
use crate::metrics::view::period_charts::PeriodCharts;
use crate::metrics::view::period_tiles::PeriodTiles;
use crate::traffic::view::newest_runs::period;
use crate::ui::chart::group::ChartGroup;

/// The figures of a period, as the server saw it.
#[component]
pub fn PeriodBoard(
    /// The board.
    board: BoardFeed,
) -> impl IntoView {
    ChartGroup::provide();
    let overview = Memo::new(move |_| board.data(|data| data.overview.clone()));
    let runs = Memo::new(move |_| {
        let runs = board.data(|data| data.runs.clone());
        runs.unwrap_or_default().iter().map(period).collect::<Vec<_>>()
    });
    let is_stale = Memo::new(move |_| board.stale.read().is_some() || board.quiet_for().get().is_some());
    let is_old = move || is_stale.get() || board.is_pending();
    view! {
        <div class="figures" aria-busy=move || board.is_pending().to_string() data-stale=move || is_old().to_string()>
            <PeriodTiles overview />
            <div class="board-charts">
                <PeriodCharts overview runs now=board.now stale=is_stale />
                <PeriodEndpoints overview />
            </div>
        </div>
    }
    .into_any()
}
