//! One run while it is in memory: its numbers, its state, and the frames that its viewers see.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client::Completion;
use super::client_ledger::LedgerRow;
use super::frame::Frame;
use super::run_headers::Secret;
use super::run_state::RunState;
use crate::origin::RunId;
use crate::platform::wall_clock::epoch_millis;
use crate::traffic::engine::audit_outcome::Audit;
use crate::traffic::engine::dashboard_outcome::DashboardCheck;
use crate::traffic::engine::evidence::Creates;
use crate::traffic::engine::failures::Failure;
use crate::traffic::engine::mix::PlannedRequest;
use crate::traffic::engine::outcome::Fate;
use crate::traffic::engine::plan::Slot;
use crate::traffic::engine::scenario::Shape;
use crate::traffic::engine::timeline::Timeline;
use crate::traffic::model::{Reason, Run, Settings, Status};
use crate::traffic::naming::NameAndNote;

/// After this many transport failures in a row the run ends, because nobody answers.
const TARGET_DOWN_AFTER: u32 = 50;

/// A run in memory.
#[derive(Debug)]
pub struct LiveRun {
    /// The run's id.
    pub id: RunId,
    /// The settings with which the run was started.
    pub settings: Settings,
    /// The shape of the plan.
    pub shape: Shape,
    /// Proves that a request belongs to this run.
    pub secret: Secret,
    /// When the run's clock starts.
    pub starts: Instant,
    end_signal: CancellationToken,
    state: Mutex<RunState>,
    frames: watch::Sender<Frame>,
}

impl LiveRun {
    /// A run whose clock starts at `starts`.
    pub fn new(id: RunId, settings: Settings, cap: u32, starts: Instant) -> Arc<Self> {
        let shape = settings.shape(cap);
        let until_start = starts.saturating_duration_since(Instant::now());
        let start_time = epoch_millis() + until_start.as_millis() as i64;
        let live = Self {
            id,
            shape,
            secret: Secret::random(),
            starts,
            end_signal: CancellationToken::new(),
            state: Mutex::new(RunState::new(Run::starting(id, settings.clone(), cap, start_time), shape.total())),
            settings,
            frames: watch::channel(Frame::default()).0,
        };
        live.publish();
        Arc::new(live)
    }

    /// Time since the start of the run; zero before it.
    pub fn elapsed(&self) -> Duration {
        self.starts.elapsed()
    }

    /// Is cancelled when the run ends: from then on nothing is sent.
    pub fn end_signal(&self) -> &CancellationToken {
        &self.end_signal
    }

    /// Has the run ended, whether it is closed or not?
    pub fn has_ended(&self) -> bool {
        self.state.lock().run.status.is_final()
    }

    /// Is the run closed, with its result stored?
    pub fn is_closed(&self) -> bool {
        self.state.lock().run.closed
    }

    /// Has the run ended, while its result could not be stored yet?
    pub fn is_unstored(&self) -> bool {
        self.state.lock().run.unstored
    }

    /// Notes that the result could not be stored yet.
    pub fn mark_unstored(&self) {
        self.state.lock().run.unstored = true;
    }

    /// The clock of the run has started.
    pub fn start_running(&self) {
        {
            let mut state = self.state.lock();
            if state.run.status != Status::Starting {
                return;
            }
            state.run.status = Status::Running;
        }
        self.publish();
    }

    /// Ends the run, unless it has ended already. Nothing is sent from here on. Returns whether this call ended it.
    pub fn end_run(&self, status: Status, reason: Option<Reason>) -> bool {
        {
            let mut state = self.state.lock();
            if state.run.status.is_final() {
                return false;
            }
            state.run.status = status;
            state.run.reason = reason;
            let ended_at = self.elapsed().min(self.shape.duration());
            state.ended_at = Some(ended_at);
            // By the steady clock, because the wall clock may have been set in the meantime.
            state.run.end_time = Some(state.run.start_time + ended_at.as_millis() as i64);
            state.recorder.close();
        }
        self.end_signal.cancel();
        self.publish();
        true
    }

    /// Ends the run because the guard saw that it broke the cap.
    pub fn end_for_cap(&self, violations: u32) {
        self.state.lock().run.stats.cap_violations = violations;
        self.end_run(Status::Error, Some(Reason::Cap));
    }

    /// Turns the ended run into an error, even if it was completed, because closing it failed.
    pub fn closing_failed(&self, reason: Reason) {
        let run = &mut self.state.lock().run;
        run.status = Status::Error;
        run.reason.get_or_insert(reason);
    }

    /// Notes how long it took to stop the run.
    pub fn set_stop_duration(&self, duration: Duration) {
        self.state.lock().run.stop_took = Some(duration.as_micros() as f64 / 1000.0);
    }

    /// Counts a slot that passed without its request.
    pub fn slot_missed(&self) {
        self.state.lock().recorder.missed();
    }

