//! The runner: the one loop that sends. It walks through the plan as time goes by, acquires a permit of the gate for each
//! request, and collects the answers. Every wait also waits for the end of the run.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client::{Completion, Outgoing};
use super::live_run::LiveRun;
use super::run_context::RunContext;
use crate::traffic::engine::gate::Refusal;
use crate::traffic::engine::mix::Mix;
use crate::traffic::engine::pacer::{PATIENCE, Pacer, Step};
use crate::traffic::engine::plan::Slot;
use crate::traffic::model::{Reason, Status};

/// The most requests that may be in flight.
const MAX_IN_FLIGHT: usize = 40;
/// How long answers may take after the end of the run.
const DRAIN: Duration = Duration::from_secs(5);
/// How long they may take when the server shuts down.
const DRAIN_AT_SHUTDOWN: Duration = Duration::from_secs(2);
/// The longest sleep of the loop, so that a stall is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// A loop that was away for longer than this was stalled or suspended, so the run is not what was planned.
const STALL: Duration = Duration::from_secs(5);
/// Longer than any run. Something else ends a wait of this length.
const LONG: Duration = Duration::from_secs(3600);

/// Drives one run from its start until its last request has ended.
pub(super) struct Runner {
    run: Arc<LiveRun>,
    context: Arc<RunContext>,
    mix: Mix,
    pacer: Pacer,
    in_flight: JoinSet<(u32, Completion)>,
    gate_changes: watch::Receiver<()>,
    cap_broken: CancellationToken,
    /// The last slot that could not leave when it was due, so that each slot is counted once.
    held_back: Option<u32>,
    /// When the loop last ran, by the clock that includes the time in which the machine is suspended.
    last_awake: Duration,
}

impl Runner {
    pub(super) fn new(run: Arc<LiveRun>, context: Arc<RunContext>, cap_broken: CancellationToken) -> Self {
        let settings = &run.settings;
        let mix =
            Mix::new(settings.scenario, settings.endpoints.list().to_vec(), settings.seed, context.demo_users.clone());
        Self {
            mix,
            pacer: Pacer::new(run.shape.plan()),
            in_flight: JoinSet::new(),
            gate_changes: context.gate.changes(),
            cap_broken,
            held_back: None,
            last_awake: context.clock.uptime(),
            run,
            context,
        }
    }

    /// Drives the run to its end. A request that is still in flight then has been cancelled.
    pub(super) async fn drive(mut self) {
        self.wait_until(self.run.starts).await;
        self.run.start_running();
        self.send_all().await;
        self.wait_until(self.run.starts + self.run.shape.duration()).await;
        self.run.end_run(Status::Completed, None);
        self.drain().await;
    }

    async fn send_all(&mut self) {
        while !self.run.has_ended() {
            match self.pacer.step(self.run.elapsed()) {
                Step::Done => return,
                Step::Missed(_) => self.run.slot_missed(),
                Step::Wait(until) => self.wake_by(self.run.starts + until).await,
                Step::Send(slot) => {
                    if let Some(again) = self.try_send(slot) {
                        // A millisecond more, so that the slot is surely missed when its time is up.
                        let too_late = self.run.starts + slot.due + PATIENCE + Duration::from_millis(1);
                        self.wake_by(again.min(too_late)).await;
                    }
                }
            }
        }
    }

    /// Sends the request of a slot, or returns when to try again.
    fn try_send(&mut self, slot: Slot) -> Option<Instant> {
        let far = Instant::now() + LONG;
        if self.in_flight.len() >= MAX_IN_FLIGHT {
            if self.is_first_hold_back(slot) {
                self.run.slot_at_in_flight_limit();
            }
            return Some(far);
        }
        // Before the permit is requested, because any later change must wake this loop.
        self.gate_changes.mark_unchanged();
        let ticket = match self.context.gate.acquire() {
            Ok(ticket) => ticket,
            Err(refusal) => {
                if self.is_first_hold_back(slot) {
                    self.run.slot_throttled();
                }
                return Some(match refusal {
                    Refusal::Until(time) => self.context.gate.instant(time),
                    Refusal::AwaitArrival => far,
                });
            }
        };
        let request = self.mix.request(slot.k);
        let run_id = self.run.id;
        let seq = slot.k;
        // Before the departure, because a stop in between must see that something is under way.
        self.context.arrivals.expect(run_id, seq, ticket.id());
        if !self.run.request_sent(slot, &request) {
            // The run has ended. The ticket goes back to the gate, and the loop ends.
            self.context.arrivals.request_finished(run_id, seq);
            return None;
        }
        self.pacer.sent();
        let outgoing = Outgoing { run_id, seq, secret: self.run.secret, request };
        let completion = self.context.target.send(outgoing, ticket.depart());
        self.in_flight.spawn(async move { (seq, completion.await) });
        None
    }

    /// Is the slot held back for the first time? A slot that waits is held back at each try, but it counts once.
    fn is_first_hold_back(&mut self, slot: Slot) -> bool {
        self.held_back.replace(slot.k) != Some(slot.k)
    }

    /// Waits until `deadline` or the end of the run, while answers come in.
    async fn wait_until(&mut self, deadline: Instant) {
        while !self.run.has_ended() && Instant::now() < deadline {
            self.wake_by(deadline).await;
        }
    }

    /// Sleeps until `deadline`, an answer, a change of the gate, or the end of the run, but for a second at most.
    async fn wake_by(&mut self, deadline: Instant) {
        let end_signal = self.run.end_signal().clone();
        let deadline = deadline.min(Instant::now() + LONGEST_SLEEP);
        tokio::select! {
            biased;
            () = end_signal.cancelled() => {}
            () = self.cap_broken.cancelled() => {
                let violations = self.context.arrivals.of_run(self.run.id).cap_violations;
                self.run.end_for_cap(violations);
            }
            () = self.context.clock.sleep_until(deadline) => {}
            Some(finished) = self.in_flight.join_next() => self.finished(finished),
            // An error would mean that the gate is gone, but the context holds it.
            Ok(()) = self.gate_changes.changed() => {}
        }
        let uptime = self.context.clock.uptime();
        if uptime.saturating_sub(self.last_awake) > STALL {
            self.run.end_run(Status::Error, Some(Reason::Interrupted));
        }
        self.last_awake = uptime;
    }

    fn finished(&mut self, finished: Result<(u32, Completion), tokio::task::JoinError>) {
        // A task that was aborted or panicked has no completion. Its request stays in flight and is cancelled at the end.
        let Ok((seq, completion)) = finished else { return };
        self.context.arrivals.request_finished(self.run.id, seq);
        if let Some(row) = self.run.request_finished(seq, &completion) {
            self.context.ledger.push(row);
        }
    }

    /// Waits a limited time for the requests in flight, and cancels what is left.
    async fn drain(&mut self) {
        let mut deadline = Instant::now() + DRAIN;
        let mut hurried = false;
        let shutdown = self.context.shutdown.clone();
        while !self.in_flight.is_empty() && Instant::now() < deadline {
            tokio::select! {
                biased;
                () = shutdown.cancelled(), if !hurried => {
                    hurried = true;
                    deadline = deadline.min(Instant::now() + DRAIN_AT_SHUTDOWN);
                }
                () = self.context.clock.sleep_until(deadline) => {}
                Some(finished) = self.in_flight.join_next() => self.finished(finished),
            }
        }
        self.in_flight.abort_all();
        while let Some(finished) = self.in_flight.join_next().await {
            self.finished(finished);
        }
    }
}
