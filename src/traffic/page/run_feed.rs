//! Following a run from the browser: the live stream while it can be had, polling while it can't.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use gloo_net::http::Request;
use leptos::leptos_dom::helpers::IntervalHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, EventSource, MessageEvent};

use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::model::Run;

/// How the page is connected to the run that it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Nothing follows the run yet: without JavaScript it stays so.
    None,
    /// The stream was asked for.
    Connecting,
    /// The stream delivers.
    Live,
    /// No stream; the status is asked for every second.
    Polling,
    /// Neither delivers, for this reason. Both are tried again and again, but for a run that is not there any more.
    Broken(AppError),
    /// The run is closed: there is nothing more to come.
    Ended,
}

impl Connection {
    /// In a word or two, for the page; empty where there is nothing to say.
    pub fn words(&self) -> &'static str {
        match self {
            Self::None | Self::Ended => "",
            Self::Connecting => "Connecting",
            Self::Live => "Live",
            Self::Polling => "Live (polling)",
            Self::Broken(error) => match error {
                AppError::NotFound => "Lost",
                AppError::LoggedOut => "Logged out",
                AppError::Forbidden => "Refused",
                AppError::Unreadable | AppError::Malformed => "Not understood",
                AppError::Internal(_) | AppError::Unavailable => "Server error",
                AppError::Unreachable | AppError::ShuttingDown => "Reconnecting",
            },
        }
    }

    /// Are the shown numbers older than they should be?
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Broken(_))
    }

    /// Is there nothing more to come?
    fn is_over(&self) -> bool {
        matches!(self, Self::Ended | Self::Broken(AppError::NotFound))
    }
}

/// What a component sees of a run.
#[derive(Clone, Copy, Debug)]
pub struct RunFeed {
    /// Its newest state.
    pub job: RwSignal<Run>,
    /// How the page is connected to it.
    pub connection: RwSignal<Connection>,
}

impl RunFeed {
    /// Follows the run from its state `first` on. Nothing happens on the server, and nothing for a closed run.
    pub fn follow(first: Run) -> Self {
        let connection = if first.closed { Connection::Ended } else { Connection::None };
        let run = Self { job: RwSignal::new(first), connection: RwSignal::new(connection) };
        Effect::new(move |_| {
            if run.connection.get_untracked() != Connection::Ended {
                run.set(Connection::Connecting);
                let follower = StoredValue::new_local(Some(Follower::start(run)));
                on_cleanup(move || follower.set_value(None));
            }
        });
        run
    }

    /// Takes a newer state over. An older one, from an answer that was under way for long, is ignored.
    fn take(self, job: Run, connection: Connection) {
        // The component may be gone when an answer comes in.
        let Some(known) = self.job.try_get_untracked() else { return };
        if known.closed || self.is_over() || (job.stats.elapsed < known.stats.elapsed && !job.status.is_final()) {
            return;
        }
        let connection = if job.closed { Connection::Ended } else { connection };
        let _gone = self.job.try_set(job);
        self.set(connection);
    }

    /// The server does not know the run any more.
    pub(crate) fn lost(self) {
        self.set(Connection::Broken(AppError::NotFound));
    }

    fn set(self, connection: Connection) {
        if self.connection.try_get_untracked().is_some_and(|known| known != connection) {
            let _gone = self.connection.try_set(connection);
        }
    }

    fn is_over(self) -> bool {
        self.connection.try_get_untracked().is_none_or(|known| known.is_over())
    }
}