    /// Counts a slot that was due while the gate was shut.
    pub fn slot_throttled(&self) {
        self.state.lock().recorder.refused();
    }

    /// Counts a slot that was due while as many requests were in flight as may be.
    pub fn slot_at_in_flight_limit(&self) {
        self.state.lock().recorder.refused_by_in_flight();
    }

    /// Notes that the request of `slot` is sent now. `false`: the run has ended, and the request must not be sent.
    pub fn request_sent(&self, slot: Slot, request: &PlannedRequest) -> bool {
        let mut state = self.state.lock();
        if state.run.status.is_final() {
            return false;
        }
        let sent = self.elapsed();
        state.recorder.sent(slot.due, sent);
        state.ledger.request_sent(slot, request, sent);
        true
    }

    /// Notes the end of a request, and returns the row to store. Ends the run when nobody answers.
    pub fn request_finished(&self, seq: u32, completion: &Completion) -> Option<LedgerRow> {
        let row = self.finish_request(seq, completion)?;
        if self.state.lock().recorder.transport_failures_in_a_row() >= TARGET_DOWN_AFTER {
            self.end_run(Status::Error, Some(Reason::TargetDown));
        }
        Some(row)
    }

    fn finish_request(&self, seq: u32, completion: &Completion) -> Option<LedgerRow> {
        let mut state = self.state.lock();
        let ended = completion.ended.saturating_duration_since(self.starts);
        let (row, failure) = state.ledger.request_finished(seq, completion, ended)?;
        state.recorder.ended(&row.outcome, failure);
        Some(row)
    }

    /// Cancels the requests that are still in flight, and returns the rows to store.
    pub fn cancel_in_flight(&self) -> Vec<LedgerRow> {
        let in_flight = self.state.lock().ledger.in_flight();
        let cancelled = Completion { fate: Fate::Cancelled, request_id: None, ended: Instant::now() };
        in_flight.into_iter().filter_map(|seq| self.finish_request(seq, &cancelled)).collect()
    }

    /// How each request ended, by the client's ledger, and which of them create users.
    pub fn ledger(&self) -> (Vec<(u32, Fate)>, Creates) {
        let state = self.state.lock();
        (state.ledger.fates().to_vec(), state.ledger.creates())
    }

    /// Keeps the results of the audit and of the dashboard check.
    pub fn set_verdict(&self, audit: Audit, dashboard_check: DashboardCheck) {
        let stats = &mut self.state.lock().run.stats;
        stats.cap_violations = audit.cap_violations;
        stats.audit = Some(audit);
        stats.dashboard_check = Some(dashboard_check);
    }

    /// The newest single failures, newest first.
    pub fn failures(&self) -> Vec<Failure> {
        self.state.lock().recorder.failures()
    }

    /// Everything about the run at this moment, and the run second by second, both of the same moment.
    pub fn details(&self) -> (Run, Timeline) {
        let (run, sent, ended) = {
            let state = self.state.lock();
            let recorder = &state.recorder;
            (state.snapshot(self.elapsed()), recorder.sent_in_second().to_vec(), recorder.requests().to_vec())
        };
        let timeline = Timeline::of(&sent, &ended, run.stats.whole_seconds());
        (run, timeline)
    }

    /// The run second by second.
    pub fn timeline(&self) -> Timeline {
        self.details().1
    }

    /// How much later than due the newest request was sent.
    pub fn latest_scheduling_delay(&self) -> Option<Duration> {
        self.state.lock().recorder.latest_scheduling_delay()
    }

    /// Marks the run as closed and stored, and publishes the last frame.
    pub fn mark_closed(&self) {
        {
            let run = &mut self.state.lock().run;
            run.closed = true;
            run.unstored = false;
        }
        self.publish();
    }

    /// Changes name and note. The last frame of a closed run is made anew, for those who subscribe later.
    pub fn rename(&self, NameAndNote { name, note }: NameAndNote) {
        let mut state = self.state.lock();
        state.run.name = name;
        state.run.note = note;
        if !self.frames.borrow().done {
            state.frames_made += 1;
        }
        let frame = Frame::new(state.snapshot(self.elapsed()), state.frames_made);
        self.frames.send_replace(frame);
    }

    /// Everything about the run at this moment, consistent in itself.
    pub fn snapshot(&self) -> Run {
        self.state.lock().snapshot(self.elapsed())
    }

    /// Makes the next frame from the present state and shows it to all subscribers. Does nothing after the last frame.
    pub fn publish(&self) {
        let mut state = self.state.lock();
        if self.frames.borrow().done {
            return;
        }
        state.frames_made += 1;
        let frame = Frame::new(state.snapshot(self.elapsed()), state.frames_made);
        self.frames.send_replace(frame);
    }

    /// The present frame at once and then each newer one; only the newest when the receiver was too slow for some.
    pub fn frames(&self) -> watch::Receiver<Frame> {
        self.frames.subscribe()
    }
}
