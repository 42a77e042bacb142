//! The details of a run that its stream leaves out: the run second by second, and what client and server say about it.

use std::time::Duration;

use leptos::prelude::*;

use super::run_feed::RunFeed;
use crate::error::{AppError, Loaded};
use crate::origin::RunId;
use crate::traffic::engine::sides::Sides;
use crate::traffic::engine::timeline::Timeline;
use crate::traffic::outcomes::RunDetails;
use crate::traffic::server_fns::{get_run_details, get_sides};
use crate::ui::refresh::{answered, poll};

/// How often the details of an active run are fetched. A second is what the timeline grows by.
const INTERVAL: Duration = Duration::from_secs(1);

/// The details of the run that a [`RunFeed`] follows.
#[derive(Clone, Copy, Debug)]
pub struct DetailsFeed {
    /// The run second by second.
    pub timeline: RwSignal<Loaded<Timeline>>,
    /// Client and server compared. Loaded when the run is closed, because it needs every request of the run.
    pub sides: RwSignal<Loaded<Sides>>,
    /// The run whose last details are here.
    complete: RwSignal<Option<RunId>>,
    /// The run whose last comparison is here, or can't be loaded.
    compared: RwSignal<Option<RunId>>,
    /// The run that was closed when the page was rendered. What the page came with of it stays right.
    came_closed: Option<RunId>,
    feed: RunFeed,
}

/// Keeps the details of a run fresh while it is active, and fetches the last ones when it is closed. `first` are those
/// that the page came with. Does nothing on the server.
pub fn follow_details(feed: RunFeed, first: Option<RunDetails>) -> DetailsFeed {
    let came_closed = first.as_ref().filter(|first| first.run.closed).map(|first| first.run.job_id);
    let details = DetailsFeed {
        timeline: RwSignal::new(first.map(|first| Ok(first.timeline))),
        sides: RwSignal::new(None),
        complete: RwSignal::new(came_closed),
        compared: RwSignal::new(None),
        came_closed,
        feed,
    };
    let every = Memo::new(move |_| details.is_wanted().then_some(INTERVAL));
    let fetch = poll(every.into(), move || details.fetch());
    let followed = Memo::new(move |_| feed.run.with(|run| run.as_ref().map(|run| (run.job_id, run.closed))));
    Effect::new(move |before: Option<Option<RunId>>| {
        let id = followed.get().map(|(id, _)| id);
        if before.is_some_and(|before| before != id) {
            details.timeline.set(None);
            details.sides.set(None);
        }
        if untrack(|| details.is_wanted()) {
            fetch.run(());
        }
        id
    });
    details
}

impl DetailsFeed {
    /// Fetches again what could not be loaded.
    pub fn retry(self) {
        self.complete.set(None);
        self.compared.set(None);
    }

    /// May there be newer details than these?
    fn is_wanted(self) -> bool {
        if self.feed.connection.read().fault() == Some(AppError::NotFound) {
            return false;
        }
        let is_complete = |id| self.complete.get() == Some(id) && self.is_compared(id);
        self.feed.run.with(|run| run.as_ref().is_some_and(|run| !(run.closed && is_complete(run.job_id))))
    }

    /// The run that is followed. `None` also when the component is gone.
    fn followed(self) -> Option<RunId> {
        let run = self.feed.run.try_read_untracked()?;
        run.as_ref().map(|run| run.job_id)
    }

    /// Is the last comparison of this run here, so that nothing of it would change by itself? Also when the component is gone.
    fn is_compared(self, id: RunId) -> bool {
        let came_with_page = self.came_closed == Some(id) && matches!(self.sides.try_get(), Some(Some(Ok(_))));
        came_with_page || self.compared.try_get().is_none_or(|compared| compared == Some(id))
    }

    fn has_last_details(self, id: RunId) -> bool {
        self.complete.try_get_untracked().flatten() == Some(id)
    }

    async fn fetch(self) {
        let Some(id) = self.followed() else { return };
        if !self.has_last_details(id) {
            let details = answered(get_run_details(id)).await;
            if self.followed() == Some(id) {
                self.accept(id, details);
            }
        }
        if self.has_last_details(id) && !untrack(|| self.is_compared(id)) {
            let sides = answered(get_sides(id)).await;
            if self.followed() == Some(id) {
                if sides.as_ref().err().is_none_or(|error| !comes_back(error)) {
                    let _ = self.compared.try_set(Some(id));
                }
                let _ = self.sides.try_set(Some(sides));
            }
        }
    }

    fn accept(self, id: RunId, details: Result<RunDetails, AppError>) {
        match details {
            Ok(RunDetails { run, timeline }) => {
                let _ = self.timeline.try_set(Some(Ok(timeline)));
                if run.closed {
                    let _ = self.complete.try_set(Some(id));
                }
                self.feed.add(run);
            }
            Err(error) => self.note(id, error),
        }
    }

    /// The old details stay. The run's connection says what is wrong with the server.
    fn note(self, id: RunId, error: AppError) {
        if error == AppError::NotFound {
            self.feed.run_is_gone(id);
        }
        if !comes_back(&error) && self.feed.run.try_get_untracked().flatten().is_some_and(|run| run.closed) {
            let _ = self.complete.try_set(Some(id));
        }
        if self.timeline.try_read_untracked().is_some_and(|known| !matches!(*known, Some(Ok(_)))) {
            let _ = self.timeline.try_set(Some(Err(error)));
        }
    }
}

/// Is it worth trying again without a word of the user?
fn comes_back(error: &AppError) -> bool {
    matches!(error, AppError::Unreachable | AppError::Unavailable | AppError::ShuttingDown)
}
