//! The job manager: one active job at a time, from its start until it leaves memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tracing::Instrument;
use uuid::Uuid;

use super::arrivals::Arrivals;
use super::client::Target;
use super::dropped_rows::Losses;
use super::live_run::{LedgerRow, LiveRun};
use super::ports::{RecordedRequests, UserCleanup};
use super::runner::Runner;
use super::send_timer::Clock;
use super::shared_gate::SharedGate;
use super::store::{ListedRun, RunStore};
use super::tally::Tally;
use super::{closing, findings, recovery};
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::row_writer::RowWriter;
use crate::traffic::engine::exchange;
use crate::traffic::engine::exchange::Exchange;
use crate::traffic::engine::findings::Findings;
use crate::traffic::engine::scenario::Delay;
use crate::traffic::history_query::HistoryQuery;
use crate::traffic::model::{Reason, Run, RunSummary, Settings, Started, Status};

/// How often the viewers of a job see a new snapshot.
const TICK: Duration = Duration::from_millis(500);
/// How long a job stays in memory after its end.
const KEPT: Duration = Duration::from_secs(300);
/// How long a stop waits for requests that have left to arrive.
const STOP_PATIENCE: Duration = Duration::from_millis(250);
/// How long the closing of a run, which flushes and stores, may take once the server goes down.
pub const STORING_AT_SHUTDOWN: Duration = Duration::from_secs(5);

/// What every job needs around it.
pub struct RunContext {
    /// The only way out.
    pub gatekeeper: Arc<SharedGate>,
    /// What came in.
    pub arrivals: Arc<Arrivals>,
    /// Wakes the runner.
    pub clock: Arc<dyn Clock>,
    /// Where requests go.
    pub target: Arc<dyn Target>,
    /// What the server recorded.
    pub witness: Arc<dyn RecordedRequests>,
    /// Cleans up after a run.
    pub housekeeping: Arc<dyn UserCleanup>,
    /// Where runs are kept.
    pub store: Arc<dyn RunStore>,
    /// What the writers of both sides dropped.
    pub losses: Losses,
    /// Where the client's side of each request goes. When it can't be written, the active job ends.
    pub ledger: RowWriter<LedgerRow>,
    /// The only users that a run reads or changes.
    pub demo_users: Vec<Uuid>,
    /// Cancelled when the server goes down.
    pub shutdown: CancellationToken,
}

/// Why no job was started.
#[derive(Debug, thiserror::Error)]
pub enum StartRefusal {
    /// This job is active.
    #[error("run {0} is active; stop it or wait until it is closed")]
    Busy(RunId),
    /// This job has ended, but the database could not take its result yet.
    #[error("run {0} is finished, not stored yet")]
    Unstored(RunId),
    /// The server is going down.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// What would be stored would be lost: these words say why.
    #[error("{0}")]
    Lost(String),
    /// A bug: the start itself panicked.
    #[error("the start failed by a panic")]
    Panicked,
    /// The job could not be stored.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// Why a run was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteRefusal {
    /// It is not closed.
    #[error("the run is active")]
    Active,
    /// There is no such run.
    #[error("there is no such run")]
    NotFound,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// The result of the active run could not be stored before the server had to end. The next start closes the run
/// with what was recorded of it.
#[derive(Debug, thiserror::Error)]
#[error(
    "the database could not be written within {} s, so the last run is not stored; the next start closes it with what was recorded of it",
    STORING_AT_SHUTDOWN.as_secs()
)]
pub struct NotStored;

#[derive(Default)]
struct Live {
    active: Option<Arc<LiveRun>>,
    ended: HashMap<RunId, Arc<LiveRun>>,
    tally: Tally,
    /// The server goes down, and the active run could not be stored in time.
    given_up: bool,
}

/// Starts, finds and stops jobs. One per process.
pub struct RunManager {
    around: Arc<RunContext>,
    live: Arc<Mutex<Live>>,
    /// Held during a start, so that two of them can't both find nothing active.
    starting: tokio::sync::Mutex<()>,
    tasks: TaskTracker,
}

