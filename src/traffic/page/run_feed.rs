//! A run as the components of a page see it: one signal of its newest state, kept up to date in the browser.

use std::time::Duration;

use leptos::prelude::*;
use uuid::Uuid;

use super::run_follower::{Follower, Heard};
use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::engine::scenario::{Delay, Scenario};
use crate::traffic::model::{Endpoints, Run, Settings};
use crate::traffic::view::connection::Connection;
use crate::ui::quiet::Quiet;

/// How long no data may come. Data comes twice a second, or once when the page polls.
const QUIET_ALLOWED: Duration = Duration::from_millis(2500);

/// A run that a page follows, or none.
#[derive(Clone, Copy, Debug)]
pub struct RunFeed {
    /// The newest state of the run.
    pub run: RwSignal<Option<Run>>,
    /// How the page is connected to the run.
    pub connection: RwSignal<Connection>,
    /// The run that is still followed; none once nothing about it changes any more.
    followed: RwSignal<Option<RunId>>,
    quiet: Quiet,
    retries: Trigger,
}

impl RunFeed {
    /// Follows a run in the browser, starting from the state `first`, unless it is closed.
    pub fn new(first: Option<Run>) -> Self {
        let followed = RwSignal::new(open_run(first.as_ref()));
        let is_followed = Signal::derive(move || followed.read().is_some());
        let feed = Self {
            connection: RwSignal::new(at_rest(first.as_ref())),
            run: RwSignal::new(first),
            followed,
            quiet: Quiet::new(QUIET_ALLOWED, is_followed),
            retries: Trigger::new(),
        };
        Effect::new(move |_| feed.follow_in_browser());
        let is_quiet = Memo::new(move |_| feed.quiet_for().read().is_some());
        Effect::new(move |_| {
            // No call has failed, and yet nothing comes.
            if is_quiet.get() && !feed.connection.get_untracked().is_stale() {
                feed.set_connection(Connection::Broken(AppError::Unreachable));
            }
        });
        feed
    }

    /// Replaces the run that is followed.
    pub fn follow(self, run: Run) {
        self.connection.set(at_rest(Some(&run)));
        self.followed.set(open_run(Some(&run)));
        self.run.set(Some(run));
    }

    /// Shows no run any more.
    pub fn leave(self) {
        self.followed.set(None);
        self.connection.set(Connection::None);
        self.run.set(None);
    }

    /// The whole seconds without data, once these are too many: at least three.
    pub fn quiet_for(self) -> Signal<Option<u32>> {
        self.quiet.seconds()
    }

    /// Tries again at once.
    pub fn retry(self) {
        self.retries.notify();
    }

    /// The run, for components that exist only while there is one. It stays as it was while they are being removed.
    pub fn shown(self) -> Signal<Run> {
        Memo::new(move |before: Option<&Run>| self.run.get().or_else(|| before.cloned()).unwrap_or_else(no_run)).into()
    }

    fn follow_in_browser(self) {
        let Some(id) = self.followed.get() else { return };
        self.set_connection(Connection::Connecting);
        let follower = StoredValue::new_local(Some(Follower::start(id, move |heard| self.hear(id, heard))));
        on_cleanup(move || follower.set_value(None));
        Effect::new(move |before: Option<()>| {
            self.retries.track();
            if let (Some(()), Some(follower)) = (before, follower.try_get_value().flatten()) {
                follower.retry();
            }
        });
    }

    fn hear(self, id: RunId, heard: Heard) {
        match heard {
            Heard::Run(run, connection) => self.accept(*run, connection),
            Heard::Gone => self.run_is_gone(id),
            Heard::Broken(error) => self.set_connection(Connection::Broken(error)),
        }
    }

    /// Replaces the state by one that arrived, unless that is of another run or older. Also called after the component is
    /// gone, when the signals are disposed.
    fn accept(self, run: Run, connection: Connection) {
        let known = self.run.try_get_untracked().flatten().filter(|known| known.job_id == run.job_id);
        let Some(known) = known.filter(|_| self.followed.try_get_untracked().flatten().is_some()) else { return };
        self.quiet.heard();
        let is_closed = run.closed;
        let _ = self.run.try_set(Some(newest(known, run)));
        self.set_connection(if is_closed { Connection::Ended } else { connection });
        if is_closed {
            let _ = self.followed.try_set(None);
        }
    }

