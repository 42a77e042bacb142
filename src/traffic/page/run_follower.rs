//! Follows a run in the browser and tells what it hears: carries out what the [`ConnectionPolicy`] decides.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use gloo_net::http::{Request, Response};
use leptos::leptos_dom::helpers::IntervalHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::AbortController;

use super::connection_policy::{ConnectionPolicy, Steps};
use super::event_stream::EventStream;
use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::model::Run;
use crate::traffic::view::connection::Connection;
use crate::ui::clock::now;
use crate::ui::lifecycle::{on_leave, on_return};
use crate::ui::refresh::answered;
use crate::ui::web_lock::{WebLock, take_free_lock};

/// The places for live streams in one browser. HTTP/1.1 gives it six connections to a server for all its windows, and a
/// stream keeps one: so at least three are left for what cannot wait, such as Stop.
const PLACES: [&str; 3] = ["run-stream-1", "run-stream-2", "run-stream-3"];
/// How often the page looks whether there is something to do.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What a follower hears about its run.
pub(super) enum Heard {
    /// A state of the run, and how it came.
    Run(Box<Run>, Connection),
    /// The server does not have the run any more.
    Gone,
    /// The server could not be asked.
    Broken(AppError),
}

/// Follows one run until it is dropped.
pub(super) struct Follower {
    id: RunId,
    /// Told of everything that is heard. Also called after the component is gone, when its signals are disposed.
    tell: Box<dyn Fn(Heard)>,
    policy: RefCell<ConnectionPolicy>,
    stream: RefCell<Option<(EventStream, WebLock)>>,
    /// The number of the stream, so that a place that comes too late opens none.
    stream_number: Cell<u32>,
    timer: Cell<Option<IntervalHandle>>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.get() {
            timer.clear();
        }
    }
}

impl Follower {
    /// Follows a run. Listens to the page as long as the current owner lives.
    pub(super) fn start(id: RunId, tell: impl Fn(Heard) + 'static) -> Rc<Self> {
        let follower = Rc::new(Self {
            id,
            tell: Box::new(tell),
            policy: RefCell::new(ConnectionPolicy::new(now(), document().hidden())),
            stream: RefCell::new(None),
            stream_number: Cell::new(0),
            timer: Cell::new(None),
        });
        let weak = Rc::downgrade(&follower);
        let look = move || Self::with(&weak, Self::step);
        follower.timer.set(set_interval_with_handle(look.clone(), LOOK_EVERY).ok());
        on_return(look.clone());
        let weak = Rc::downgrade(&follower);
        // A page that keeps a stream open is not taken into the browser's cache.
        on_leave(move || Self::with(&weak, Self::leave));
        look();
        follower
    }

    fn with(weak: &Weak<Self>, act: impl FnOnce(&Rc<Self>)) {
        if let Some(follower) = weak.upgrade() {
            act(&follower);
        }
    }

    /// Tries again at once.
    pub(super) fn retry(self: &Rc<Self>) {
        let steps = self.policy.borrow_mut().retry(now());
        self.carry_out(steps);
    }

    fn leave(self: &Rc<Self>) {
        self.policy.borrow_mut().left(now());
        self.close();
    }

    fn step(self: &Rc<Self>) {
        let steps = self.policy.borrow_mut().step(now(), document().hidden());
        self.carry_out(steps);
    }

    fn carry_out(self: &Rc<Self>, steps: Steps) {
        if steps.close {
            self.close();
        }
        if steps.open {
            self.stream_number.set(self.stream_number.get() + 1);
            spawn_local(Self::open(Rc::downgrade(self), self.stream_number.get()));
        }
        if steps.poll {
            spawn_local(Self::poll(Rc::downgrade(self), self.id));
        }
    }

    fn close(&self) {
        self.stream_number.set(self.stream_number.get() + 1);
        self.stream.replace(None);
    }

    /// Opens the stream with this number, if there is a place for it and it is still wanted then.
    async fn open(weak: Weak<Self>, number: u32) {
        let place = take_free_lock(&PLACES).await;
        let Some(follower) = weak.upgrade().filter(|follower| follower.stream_number.get() == number) else { return };
        let Some(place) = place else {
            follower.policy.borrow_mut().found_no_place(now());
            follower.step();
            return;
        };
        let weak = Rc::downgrade(&follower);
        let on_event = move |data: String| Self::with(&weak, |follower| follower.receive(&data));
        let weak = Rc::downgrade(&follower);
        let on_error = move || Self::with(&weak, Self::stream_failed);
        match EventStream::open(&format!("/traffic/stream/{}", follower.id), on_event, on_error) {
            Some(stream) => drop(follower.stream.replace(Some((stream, place)))),
            None => follower.stream_failed(),
        }
    }

    fn receive(self: &Rc<Self>, data: &str) {
        let Ok(run) = serde_json::from_str::<Run>(data) else {
            // The poll that follows says what is wrong.
            self.stream_failed();
            return;
        };
        self.policy.borrow_mut().heard(now());
        (self.tell)(Heard::Run(Box::new(run), Connection::Live));
    }

    fn stream_failed(self: &Rc<Self>) {
        self.policy.borrow_mut().stream_failed(now());
        let weak = Rc::downgrade(self);
        // Later, because a callback of the stream must not drop the stream.
        spawn_local(async move {
            Self::with(&weak, |follower| {
                follower.close();
                follower.step();
            });
        });
    }

    /// Fetches the state of the run once.
    async fn poll(weak: Weak<Self>, id: RunId) {
        let answer = answered(fetch_run(id)).await;
        let Some(follower) = weak.upgrade() else { return };
        follower.policy.borrow_mut().poll_ended();
        let is_live = follower.policy.borrow().delivers(now());
        match answer {
            Ok(run) => {
                let connection = if is_live { Connection::Live } else { Connection::Polling };
                (follower.tell)(Heard::Run(Box::new(run), connection));
            }
            Err(AppError::NotFound) => (follower.tell)(Heard::Gone),
            // While the stream delivers, nothing is wrong.
            Err(_) if is_live => {}
            Err(error) => (follower.tell)(Heard::Broken(error)),
        }
    }
}

/// Cancels a request when its answer is not awaited any more.
struct CancelOnDrop(Option<AbortController>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

async fn fetch_run(id: RunId) -> Result<Run, AppError> {
    let cancel = CancelOnDrop(AbortController::new().ok());
    let signal = cancel.0.as_ref().map(AbortController::signal);
    let request = Request::get(&format!("/traffic/status/{id}")).abort_signal(signal.as_ref());
    let response = request.send().await.map_err(|_| AppError::Unreachable)?;
    if !response.ok() {
        return Err(error_of(&response));
    }
    response.json().await.map_err(|_| AppError::Unreadable)
}

fn error_of(response: &Response) -> AppError {
    match AppError::of_status(response.status()) {
        AppError::Internal(_) => AppError::Internal(response.headers().get("x-request-id")),
        error => error,
    }
}