fn lock(live: &Mutex<Live>) -> MutexGuard<'_, Live> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RunManager {
    /// With nothing active.
    pub fn new(around: RunContext) -> Self {
        Self {
            around: Arc::new(around),
            live: Arc::default(),
            starting: tokio::sync::Mutex::new(()),
            tasks: TaskTracker::new(),
        }
    }

    /// Requests per second that no run exceeds.
    pub fn cap(&self) -> u32 {
        self.around.gatekeeper.cap()
    }

    /// Starts a job. What has begun goes on in a task of the program when the caller goes away meanwhile.
    ///
    /// # Errors
    /// [`StartRefusal`]
    pub async fn start(self: &Arc<Self>, settings: Settings) -> Result<Started, StartRefusal> {
        let manager = Arc::clone(self);
        let begun = self.tasks.spawn(async move { manager.begin(settings).await }.in_current_span());
        begun.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a start panicked");
            Err(StartRefusal::Panicked)
        })
    }

    async fn begin(&self, settings: Settings) -> Result<Started, StartRefusal> {
        let _one_at_a_time = self.starting.lock().await;
        // Under the lock that the shutdown takes, too: it sees every start that gets past here.
        if self.around.shutdown.is_cancelled() {
            return Err(StartRefusal::ShuttingDown);
        }
        if let Some(active) = self.active().filter(|active| !active.is_closed()) {
            let refusal = if active.is_unstored() { StartRefusal::Unstored } else { StartRefusal::Busy };
            return Err(refusal(active.id));
        }
        if let Some(why) = self.around.store.lost() {
            return Err(StartRefusal::Lost(why));
        }
        let id = RunId(Uuid::now_v7());
        let opens = self.around.gatekeeper.opens();
        self.insert(&LiveRun::new(id, settings.clone(), self.cap(), opens).snapshot()).await?;
        // The clock starts when all is in its place: a database that was slow costs no slot.
        let job = LiveRun::new(id, settings, self.cap(), opens.max(Instant::now()));
        // Before anybody is told its name: a request that claims to be of this run is never one of an unknown run.
        let delay_seed = (job.settings.delay == Delay::Server).then_some(job.settings.seed);
        let cap_broken = self.around.arrivals.open(id, job.secret, delay_seed);
        lock(&self.live).active = Some(Arc::clone(&job));
        let span = tracing::info_span!(parent: None, "job", run = %id);
        let life = life(Arc::clone(&job), cap_broken, Arc::clone(&self.around), Arc::clone(&self.live));
        self.tasks.spawn(life.instrument(span));
        tracing::info!(run = %id, scenario = job.settings.scenario.wire_name(), duration_s = job.settings.duration, max_rps = job.settings.max_rps, "run started");
        Ok(Started { job_id: id, status: Status::Starting })
    }

    /// Stores the new job. Nothing is active here, so a row that is not closed is one that a panic left; it must
    /// not keep every later run from starting.
    async fn insert(&self, job: &Run) -> Result<(), StoreError> {
        match self.around.store.insert(job).await {
            Err(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => {
                let RunContext { store, witness, housekeeping, demo_users, .. } = &*self.around;
                recovery::close_left_overs(store.as_ref(), witness.as_ref(), housekeeping.as_ref(), demo_users).await?;
                store.insert(job).await
            }
            result => result,
        }
    }

    /// The job that is active.
    pub fn active(&self) -> Option<Arc<LiveRun>> {
        lock(&self.live).active.clone()
    }

    /// Sums over the runs that were closed since the start.
    pub fn tally(&self) -> Tally {
        lock(&self.live).tally
    }

    /// A job that is still in memory.
    pub fn live(&self, id: RunId) -> Option<Arc<LiveRun>> {
        let live = lock(&self.live);
        live.active.iter().find(|job| job.id == id).or_else(|| live.ended.get(&id)).cloned()
    }

    /// Any job, from memory or from the database.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn job(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        match self.live(id) {
            Some(job) => Ok(Some(job.snapshot())),
            None => self.around.store.load(id).await,
        }
    }

    /// Stored runs, in the order of the query, the active one as it stands now; and whether there are more. Those that
    /// can't be read are there by name only.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn list(&self, query: &HistoryQuery) -> Result<(Vec<ListedRun>, bool), StoreError> {
        // What is stored of the active one is its start.
        let live = self.active().map(|job| (job.id, query.order.rank(&job.snapshot())));
        let one_more = HistoryQuery { limit: query.limit + 1, ..query.clone() };
        let mut runs = self.around.store.list(&one_more, live).await?;
        let more = runs.len() > query.limit as usize;
        runs.truncate(query.limit as usize);
        // What is closed is stored as it stays.
        for run in runs.iter_mut().filter(|run| run.summary.as_ref().is_none_or(|summary| !summary.closed)) {
            if let Some(live) = self.live(run.id) {
                run.summary = Some(RunSummary::from(&live.snapshot()));
            }
        }
        Ok((runs, more))
    }

    /// Removes a closed run from the history; what the metrics recorded of it stays. What has begun goes on when the
    /// caller goes away meanwhile.
    ///
    /// # Errors
    /// [`DeleteRefusal`]
    pub async fn delete(self: &Arc<Self>, id: RunId) -> Result<(), DeleteRefusal> {
        let manager = Arc::clone(self);
        let begun = self.tasks.spawn(async move { manager.remove(id).await }.in_current_span());
        begun.await.unwrap_or(Err(DeleteRefusal::Storage(StoreError::WorkerCrashed)))
    }

    async fn remove(&self, id: RunId) -> Result<(), DeleteRefusal> {
        if self.live(id).is_some_and(|job| !job.is_closed()) {
            return Err(DeleteRefusal::Active);
        }
        if !self.around.store.delete(id).await? {
            return Err(DeleteRefusal::NotFound);
        }
        lock(&self.live).ended.remove(&id);
        tracing::info!(run = %id, "run deleted");
        Ok(())
    }

    /// What client and server said about a run, as it was stored at its closing.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn stored_findings(&self, id: RunId) -> Result<Option<Findings>, StoreError> {
        self.around.store.findings(id).await
    }

    /// The same from the rows that are written by now, for a run of which `over` whole seconds are over.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn findings_so_far(&self, id: RunId, over: u32) -> Result<Findings, StoreError> {
        findings::read(self.around.store.as_ref(), self.around.witness.as_ref(), id, over).await
    }

    /// One request of a run with both of its sides. `None`: neither side knows it.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn exchange(&self, id: RunId, seq: u32) -> Result<Option<Exchange>, StoreError> {
        let client = self.around.store.client_side(id, seq).await?;
        let servers = self.around.witness.rows_of_request(id, seq).await?;
        Ok(exchange::join(client.as_slice(), &servers).pop())
    }

    /// Each request of a run with both of its sides, as far as they are written by now.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn exchanges(&self, id: RunId) -> Result<Vec<Exchange>, StoreError> {
        let clients = self.around.store.client_sides(id).await?;
        let servers = self.around.witness.rows_of_run(id).await?;
        Ok(exchange::join(&clients, &servers))
    }

    /// Stops a job: when this returns, nothing of it will leave any more, and everything that left
    /// has arrived (or was given a quarter of a second to). A job that has ended stays as it is.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn stop(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        let Some(job) = self.live(id) else {
            return self.around.store.load(id).await;
        };
        let asked = Instant::now();
        if job.end(Status::Cancelled, None) {
            let deadline = asked + STOP_PATIENCE;
            while self.around.arrivals.under_way(id) > 0 && Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            job.stop_took(asked.elapsed());
            tracing::info!(run = %id, "run stopped");
        }
        Ok(Some(job.snapshot()))
    }

    /// Ends the active job because the server goes down, and waits until it is closed. To be called when the
    /// `shutdown` of the [`RunContext`] is cancelled.
    ///
    /// # Errors
    /// [`NotStored`] when the database can't be written for too long.
    pub async fn shut_down(&self) -> Result<(), NotStored> {
        // Whoever starts a job now holds this: it is either seen below, or sees that the server goes down.
        let Ok(starts) = tokio::time::timeout(STORING_AT_SHUTDOWN, self.starting.lock()).await else {
            return Err(NotStored);
        };
        if let Some(job) = self.active() {
            job.end(Status::Error, Some(Reason::Shutdown));
        }
        drop(starts);
        self.tasks.close();
        self.tasks.wait().await;
        if lock(&self.live).given_up { Err(NotStored) } else { Ok(()) }
    }
}

