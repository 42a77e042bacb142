//! Keeps the data of the board fresh in the browser.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::board::BoardData;
use super::server_fns::get_board;
use crate::error::AppError;
use crate::metrics::model::OverviewQuery;
use crate::origin::RunId;
use crate::refreshed::Refreshed;
use crate::ui::quiet::Quiet;
use crate::ui::refresh::{answered, poll};

/// How often the board is fetched while something is going on: a second is the step of the shortest range.
const WHILE_BUSY: Duration = Duration::from_secs(1);
/// How often it is fetched otherwise. A run that is started elsewhere has to show within two seconds.
const WHILE_IDLE: Duration = Duration::from_millis(1900);
/// Without an answer for longer than this, the figures are old.
const QUIET: Duration = Duration::from_millis(2900);

/// The data of the board as they stand in the browser.
#[derive(Clone, Copy)]
pub struct BoardFeed {
    /// The data. An error only when those of a view that was chosen could not be loaded.
    pub board: RwSignal<Result<BoardData, AppError>>,
    /// The moment that the data describe, in epoch milliseconds.
    pub now: RwSignal<i64>,
    /// The run that is not closed, wherever it was started.
    pub active: Memo<Option<RunId>>,
    /// Why the last fetch failed, while older data are shown.
    pub stale: RwSignal<Option<AppError>>,
    /// The range and the requests that are wanted.
    view: RwSignal<OverviewQuery>,
    /// The range and the requests of the data.
    shown: RwSignal<OverviewQuery>,
    /// The version of the data.
    version: StoredValue<Option<u64>>,
    quiet: Quiet,
}

impl BoardFeed {
    /// Follows the board from what the page was rendered with. Does nothing on the server.
    pub fn new(first: Result<Refreshed<BoardData>, AppError>, view: OverviewQuery) -> Self {
        let (version, now, data) = match first {
            Ok(Refreshed { version, now, data: Some(data) }) => (Some(version), now, Ok(data)),
            Ok(Refreshed { now, data: None, .. }) => (None, now, Err(AppError::Unreadable)),
            Err(why) => (None, 0, Err(why)),
        };
        let board = RwSignal::new(data);
        let feed = Self {
            board,
            now: RwSignal::new(now),
            active: Memo::new(move |_| board.with(|board| board.as_ref().ok().and_then(|data| data.active))),
            stale: RwSignal::new(None),
            view: RwSignal::new(view),
            shown: RwSignal::new(view),
            version: StoredValue::new(version),
            quiet: Quiet::new(QUIET, Signal::stored(true)),
        };
        let every = Memo::new(move |_| Some(if feed.is_busy() { WHILE_BUSY } else { WHILE_IDLE }));
        let _ = poll(every.into(), move || feed.fetch());
        feed
    }

    /// A part of the data, or why there is none.
    ///
    /// # Errors
    /// The error of the part, or of all data.
    pub fn data<T>(self, part: impl FnOnce(&BoardData) -> Result<T, AppError>) -> Result<T, AppError> {
        self.board.with(|board| part(board.as_ref().map_err(Clone::clone)?))
    }

    /// Shows another range or other requests: fetches them at once, and shows the old data until they are there.
    pub fn set_view(self, view: OverviewQuery) {
        if self.view.get_untracked() != view {
            self.view.set(view);
            self.version.set_value(None);
            self.retry();
        }
    }

    /// Fetches at once.
    pub fn retry(self) {
        spawn_local(self.fetch());
    }

    /// Are the data of another view than the one that was chosen?
    pub fn is_pending(self) -> bool {
        self.view.get() != self.shown.get()
    }

    /// The whole seconds without data, once these are too many.
    pub fn quiet_for(self) -> Signal<Option<u32>> {
        self.quiet.seconds()
    }

    fn is_busy(self) -> bool {
        let now = self.now.get();
        self.board.with(|board| board.as_ref().is_ok_and(|data| data.is_busy(now)))
    }

