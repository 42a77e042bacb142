//! One job while it is in memory: its numbers, its state, and the frames that its viewers see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::arrivals::Secret;
use super::client::Answer;
use crate::origin::RunId;
use crate::platform::wall_clock::{epoch_micros, epoch_millis};
use crate::traffic::engine::audit_outcome::Audit;
use crate::traffic::engine::dashboard_outcome::DashboardCheck;
use crate::traffic::engine::evidence::Creates;
use crate::traffic::engine::failures::Failure;
use crate::traffic::engine::mix::{Call, PlannedRequest};
use crate::traffic::engine::outcome::{Fate, Outcome};
use crate::traffic::engine::plan::Slot;
use crate::traffic::engine::recorder::Recorder;
use crate::traffic::engine::scenario::Shape;
use crate::traffic::engine::stats::Stats;
use crate::traffic::engine::timeline::Timeline;
use crate::traffic::model::{Reason, Run, Settings, Status};

/// How many transport failures in a row mean that nobody is there.
const TARGET_DOWN_AFTER: u32 = 50;

/// One event of the live stream, encoded once for all subscribers.
#[derive(Clone, Debug)]
pub struct Frame {
    /// `id: …`, `event: …`, `data: …` and the empty line.
    pub bytes: Bytes,
    /// Its number in the stream.
    pub id: u64,
    /// The last one.
    pub done: bool,
}

/// A request that left and has not ended.
#[derive(Clone, Debug)]
struct Open {
    slot: Slot,
    sent: Duration,
    sent_at: i64,
    call: Call,
    method: &'static str,
    path: String,
}

/// What the ledger keeps of a request.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    /// The run.
    pub run: RunId,
    /// Its slot.
    pub slot: Slot,
    /// When it left, in epoch microseconds.
    pub sent_at: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// The server's id of the request, when there was an answer.
    pub request_id: Option<Uuid>,
}

#[derive(Debug)]
struct Core {
    status: Status,
    reason: Option<Reason>,
    recorder: Recorder,
    open: BTreeMap<u32, Open>,
    ledger: Vec<(u32, Fate)>,
    creates: Creates,
    /// Since the start of the run, when nothing could leave any more.
    ended_at: Option<Duration>,
    end_time: Option<i64>,
    stop_took: Option<f64>,
    cap_violations: u32,
    audit: Option<Audit>,
    dashboard_check: Option<DashboardCheck>,
    closed: bool,
    /// The database could not take the result yet.
    unstored: bool,
    frames_made: u64,
}

/// A job in memory.
#[derive(Debug)]
pub struct LiveRun {
    /// Its name.
    pub id: RunId,
    /// What it was started with.
    pub settings: Settings,
    /// The plan's shape.
    pub shape: Shape,
    /// What proves that a request is one of its own.
    pub secret: Secret,
    /// When its clock starts.
    pub starts: Instant,
    cap: u32,
    start_time: i64,
    halt: CancellationToken,
    core: Mutex<Core>,
    frames: watch::Sender<Frame>,
}