/// A browser's `EventSource` with its callbacks. Dropped, it closes the stream and frees them.
struct EventStream {
    source: EventSource,
    on_event: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl EventStream {
    fn open(
        url: &str,
        on_event: impl FnMut(MessageEvent) + 'static,
        on_error: impl FnMut(Event) + 'static,
    ) -> Option<Self> {
        let source = EventSource::new(url).ok()?;
        let on_event = Closure::<dyn FnMut(MessageEvent)>::new(on_event);
        let on_error = Closure::<dyn FnMut(Event)>::new(on_error);
        for name in EVENTS {
            source.add_event_listener_with_callback(name, on_event.as_ref().unchecked_ref()).ok()?;
        }
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Some(Self { source, on_event, _on_error: on_error })
    }

    /// The browser has given up and will not try again by itself.
    fn is_dead(&self) -> bool {
        self.source.ready_state() == EventSource::CLOSED
    }
}

/// The events of the stream. None is called `error`: that name belongs to the browser.
const EVENTS: [&str; 2] = ["stats", "done"];

impl Drop for EventStream {
    fn drop(&mut self) {
        self.source.set_onerror(None);
        for name in EVENTS {
            // Nothing to remove is as good as removed.
            let _none = self.source.remove_event_listener_with_callback(name, self.on_event.as_ref().unchecked_ref());
        }
        self.source.close();
    }
}

/// How many seconds without a frame mean that the stream is not delivering.
const QUIET_AFTER: u32 = 3;
/// How often a dead stream is opened anew, in seconds.
const REOPEN_EVERY: u32 = 5;
/// How often the status is asked for while nobody looks, in seconds.
const HIDDEN_POLL: u32 = 10;
/// After how many seconds an answer to a poll is no longer waited for.
const POLL_PATIENCE: u32 = 6;

struct State {
    stream: Option<EventStream>,
    /// Seconds since the last frame.
    quiet: u32,
    polling: bool,
    /// The tab was in the background when we last looked.
    hidden: bool,
}

/// Keeps a [`RunFeed`] up to date until it is dropped.
struct Follower {
    state: Rc<RefCell<State>>,
    watchdog: Option<IntervalHandle>,
}

impl Follower {
    fn start(run: RunFeed) -> Self {
        let id = run.job.with_untracked(|job| job.job_id);
        let state = Rc::new(RefCell::new(State { stream: None, quiet: 0, polling: false, hidden: false }));
        open_stream(run, id, &state);
        let watched = Rc::clone(&state);
        let watchdog = set_interval_with_handle(move || watch(run, id, &watched), Duration::from_secs(1)).ok();
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

fn open_stream(run: RunFeed, id: RunId, state: &Rc<RefCell<State>>) {
    let heard = Rc::downgrade(state);
    let on_event = move |event: MessageEvent| {
        let Some(job) = event.data().as_string().and_then(|data| serde_json::from_str::<Run>(&data).ok()) else {
            run.set(Connection::Broken(AppError::Unreadable));
            return;
        };
        let closed = job.closed;
        run.take(job, Connection::Live);
        let Some(state) = heard.upgrade() else { return };
        state.borrow_mut().quiet = 0;
        if closed {
            // Not from inside its own callback.
            set_timeout(move || state.borrow_mut().stream = None, Duration::ZERO);
        }
    };
    let on_error = move |_: Event| {
        // The browser tries again by itself, or has given up: the watchdog sees to that. While polling
        // delivers, or has said why it can't, a stream that still fails is no news.
        if matches!(run.connection.try_get_untracked(), Some(Connection::Connecting | Connection::Live)) {
            run.set(Connection::Broken(AppError::Unreachable));
        }
    };
    let stream = EventStream::open(&format!("/traffic/stream/{id}"), on_event, on_error);
    state.borrow_mut().stream = stream;
}

/// Once a second: is the stream delivering, and if not, what else can be done?
fn watch(run: RunFeed, id: RunId, state: &Rc<RefCell<State>>) {
    if run.is_over() {
        state.borrow_mut().stream = None;
        return;
    }
    let hidden = document().hidden();
    if std::mem::replace(&mut state.borrow_mut().hidden, hidden) != hidden {
        // A browser has six connections for all its tabs: one that nobody looks at takes none.
        state.borrow_mut().quiet = 0;
        if hidden {
            state.borrow_mut().stream = None;
        } else {
            open_stream(run, id, state);
        }
        return;
    }
    let (quiet, dead) = {
        let mut state = state.borrow_mut();
        state.quiet += 1;
        (state.quiet, state.stream.as_ref().is_none_or(EventStream::is_dead))
    };
    if hidden {
        if quiet.is_multiple_of(HIDDEN_POLL) {
            poll(run, id, state);
        }
        return;
    }
    if dead && quiet.is_multiple_of(REOPEN_EVERY) {
        open_stream(run, id, state);
    }
    if quiet >= QUIET_AFTER {
        if run.connection.try_get_untracked() == Some(Connection::Live) {
            // No error, and no frame either: something on the way holds the stream.
            run.set(Connection::Broken(AppError::Unreachable));
        }
        if quiet.is_multiple_of(POLL_PATIENCE) {
            state.borrow_mut().polling = false;
        }
        poll(run, id, state);
    }
}

fn poll(run: RunFeed, id: RunId, state: &Rc<RefCell<State>>) {
    if std::mem::replace(&mut state.borrow_mut().polling, true) {
        return;
    }
    let state = Rc::clone(state);
    spawn_local(async move {
        match ask(id).await {
            Ok(job) => run.take(job, Connection::Polling),
            Err(error) => run.set(Connection::Broken(error)),
        }
        state.borrow_mut().polling = false;
    });
}

/// The run as it stands now.
async fn ask(id: RunId) -> Result<Run, AppError> {
    let answer = Request::get(&format!("/traffic/status/{id}")).send().await.map_err(|_| AppError::Unreachable)?;
    if !answer.ok() {
        return Err(AppError::of_status(answer.status()));
    }
    answer.json().await.map_err(|_| AppError::Unreadable)
}
