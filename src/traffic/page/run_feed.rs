//! Follows a run in the browser: by the live stream, or by polling while there is no stream.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use gloo_net::http::Request;
use leptos::leptos_dom::helpers::IntervalHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::{Event, MessageEvent};

use super::event_stream::EventStream;
use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::model::Run;
use crate::traffic::view::connection::Connection;

/// A run as its components see it.
#[derive(Clone, Copy, Debug)]
pub struct RunFeed {
    /// The newest state of the run.
    pub run: RwSignal<Run>,
    /// How the page is connected to the run.
    pub connection: RwSignal<Connection>,
}

impl RunFeed {
    /// Follows a run, starting from the state `first`. Does nothing on the server, nor for a closed run.
    pub fn follow(first: Run) -> Self {
        let connection = if first.closed { Connection::Ended } else { Connection::None };
        let feed = Self { run: RwSignal::new(first), connection: RwSignal::new(connection) };
        Effect::new(move |_| {
            if feed.connection.get_untracked() != Connection::Ended {
                feed.set_connection(Connection::Connecting);
                let follower = StoredValue::new_local(Some(Follower::start(feed)));
                on_cleanup(move || follower.set_value(None));
            }
        });
        feed
    }

    /// Replaces the state by a newer one. Ignores an older one, from a response that took long. Also called after the
    /// component is gone, when the signals are disposed.
    fn accept(self, run: Run, connection: Connection) {
        let Some(known) = self.run.try_get_untracked() else { return };
        let is_older = run.stats.elapsed < known.stats.elapsed && !run.status.is_final();
        if known.closed || self.is_over() || is_older {
            return;
        }
        let connection = if run.closed { Connection::Ended } else { connection };
        let _ = self.run.try_set(run);
        self.set_connection(connection);
    }

    /// Notes that the server does not have the run any more.
    pub(crate) fn run_is_gone(self) {
        self.set_connection(Connection::Broken(AppError::NotFound));
    }

    fn set_connection(self, connection: Connection) {
        if self.connection.try_get_untracked().is_some_and(|known| known != connection) {
            let _ = self.connection.try_set(connection);
        }
    }

    fn is_over(self) -> bool {
        self.connection.try_get_untracked().is_none_or(|connection| connection.is_over())
    }
}

/// After this many seconds without an event, the stream counts as broken.
const QUIET_AFTER: u32 = 3;
/// How often a closed stream is opened again, in seconds.
const REOPEN_EVERY: u32 = 5;
/// How often a hidden tab polls, in seconds.
const HIDDEN_POLL: u32 = 10;
/// After this many seconds, a poll without a response no longer blocks the next one.
const POLL_PATIENCE: u32 = 6;

struct FollowerState {
    stream: Option<EventStream>,
    /// Seconds since the last event.
    quiet: u32,
    polling: bool,
    /// Was the tab hidden a second ago?
    hidden: bool,
}

/// Keeps a [`RunFeed`] up to date until it is dropped.
struct Follower {
    state: Rc<RefCell<FollowerState>>,
    watchdog: Option<IntervalHandle>,
}

impl Follower {
    fn start(feed: RunFeed) -> Self {
        let id = feed.run.with_untracked(|run| run.job_id);
        let state = FollowerState { stream: None, quiet: 0, polling: false, hidden: false };
        let state = Rc::new(RefCell::new(state));
        open_stream(feed, id, &state);
        let watched = Rc::clone(&state);
        let watchdog = set_interval_with_handle(move || watch(feed, id, &watched), Duration::from_secs(1)).ok();
        Self { state, watchdog }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(watchdog) = &self.watchdog {
            watchdog.clear();
        }
        self.state.borrow_mut().stream = None;
    }
}

fn open_stream(feed: RunFeed, id: RunId, state: &Rc<RefCell<FollowerState>>) {
    let state_of_stream = Rc::downgrade(state);
    let on_event = move |event: MessageEvent| {
        let Some(run) = event.data().as_string().and_then(|data| serde_json::from_str::<Run>(&data).ok()) else {
            feed.set_connection(Connection::Broken(AppError::Unreadable));
            return;
        };
        let closed = run.closed;
        feed.accept(run, Connection::Live);
        let Some(state) = state_of_stream.upgrade() else { return };
        state.borrow_mut().quiet = 0;
        if closed {
            // A callback must not drop itself.
            set_timeout(move || state.borrow_mut().stream = None, Duration::ZERO);
        }
    };
    let on_error = move |_: Event| {
        // The browser reconnects by itself, or else the watchdog does. While polling works, or has an error of its own to
        // show, a broken stream changes nothing.
        if matches!(feed.connection.try_get_untracked(), Some(Connection::Connecting | Connection::Live)) {
            feed.set_connection(Connection::Broken(AppError::Unreachable));
        }
    };
    let stream = EventStream::open(&format!("/traffic/stream/{id}"), on_event, on_error);
    state.borrow_mut().stream = stream;
}

/// Checks once a second whether the stream delivers, and polls or opens it again if it does not.
fn watch(feed: RunFeed, id: RunId, state: &Rc<RefCell<FollowerState>>) {
    if feed.is_over() {
        state.borrow_mut().stream = None;
        return;
    }
    let hidden = document().hidden();
    let was_hidden = std::mem::replace(&mut state.borrow_mut().hidden, hidden);
    if hidden != was_hidden {
        state.borrow_mut().quiet = 0;
        // A browser has six connections for all its tabs, so a hidden one holds none.
        if hidden {
            state.borrow_mut().stream = None;
        } else {
            open_stream(feed, id, state);
        }
        return;
    }
    state.borrow_mut().quiet += 1;
    let quiet = state.borrow().quiet;
    if hidden {
        if quiet.is_multiple_of(HIDDEN_POLL) {
            poll(feed, id, state);
        }
        return;
    }
    let stream_closed = state.borrow().stream.as_ref().is_none_or(EventStream::is_closed);
    if stream_closed && quiet.is_multiple_of(REOPEN_EVERY) {
        open_stream(feed, id, state);
    }
    if quiet >= QUIET_AFTER {
        poll_instead(feed, id, state, quiet);
    }
}

/// Polls in place of a stream that has been quiet for so many seconds.
fn poll_instead(feed: RunFeed, id: RunId, state: &Rc<RefCell<FollowerState>>, quiet: u32) {
    if feed.connection.try_get_untracked() == Some(Connection::Live) {
        // There was no error, and yet nothing comes: something on the way holds the stream back.
        feed.set_connection(Connection::Broken(AppError::Unreachable));
    }
    if quiet.is_multiple_of(POLL_PATIENCE) {
        state.borrow_mut().polling = false;
    }
    poll(feed, id, state);
}

/// Fetches the state of the run once, unless an earlier poll is still waiting.
fn poll(feed: RunFeed, id: RunId, state: &Rc<RefCell<FollowerState>>) {
    if std::mem::replace(&mut state.borrow_mut().polling, true) {
        return;
    }
    let state = Rc::clone(state);
    spawn_local(async move {
        match fetch_run(id).await {
            Ok(run) => feed.accept(run, Connection::Polling),
            Err(error) => feed.set_connection(Connection::Broken(error)),
        }
        state.borrow_mut().polling = false;
    });
}

async fn fetch_run(id: RunId) -> Result<Run, AppError> {
    let response = Request::get(&format!("/traffic/status/{id}")).send().await.map_err(|_| AppError::Unreachable)?;
    if !response.ok() {
        return Err(AppError::of_status(response.status()));
    }
    response.json().await.map_err(|_| AppError::Unreadable)
}