impl LiveRun {
    /// A job whose clock starts at `starts`.
    pub fn new(id: RunId, settings: Settings, cap: u32, starts: Instant) -> Arc<Self> {
        let shape = settings.shape(cap);
        let until_start = starts.saturating_duration_since(Instant::now());
        let job = Self {
            id,
            shape,
            secret: Secret::draw(),
            starts,
            cap,
            start_time: epoch_millis() + until_start.as_millis() as i64,
            halt: CancellationToken::new(),
            core: Mutex::new(Core {
                status: Status::Starting,
                reason: None,
                recorder: Recorder::new(shape.total()),
                open: BTreeMap::new(),
                ledger: Vec::new(),
                creates: Creates::default(),
                ended_at: None,
                end_time: None,
                stop_took: None,
                cap_violations: 0,
                audit: None,
                dashboard_check: None,
                closed: false,
                unstored: false,
                frames_made: 0,
            }),
            settings,
            frames: watch::channel(Frame { bytes: Bytes::new(), id: 0, done: false }).0,
        };
        job.publish();
        Arc::new(job)
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        // A panic elsewhere must not take the status away from those who ask for it.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since the start of the run; zero before it.
    pub fn elapsed(&self) -> Duration {
        self.starts.elapsed()
    }

    /// Cancelled when nothing may leave any more.
    pub fn halted(&self) -> &CancellationToken {
        &self.halt
    }

    /// Has it ended, closed or not?
    pub fn is_over(&self) -> bool {
        self.core().status.is_final()
    }

    /// Is all done and stored?
    pub fn is_closed(&self) -> bool {
        self.core().closed
    }

    /// Has it ended, and its result could not be stored yet?
    pub fn is_unstored(&self) -> bool {
        self.core().unstored
    }

    /// Its result could not be stored; that is tried again.
    pub fn waits_for_the_database(&self) {
        self.core().unstored = true;
    }

    /// Why it ended, if by a fault.
    pub fn reason(&self) -> Option<Reason> {
        self.core().reason
    }

    /// Its clock has started.
    pub fn begin(&self) {
        {
            let mut core = self.core();
            if core.status != Status::Starting {
                return;
            }
            core.status = Status::Running;
        }
        self.publish();
    }

    /// Ends the run, unless it has ended already: from here on nothing leaves. Says whether it was this call.
    pub fn end(&self, status: Status, reason: Option<Reason>) -> bool {
        {
            let mut core = self.core();
            if core.status.is_final() {
                return false;
            }
            core.status = status;
            core.reason = reason;
            let ended_at = self.elapsed().min(self.shape.duration());
            core.ended_at = Some(ended_at);
            // By the steady clock: the wall clock may have been set meanwhile.
            core.end_time = Some(self.start_time + ended_at.as_millis() as i64);
            core.recorder.close();
        }
        self.halt.cancel();
        self.publish();
        true
    }

    /// A fault found while closing turns even a completed run into an error.
    pub fn fault(&self, reason: Reason) {
        let mut core = self.core();
        core.status = Status::Error;
        core.reason.get_or_insert(reason);
    }

    /// Notes how long a stop took.
    pub fn stop_took(&self, duration: Duration) {
        self.core().stop_took = Some(duration.as_micros() as f64 / 1000.0);
    }

    /// A slot's time has passed.
    pub fn missed(&self) {
        self.core().recorder.missed();
    }

    /// The gate was shut for a slot that was due.
    pub fn refused(&self) {
        self.core().recorder.refused();
    }

    /// As many requests were in flight as may be when a slot was due.
    pub fn refused_by_in_flight(&self) {
        self.core().recorder.refused_by_in_flight();
    }

    /// The guard found that the run broke the cap: it ends.
    pub fn broke_the_cap(&self, violations: u32) {
        self.core().cap_violations = violations;
        self.end(Status::Error, Some(Reason::Cap));
    }

    /// Notes that the request of `slot` leaves now. `false`: the run has ended, and it must not.
    pub fn depart(&self, slot: Slot, request: &PlannedRequest) -> bool {
        let mut core = self.core();
        if core.status.is_final() {
            return false;
        }
        let sent = self.elapsed();
        core.recorder.sent(slot.due, sent);
        let open = Open {
            slot,
            sent,
            sent_at: epoch_micros(),
            call: request.call,
            method: request.method,
            path: request.path.clone(),
        };
        core.open.insert(slot.k, open);
        true
    }

    /// Notes the end of a request, and gives what the ledger keeps of it.
    pub fn ended(&self, seq: u32, answer: &Answer) -> Option<LedgerRow> {
        let row = self.settle(seq, answer)?;
        if self.core().recorder.transport_failures_in_a_row() >= TARGET_DOWN_AFTER {
            self.end(Status::Error, Some(Reason::TargetDown));
        }
        Some(row)
    }

    fn settle(&self, seq: u32, answer: &Answer) -> Option<LedgerRow> {
        let mut core = self.core();
        let open = core.open.remove(&seq)?;
        let outcome = Outcome {
            seq,
            call: open.call,
            wanted: open.slot.wanted,
            sent: open.sent,
            ended: answer.ended.saturating_duration_since(self.starts),
            fate: answer.fate,
        };
        let failed = !answer.fate.is_ok() && answer.fate != Fate::Cancelled;
        let failure = failed.then(|| failure(&open, answer));
        core.recorder.ended(&outcome, failure);
        core.ledger.push((seq, answer.fate));
        match answer.fate {
            _ if open.call != Call::Create => {}
            Fate::Answered(status) => core.creates.answered += u32::from(status == 201),
            _ => core.creates.unanswered += 1,
        }
        let request_id = answer.request_id.as_deref().and_then(|id| id.parse().ok());
        Some(LedgerRow { run: self.id, slot: open.slot, sent_at: open.sent_at, outcome, request_id })
    }

    /// Whatever is still open is cancelled.
    pub fn cancel_open(&self) -> Vec<LedgerRow> {
        let open: Vec<u32> = self.core().open.keys().copied().collect();
        let answer = Answer { fate: Fate::Cancelled, request_id: None, ended: Instant::now() };
        open.into_iter().filter_map(|seq| self.settle(seq, &answer)).collect()
    }

    /// The client's ledger, and what of it creates users.
    pub fn ledger(&self) -> (Vec<(u32, Fate)>, Creates) {
        let core = self.core();
        (core.ledger.clone(), core.creates)
    }

    /// Keeps what was found when the run was checked.
    pub fn set_verdict(&self, audit: Audit, dashboard_check: DashboardCheck) {
        let mut core = self.core();
        core.cap_violations = audit.cap_violations;
        core.audit = Some(audit);
        core.dashboard_check = Some(dashboard_check);
    }

    /// The newest single failures, newest first.
    pub fn failures(&self) -> Vec<Failure> {
        self.core().recorder.failures()
    }

    /// The run second by second, as far as all requests of a second have ended.
    pub fn timeline(&self) -> Timeline {
        let (requests, over) = {
            let core = self.core();
            let now = core.ended_at.unwrap_or_else(|| self.elapsed()).min(self.shape.duration());
            let settled = core.open.values().map(|open| open.sent).fold(now, Duration::min);
            (core.recorder.requests().to_vec(), settled.as_secs())
        };
        Timeline::of(&requests, u32::try_from(over).unwrap_or(u32::MAX))
    }

    /// How late the newest request left.
    pub fn latest_scheduling_delay(&self) -> Option<Duration> {
        self.core().recorder.latest_scheduling_delay()
    }

    /// All is done and stored.
    pub fn close(&self) {
        {
            let mut core = self.core();
            core.closed = true;
            core.unstored = false;
        }
        self.publish();
    }

    /// Everything about the job at this moment, consistent in itself.
    pub fn snapshot(&self) -> Run {
        self.view(&self.core())
    }

    fn view(&self, core: &Core) -> Run {
        let Settings { scenario, duration, max_rps, endpoints, seed, delay } = self.settings.clone();
        let now = core.ended_at.unwrap_or_else(|| self.elapsed());
        Run {
            job_id: self.id,
            status: core.status,
            reason: core.reason,
            scenario,
            duration,
            max_rps,
            endpoints,
            seed,
            delay,
            cap: self.cap,
            start_time: self.start_time,
            end_time: core.end_time,
            closed: core.closed,
            unstored: core.unstored,
            stats: Stats {
                recent_failures: if core.status.is_final() { core.recorder.failures() } else { Vec::new() },
                cap_violations: core.cap_violations,
                audit: core.audit.clone(),
                dashboard_check: core.dashboard_check.clone(),
                ..core.recorder.snapshot(now, self.shape.duration())
            },
            stop_took: core.stop_took,
        }
    }

    /// Makes the next frame from the present state and shows it to all subscribers.
    pub fn publish(&self) {
        let mut core = self.core();
        // After the last frame there is none.
        if self.frames.borrow().done {
            return;
        }
        core.frames_made += 1;
        let job = self.view(&core);
        self.frames.send_replace(frame(&job, core.frames_made));
    }

    /// The frames: the present one at once, then each newer one, the newest when several were missed.
    pub fn frames(&self) -> watch::Receiver<Frame> {
        self.frames.subscribe()
    }
}

/// What `stats` frames leave out, because it does not change the live picture of a run and may be large. The run's
/// status has it, and so has the last frame.
const NOT_IN_FRAMES: [&str; 6] = ["calls", "fates", "failures", "recentFailures", "audit", "dashboardCheck"];

/// The event of a job at one moment: `stats`, or `done` with everything for one that is closed.
pub fn frame(job: &Run, id: u64) -> Frame {
    let event = if job.closed { "done" } else { "stats" };
    // Without line ends, so it is one `data` line.
    let data = data(job).unwrap_or_else(|error| {
        tracing::error!(%error, "a job could not be written as JSON");
        "null".to_owned()
    });
    Frame { bytes: Bytes::from(format!("id: {id}\nevent: {event}\ndata: {data}\n\n")), id, done: job.closed }
}

fn data(job: &Run) -> serde_json::Result<String> {
    if job.closed {
        return serde_json::to_string(job);
    }
    let mut job = serde_json::to_value(job)?;
    if let Some(stats) = job.get_mut("stats").and_then(serde_json::Value::as_object_mut) {
        stats.retain(|name, _| !NOT_IN_FRAMES.contains(&name.as_str()));
    }
    serde_json::to_string(&job)
}

fn failure(open: &Open, answer: &Answer) -> Failure {
    Failure {
        seq: open.slot.k,
        method: open.method.to_owned(),
        path: open.path.clone(),
        status: answer.fate.status(),
        request_id: answer.request_id.clone(),
        reason: answer.fate.words(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::engine::mix::Endpoint;
    use crate::traffic::engine::scenario::{Delay, Scenario};
    use crate::traffic::model::{Endpoints, MAX_DURATION};

    /// The largest frame that a viewer gets, in bytes.
    const LARGEST_FRAME: usize = 4096;

    /// A run of ten minutes in which everything is as long as it can be: sixty status codes on every endpoint, so that
    /// all groups of failures are there, and latencies with all their digits.
    async fn worst_run() -> Arc<LiveRun> {
        let settings = Settings {
            scenario: Scenario::ErrorInjection,
            duration: MAX_DURATION,
            max_rps: 20,
            endpoints: Endpoints::some(&[Endpoint::List, Endpoint::Create, Endpoint::Update]).expect("some"),
            seed: u32::MAX,
            delay: Delay::Client,
        };
        let job = LiveRun::new(RunId(Uuid::from_u128(u128::MAX)), settings, 20, Instant::now());
        job.begin();
        for slot in job.shape.plan() {
            tokio::time::sleep_until(job.starts + slot.due + Duration::from_micros(99_999)).await;
            let call = Call::ALL[slot.k as usize % Call::ALL.len()];
            let path = format!("/api/v1/users/{}", Uuid::from_u128(u128::MAX));
            job.refused();
            job.refused_by_in_flight();
            assert!(job.depart(slot, &PlannedRequest { call, method: "PATCH", path, body: None }));
            let status = if slot.k % 3 == 0 { 200 } else { 500 + (slot.k / 5 % 60) as u16 };
            let answer = Answer {
                fate: Fate::Answered(status),
                request_id: Some(Uuid::from_u128(u128::MAX).to_string()),
                ended: Instant::now() + Duration::from_micros(4_123_457 + u64::from(slot.k) * 7),
            };
            job.ended(slot.k, &answer);
        }
        job
    }

    fn data_of(job: &LiveRun) -> (usize, Run) {
        job.publish();
        let bytes = job.frames().borrow().bytes.clone();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        let data = text.lines().find_map(|line| line.strip_prefix("data: ")).expect("data");
        (bytes.len(), serde_json::from_str(data).expect("what the page reads"))
    }

    #[tokio::test(start_paused = true)]
    async fn the_frame_of_the_worst_run_stays_small_and_the_last_one_has_everything() {
        let job = worst_run().await;
        let whole = job.snapshot();
        assert!(whole.stats.sent_per_second.len() >= 599 && whole.stats.sent > 11_000, "{whole:?}");
        assert_eq!((whole.stats.failures.len(), whole.stats.calls.len(), whole.stats.fates.len()), (10, 5, 61));
        let (bytes, shown) = data_of(&job);
        assert!((2000..=LARGEST_FRAME).contains(&bytes), "{bytes} bytes");
        let left_out = Stats { calls: Vec::new(), fates: Vec::new(), failures: Vec::new(), ..whole.stats.clone() };
        assert_eq!(shown, Run { stats: left_out, ..whole }, "everything else is there");

        job.end(Status::Error, Some(Reason::Interrupted));
        job.stop_took(Duration::from_micros(4_999_999));
        let (bytes, shown) = data_of(&job);
        assert!(bytes <= LARGEST_FRAME, "{bytes} bytes while it is being closed");
        assert!(shown.stats.recent_failures.is_empty());

        job.close();
        let (_, shown) = data_of(&job);
        assert_eq!(shown, job.snapshot());
        assert_eq!((shown.stats.failures.len(), shown.stats.recent_failures.len()), (10, 50));
    }
}