/// The place of the active job. Whatever happens to its life, a panic included, the place is free afterwards.
struct Place {
    live: Arc<Mutex<Live>>,
    id: RunId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut live = lock(&self.live);
        // The next job may have taken the place since this one was closed.
        if live.active.as_ref().is_some_and(|active| active.id == self.id) {
            live.active = None;
        }
    }
}

/// The whole life of a job. `cap_broken` is cancelled if its requests ever break the cap.
async fn life(job: Arc<LiveRun>, cap_broken: CancellationToken, around: Arc<RunContext>, live: Arc<Mutex<Live>>) {
    let place = Place { live: Arc::clone(&live), id: job.id };
    let viewers = AbortOnDropHandle::new(tokio::spawn(publish(Arc::clone(&job))));
    let states = AbortOnDropHandle::new(tokio::spawn(note_states(Arc::clone(&job), Arc::clone(&around.store))));
    let storage = AbortOnDropHandle::new(tokio::spawn(end_on_trouble(Arc::clone(&job), around.ledger.trouble())));
    drive(&job, &around, cap_broken).await;
    let out_of_time = async {
        around.shutdown.cancelled().await;
        tokio::time::sleep(STORING_AT_SHUTDOWN).await;
    };
    tokio::select! {
        biased;
        () = close(&job, &around) => {}
        () = out_of_time => {
            tracing::error!(run = %job.id, "the run can't be stored before the server goes down");
            lock(&live).given_up = true;
            return;
        }
    }
    drop((viewers, states, storage));
    {
        let mut live = lock(&live);
        live.tally.add(&job.snapshot());
        live.ended.insert(job.id, Arc::clone(&job));
    }
    drop(place);
    tokio::select! {
        () = tokio::time::sleep(KEPT) => {}
        () = around.shutdown.cancelled() => {}
    }
    lock(&live).ended.remove(&job.id);
    around.arrivals.forget(job.id);
    around.losses.forget(job.id);
}

