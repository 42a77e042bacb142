//! The runner: the one loop that sends. It walks the plan as time goes by, asks the gate for each
//! request, and collects the answers. Every wait also waits for the end of the run.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use std::sync::Arc;

use super::client::{Answer, Outgoing};
use super::live_run::LiveRun;
use super::run_manager::RunContext;
use crate::traffic::engine::gate::Refusal;
use crate::traffic::engine::mix::Mix;
use crate::traffic::engine::pacer::{PATIENCE, Pacer, Step};
use crate::traffic::engine::plan::Slot;
use crate::traffic::model::{Reason, Status};

/// How many requests may be in flight.
pub const MAX_IN_FLIGHT: usize = 40;
/// How long answers may take after the end of the run …
const DRAIN: Duration = Duration::from_secs(5);
/// … and at a shutdown of the server.
const DRAIN_AT_SHUTDOWN: Duration = Duration::from_secs(2);
/// How long the loop sleeps at most, so that a stall is noticed.
const LOOK_AROUND: Duration = Duration::from_secs(1);
/// A loop that did not look around for this long was stalled or suspended: the run is not what was planned.
const STALL: Duration = Duration::from_secs(5);
/// Longer than any run: the wait ends by something else.
const LONG: Duration = Duration::from_secs(3600);

/// Drives one job from its start until its last request has ended.
pub(super) struct Runner {
    job: Arc<LiveRun>,
    around: Arc<RunContext>,
    mix: Mix,
    pacer: Pacer,
    in_flight: JoinSet<(u32, Answer)>,
    bell: watch::Receiver<()>,
    cap_broken: CancellationToken,
    /// The last slot that could not leave when it was due, to count each one once.
    refused: Option<u32>,
    /// When the loop last looked around, on the clock that runs on while the machine is suspended.
    looked: Duration,
}

impl Runner {
    pub(super) fn new(job: Arc<LiveRun>, around: Arc<RunContext>, cap_broken: CancellationToken) -> Self {
        let settings = &job.settings;
        let mix =
            Mix::new(settings.scenario, settings.endpoints.list().to_vec(), settings.seed, around.demo_users.clone());
        Self {
            mix,
            pacer: Pacer::new(job.shape.plan()),
            in_flight: JoinSet::new(),
            bell: around.gatekeeper.bell(),
            cap_broken,
            refused: None,
            looked: around.clock.uptime(),
            job,
            around,
        }
    }

    /// Runs the job to its end. What is still open then was cancelled.
    pub(super) async fn drive(mut self) {
        self.wait_until(self.job.starts).await;
        self.job.begin();
        self.send_all().await;
        self.wait_until(self.job.starts + self.job.shape.duration()).await;
        self.job.end(Status::Completed, None);
        self.drain().await;
    }

    async fn send_all(&mut self) {
        while !self.job.is_over() {
            match self.pacer.step(self.job.elapsed()) {
                Step::Done => return,
                Step::Missed(_) => self.job.missed(),
                Step::Wait(until) => self.wake_by(self.job.starts + until).await,
                Step::Send(slot) => {
                    if let Some(again) = self.try_send(slot) {
                        // A millisecond more, so that the slot is surely missed when its time is up.
                        let too_late = self.job.starts + slot.due + PATIENCE + Duration::from_millis(1);
                        self.wake_by(again.min(too_late)).await;
                    }
                }
            }
        }
    }

    /// Sends, or says when to try again.
    fn try_send(&mut self, slot: Slot) -> Option<Instant> {
        let far = Instant::now() + LONG;
        if self.in_flight.len() >= MAX_IN_FLIGHT {
            if self.first_refusal_of(slot) {
                self.job.refused_by_in_flight();
            }
            return Some(far);
        }
        // Before the gate is asked: a bell that rings after it was asked must wake us.
        self.bell.mark_unchanged();
        let ticket = match self.around.gatekeeper.take() {
            Ok(ticket) => ticket,
            Err(refusal) => {
                if self.first_refusal_of(slot) {
                    self.job.refused();
                }
                return Some(match refusal {
                    Refusal::Until(time) => self.around.gatekeeper.instant(time),
                    Refusal::AwaitArrival => far,
                });
            }
        };
        let request = self.mix.request(slot.k);
        let (run, seq) = (self.job.id, slot.k);
        // Before the departure: a stop that comes in between must see that something is under way.
        self.around.arrivals.expect(run, seq, ticket.id());
        if !self.job.depart(slot, &request) {
            // Over. The ticket goes back, and the loop ends.
            self.around.arrivals.ended(run, seq);
            return None;
        }
        self.pacer.sent();
        let answer = self.around.target.send(Outgoing { run, seq, secret: self.job.secret, request }, ticket.depart());
        self.in_flight.spawn(async move { (seq, answer.await) });
        None
    }

    /// A slot that waits is refused again at each look; it counts once.
    fn first_refusal_of(&mut self, slot: Slot) -> bool {
        self.refused.replace(slot.k) != Some(slot.k)
    }

    /// Waits for `deadline`, while answers come in; the end of the run ends the wait.
    async fn wait_until(&mut self, deadline: Instant) {
        while !self.job.is_over() && Instant::now() < deadline {
            self.wake_by(deadline).await;
        }
    }

    /// Sleeps until `deadline`, an answer, a change of the gate, or the end of the run; a second at most.
    async fn wake_by(&mut self, deadline: Instant) {
        let halted = self.job.halted().clone();
        let deadline = deadline.min(Instant::now() + LOOK_AROUND);
        tokio::select! {
            biased;
            () = halted.cancelled() => {}
            () = self.cap_broken.cancelled() => {
                self.job.broke_the_cap(self.around.arrivals.of_run(self.job.id).cap_violations);
            }
            () = self.around.clock.sleep_until(deadline) => {}
            Some(finished) = self.in_flight.join_next() => self.finished(finished),
            // An error means that the gate is gone, and we with it.
            Ok(()) = self.bell.changed() => {}
        }
        let uptime = self.around.clock.uptime();
        if uptime.saturating_sub(self.looked) > STALL {
            self.job.end(Status::Error, Some(Reason::Interrupted));
        }
        self.looked = uptime;
    }

    fn finished(&mut self, finished: Result<(u32, Answer), tokio::task::JoinError>) {
        // A task that was aborted, or panicked, has no answer; its request stays open and is cancelled at the end.
        let Ok((seq, answer)) = finished else { return };
        self.around.arrivals.ended(self.job.id, seq);
        if let Some(row) = self.job.ended(seq, &answer) {
            self.around.ledger.push(row);
        }
    }

    /// Waits for the answers that are still out, for a bounded time, and cancels what is left.
    async fn drain(&mut self) {
        let mut deadline = Instant::now() + DRAIN;
        let mut hurried = false;
        let shutdown = self.around.shutdown.clone();
        while !self.in_flight.is_empty() && Instant::now() < deadline {
            tokio::select! {
                biased;
                () = shutdown.cancelled(), if !hurried => {
                    hurried = true;
                    deadline = deadline.min(Instant::now() + DRAIN_AT_SHUTDOWN);
                }
                () = self.around.clock.sleep_until(deadline) => {}
                Some(finished) = self.in_flight.join_next() => self.finished(finished),
            }
        }
        self.in_flight.abort_all();
        while let Some(finished) = self.in_flight.join_next().await {
            self.finished(finished);
        }
    }
}