    /// Adds a state of the run that came with other data, which says nothing about the connection.
    pub(super) fn add(self, run: Run) {
        if let Some(connection) = self.connection.try_get_untracked() {
            self.accept(run, connection);
        }
    }

    /// Notes that the server does not have the run any more.
    pub(super) fn run_is_gone(self, id: RunId) {
        if self.followed.try_get_untracked().flatten() == Some(id) {
            let _ = self.followed.try_set(None);
            self.set_connection(Connection::Broken(AppError::NotFound));
        }
    }

    fn set_connection(self, connection: Connection) {
        if self.connection.try_get_untracked().is_some_and(|known| known != connection) {
            let _ = self.connection.try_set(connection);
        }
    }
}

/// The id of a run of which something may still change.
fn open_run(run: Option<&Run>) -> Option<RunId> {
    run.filter(|run| !run.closed).map(|run| run.job_id)
}

/// The connection to a run that is not followed yet.
fn at_rest(run: Option<&Run>) -> Connection {
    if run.is_some_and(|run| run.closed) { Connection::Ended } else { Connection::None }
}

/// What stands for a run where there is none.
fn no_run() -> Run {
    let settings = Settings {
        scenario: Scenario::Normal,
        duration: 1,
        max_rps: 1,
        endpoints: Endpoints::all(),
        seed: 0,
        delay: Delay::Client,
    };
    Run::starting(RunId(Uuid::nil()), settings, 1, 0)
}

/// The newer one of two states of a run, with what only the other one has: the events of the live stream leave out the
/// lists of seconds and of single failures, and its note. So totals never fall, and progress never goes back, when an answer took long.
fn newest(known: Run, arrived: Run) -> Run {
    let (mut newer, older) = if age(&arrived) < age(&known) { (known, arrived) } else { (arrived, known) };
    if newer.stats.sent_per_second.is_empty() {
        newer.stats.sent_per_second = older.stats.sent_per_second;
    }
    if newer.stats.recent_failures.is_empty() {
        newer.stats.recent_failures = older.stats.recent_failures;
    }
    newer.note = newer.note.or(older.note);
    newer
}

/// How far a run is. Its end comes after everything before it, even if its clock was stopped a little earlier.
fn age(run: &Run) -> (bool, bool, u32, u32) {
    let stats = &run.stats;
    (run.closed, run.status.is_final(), stats.elapsed, stats.total_requests + stats.cancelled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    /// A run after so many milliseconds, with so many responses.
    fn state(status: Status, closed: bool, elapsed: u32, responses: u32) -> Run {
        let mut run = fixture::run(status, closed);
        run.stats.elapsed = elapsed;
        run.stats.total_requests = responses;
        run
    }

    #[test]
    fn an_older_state_never_replaces_a_newer_one() {
        let running = |elapsed, responses| state(Status::Running, false, elapsed, responses);
        let stopped = |closed, responses| state(Status::Cancelled, closed, 9_900, responses);
        let rows = [
            ("the next event", running(5000, 80), running(5500, 90), true),
            ("the same moment, with more details", running(5000, 80), running(5000, 80), true),
            ("a poll that took long", running(5000, 80), running(4000, 60), false),
            ("the same millisecond, before a response", running(5000, 80), running(5000, 79), false),
            ("the end, by a clock that was stopped a little earlier", running(10_000, 199), stopped(false, 199), true),
            ("a poll from before the end", stopped(false, 199), running(9_950, 199), false),
            ("the last response after the end", stopped(false, 199), stopped(false, 200), true),
            ("the audit", stopped(false, 200), stopped(true, 200), true),
            ("a poll from before the audit", stopped(true, 200), stopped(false, 200), false),
        ];
        for (what, known, arrived, replaces) in rows {
            let expected = if replaces { arrived.clone() } else { known.clone() };
            assert_eq!(newest(known, arrived), expected, "{what}");
        }
    }

    #[test]
    fn what_the_stream_leaves_out_stays() {
        let mut known = state(Status::Running, false, 5000, 80);
        known.stats.sent_per_second = vec![20, 20];
        known.note = Some("a note".to_owned());
        let newer = newest(known.clone(), state(Status::Running, false, 5500, 90));
        assert_eq!((newer.stats.total_requests, newer.stats.sent_per_second), (90, vec![20, 20]));
        assert_eq!(newer.note, known.note);
        let older = newest(state(Status::Running, false, 5500, 90), known);
        assert_eq!((older.stats.total_requests, older.stats.sent_per_second), (90, vec![20, 20]));
    }
}