/// Runs the generator, in a task of its own, so that a panic in it is seen here and the job is closed as any other.
async fn drive(job: &Arc<LiveRun>, around: &Arc<RunContext>, cap_broken: CancellationToken) {
    let (driven, surroundings) = (Arc::clone(job), Arc::clone(around));
    let runner = async move { Runner::new(driven, surroundings, cap_broken).drive().await };
    if let Err(error) = tokio::spawn(runner.in_current_span()).await {
        tracing::error!(%error, "the generator panicked");
        job.end(Status::Error, Some(Reason::Panic));
    }
}

/// Closes the job, in a task of its own for the same reason: after a panic it is stored as it stands.
async fn close(job: &Arc<LiveRun>, around: &Arc<RunContext>) {
    let (closing, surroundings) = (Arc::clone(job), Arc::clone(around));
    let task = async move { closing::close(&closing, &surroundings).await };
    let Err(error) = AbortOnDropHandle::new(tokio::spawn(task.in_current_span())).await else { return };
    tracing::error!(%error, "the closing of a run panicked");
    around.arrivals.seal(job.id);
    job.cancel_open().into_iter().for_each(|row| around.ledger.push(row));
    job.fault(Reason::Panic);
    let (closing, surroundings) = (Arc::clone(job), Arc::clone(around));
    let task = async move { closing::finish(&closing, &surroundings).await };
    if let Err(error) = AbortOnDropHandle::new(tokio::spawn(task.in_current_span())).await {
        // Its row stays open; the next start closes it.
        tracing::error!(%error, "a run could not be stored because of a panic");
        job.close();
    }
}

/// Notes each change of the job's state in the database at once, so that a crash while it is being closed keeps its
/// final state. What can't be written is tried again at the next snapshot; the closing has the last word.
async fn note_states(job: Arc<LiveRun>, store: Arc<dyn RunStore>) {
    let mut frames = job.frames();
    let mut noted = Status::Starting;
    while !noted.is_final() {
        let now = job.snapshot();
        if now.status != noted && !now.closed {
            match store.update(&now, None).await {
                Ok(true) => noted = now.status,
                Ok(false) => {
                    if !job.is_closed() {
                        tracing::error!(run = %job.id, state = now.status.wire_name(), "the state of a run could not be noted: it is gone from the database");
                    }
                    return;
                }
                Err(error) => {
                    tracing::warn!(run = %job.id, %error, "the state of a run could not be stored; trying again")
                }
            }
        }
        if frames.changed().await.is_err() {
            return;
        }
    }
}

/// Ends the job when the database can't be written: its accounts could not be kept.
async fn end_on_trouble(job: Arc<LiveRun>, mut trouble: watch::Receiver<bool>) {
    if trouble.wait_for(|trouble| *trouble).await.is_ok() && job.end(Status::Error, Some(Reason::Storage)) {
        tracing::error!(run = %job.id, "the database can't be written; the run ends");
    }
}

/// Shows the viewers a new snapshot, twice a second.
async fn publish(job: Arc<LiveRun>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        if job.is_closed() {
            return;
        }
        job.publish();
    }
}