    async fn fetch(self) {
        let Some((view, known)) = self.view.try_get_untracked().zip(self.version.try_get_value()) else { return };
        let answer = get_board(view.range.wire_name().to_owned(), view.origin.to_string(), known);
        let answer = answered(answer).await;
        // Meanwhile another view may have been chosen, or the island may be gone.
        if self.view.try_get_untracked() == Some(view) {
            match answer {
                Ok(answer) => {
                    self.quiet.heard();
                    self.accept(view, answer);
                }
                Err(why) => self.fail(view, why),
            }
        }
    }

    fn accept(self, view: OverviewQuery, Refreshed { version, now, data }: Refreshed<BoardData>) {
        match data {
            Some(data) => {
                self.version.set_value(Some(version));
                self.board.set(Ok(data));
            }
            // It is the answer to an earlier question about this view.
            None if self.shown.get_untracked() != view => return,
            None => {}
        }
        self.now.set(now);
        if self.shown.get_untracked() != view {
            self.shown.set(view);
        }
        if self.stale.with_untracked(Option::is_some) {
            self.stale.set(None);
        }
    }

    /// The old data stay, unless they are those of another view.
    fn fail(self, view: OverviewQuery, why: AppError) {
        if self.shown.get_untracked() == view {
            self.stale.set(Some(why));
        } else {
            self.board.set(Err(why));
            self.shown.set(view);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::log_model::LogPage;
    use crate::metrics::model::{Overview, Range};

    const MINUTES: OverviewQuery =
        OverviewQuery { range: Range::Minutes5, origin: crate::metrics::model::Origins::All };
    const HOUR: OverviewQuery = OverviewQuery { range: Range::Hour, ..MINUTES };

    fn answer(version: u64, now: i64, all: Option<u32>) -> Refreshed<BoardData> {
        let data = |all| BoardData {
            active: None,
            overview: Ok(Overview { all, ..Overview::default() }),
            requests: Ok(LogPage::default()),
            runs: Ok(Vec::new()),
        };
        Refreshed { version, now, data: all.map(data) }
    }

    /// What the page shows: the number of requests, and the moment.
    fn shown(feed: BoardFeed) -> (Result<u32, AppError>, i64) {
        (untrack(|| feed.data(|data| data.overview.clone())).map(|overview| overview.all), feed.now.get_untracked())
    }

    #[test]
    fn data_stay_until_others_come() {
        Owner::new().with(|| {
            let feed = BoardFeed::new(Ok(answer(1, 1000, Some(7))), MINUTES);
            assert_eq!(shown(feed), (Ok(7), 1000));
            feed.accept(MINUTES, answer(1, 2000, None));
            assert_eq!(shown(feed), (Ok(7), 2000), "nothing but the time has changed");
            feed.fail(MINUTES, AppError::Unreachable);
            assert_eq!((shown(feed), feed.stale.get_untracked()), ((Ok(7), 2000), Some(AppError::Unreachable)));
            feed.accept(MINUTES, answer(2, 3000, Some(8)));
            assert_eq!((shown(feed), feed.stale.get_untracked()), ((Ok(8), 3000), None));
            assert_eq!(feed.version.get_value(), Some(2));
        });
    }

    #[test]
    fn data_of_another_view_are_marked_and_give_way_to_its_error() {
        Owner::new().with(|| {
            let feed = BoardFeed::new(Ok(answer(1, 1000, Some(7))), MINUTES);
            feed.view.set(HOUR);
            assert!(untrack(|| feed.is_pending()));
            feed.accept(HOUR, answer(1, 2000, None));
            assert!(untrack(|| feed.is_pending()), "an answer without data does not say what they are");
            feed.accept(HOUR, answer(5, 2000, Some(70)));
            assert_eq!((shown(feed), untrack(|| feed.is_pending())), ((Ok(70), 2000), false));
            feed.view.set(MINUTES);
            feed.fail(MINUTES, AppError::Unavailable);
            assert_eq!(shown(feed).0, Err(AppError::Unavailable));
            assert_eq!(feed.stale.get_untracked(), None);
        });
    }
}
