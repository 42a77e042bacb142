//! The job manager: one active job at a time, from its start until it leaves memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use uuid::Uuid;

use super::arrivals::Arrivals;
use super::client::Target;
use super::clock::Clock;
use super::gatekeeper::Gatekeeper;
use super::job::{LedgerRow, LiveJob};
use super::ports::{Housekeeping, Witness};
use super::runner::Runner;
use super::store::{RunFilter, RunStore};
use super::tally::Tally;
use super::{closing, findings, recovery};
use crate::origin::RunId;
use crate::server::batch_writer::BatchWriter;
use crate::server::database::StoreError;
use crate::traffic::engine::exchange::{self, Exchange};
use crate::traffic::engine::findings::Findings;
use crate::traffic::engine::scenario::Delay;
use crate::traffic::model::{Job, Reason, RunSummary, Settings, Started, Status};

/// How often the viewers of a job see a new snapshot.
const TICK: Duration = Duration::from_millis(500);
/// How long a job stays in memory after its end.
const KEPT: Duration = Duration::from_secs(300);
/// How long a stop waits for requests that have left to arrive.
const STOP_PATIENCE: Duration = Duration::from_millis(250);

/// What every job needs around it.
pub struct Surroundings {
    /// The only way out.
    pub gatekeeper: Arc<Gatekeeper>,
    /// What came in.
    pub arrivals: Arc<Arrivals>,
    /// Wakes the runner.
    pub clock: Arc<dyn Clock>,
    /// Where requests go.
    pub target: Arc<dyn Target>,
    /// What the server recorded.
    pub witness: Arc<dyn Witness>,
    /// Cleans up after a run.
    pub housekeeping: Arc<dyn Housekeeping>,
    /// Where runs are kept.
    pub store: Arc<dyn RunStore>,
    /// Where the client's side of each request goes. When it can't be written, the active job ends.
    pub ledger: BatchWriter<LedgerRow>,
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
    /// The server is going down.
    #[error("the server is shutting down")]
    ShuttingDown,
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

#[derive(Default)]
struct Live {
    active: Option<Arc<LiveJob>>,
    ended: HashMap<RunId, Arc<LiveJob>>,
    tally: Tally,
}

/// Starts, finds and stops jobs. One per process.
pub struct JobManager {
    around: Arc<Surroundings>,
    live: Arc<Mutex<Live>>,
    /// Held during a start, so that two of them can't both find nothing active.
    starting: tokio::sync::Mutex<()>,
    tasks: TaskTracker,
}

fn lock(live: &Mutex<Live>) -> MutexGuard<'_, Live> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
}

impl JobManager {
    /// With nothing active.
    pub fn new(around: Surroundings) -> Self {
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

    /// Starts a job.
    ///
    /// # Errors
    /// [`StartRefusal`]
    pub async fn start(&self, settings: Settings) -> Result<Started, StartRefusal> {
        let _one_at_a_time = self.starting.lock().await;
        if self.around.shutdown.is_cancelled() {
            return Err(StartRefusal::ShuttingDown);
        }
        if let Some(active) = self.active().filter(|active| !active.is_closed()) {
            return Err(StartRefusal::Busy(active.id));
        }
        let id = RunId(Uuid::now_v7());
        let opens = self.around.gatekeeper.opens();
        self.insert(&LiveJob::new(id, settings.clone(), self.cap(), opens).snapshot()).await?;
        // The clock starts when all is in its place: a database that was slow costs no slot.
        let job = LiveJob::new(id, settings, self.cap(), opens.max(Instant::now()));
        lock(&self.live).active = Some(Arc::clone(&job));
        let span = tracing::info_span!(parent: None, "job", run = %id);
        let life = life(Arc::clone(&job), Arc::clone(&self.around), Arc::clone(&self.live));
        self.tasks.spawn(life.instrument(span));
        tracing::info!(run = %id, scenario = job.settings.scenario.wire_name(), duration_s = job.settings.duration, max_rps = job.settings.max_rps, "run started");
        Ok(Started { job_id: id, status: Status::Starting })
    }

    /// Stores the new job. Nothing is active here, so a row that is not closed is one whose closing
    /// could not be stored; it must not keep every later run from starting.
    async fn insert(&self, job: &Job) -> Result<(), StoreError> {
        match self.around.store.insert(job).await {
            Err(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => {
                let Surroundings { store, witness, housekeeping, .. } = &*self.around;
                recovery::close_left_overs(store.as_ref(), witness.as_ref(), housekeeping.as_ref()).await?;
                store.insert(job).await
            }
            result => result,
        }
    }

    /// The job that is active.
    pub fn active(&self) -> Option<Arc<LiveJob>> {
        lock(&self.live).active.clone()
    }

    /// Sums over the runs that were closed since the start.
    pub fn tally(&self) -> Tally {
        lock(&self.live).tally
    }

    /// A job that is still in memory.
    pub fn live(&self, id: RunId) -> Option<Arc<LiveJob>> {
        let live = lock(&self.live);
        live.active.iter().find(|job| job.id == id).or_else(|| live.ended.get(&id)).cloned()
    }

    /// Any job, from memory or from the database.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn job(&self, id: RunId) -> Result<Option<Job>, StoreError> {
        match self.live(id) {
            Some(job) => Ok(Some(job.snapshot())),
            None => self.around.store.load(id).await,
        }
    }

    /// Stored runs, newest first, the active one as it stands now; and whether there are more.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn list(&self, filter: &RunFilter) -> Result<(Vec<RunSummary>, bool), StoreError> {
        let one_more = RunFilter { limit: filter.limit + 1, ..filter.clone() };
        let mut runs = self.around.store.list(&one_more).await?;
        let more = runs.len() > filter.limit as usize;
        runs.truncate(filter.limit as usize);
        // What is closed is stored as it stays.
        for run in runs.iter_mut().filter(|run| !run.closed) {
            if let Some(live) = self.live(run.job_id) {
                *run = RunSummary::from(&live.snapshot());
            }
        }
        Ok((runs, more))
    }

    /// Removes a closed run from the history; what the metrics recorded of it stays.
    ///
    /// # Errors
    /// [`DeleteRefusal`]
    pub async fn delete(&self, id: RunId) -> Result<(), DeleteRefusal> {
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
    pub async fn stop(&self, id: RunId) -> Result<Option<Job>, StoreError> {
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

    /// Ends the active job because the server goes down, and waits until it is closed.
    pub async fn shut_down(&self) {
        if let Some(job) = self.active() {
            job.end(Status::Error, Some(Reason::Shutdown));
        }
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// The whole life of a job.
async fn life(job: Arc<LiveJob>, around: Arc<Surroundings>, live: Arc<Mutex<Live>>) {
    let delay_seed = (job.settings.delay == Delay::Server).then_some(job.settings.seed);
    let cap_broken = around.arrivals.open(job.id, job.secret, delay_seed);
    let ledger_dropped_before = around.ledger.dropped();
    let viewers = tokio::spawn(publish(Arc::clone(&job)));
    let states = tokio::spawn(note_states(Arc::clone(&job), Arc::clone(&around.store)));
    let storage = tokio::spawn(end_on_trouble(Arc::clone(&job), around.ledger.trouble()));
    let runner = Runner::new(Arc::clone(&job), Arc::clone(&around), cap_broken);
    // In a task of its own, so that a panic in it is seen here and the job is closed as any other.
    let driven = tokio::spawn(runner.drive().in_current_span()).await;
    if let Err(error) = driven {
        tracing::error!(%error, "the generator panicked");
        job.end(Status::Error, Some(Reason::Panic));
    }
    closing::close(&job, &around, ledger_dropped_before).await;
    viewers.abort();
    states.abort();
    storage.abort();
    {
        let mut live = lock(&live);
        // The next job may have taken the place since this one was closed.
        if live.active.as_ref().is_some_and(|active| active.id == job.id) {
            live.active = None;
        }
        live.tally.add(&job.snapshot());
        live.ended.insert(job.id, Arc::clone(&job));
    }
    tokio::select! {
        () = tokio::time::sleep(KEPT) => {}
        () = around.shutdown.cancelled() => {}
    }
    lock(&live).ended.remove(&job.id);
    around.arrivals.forget(job.id);
}

/// Notes each change of the job's state in the database. What can't be written is tried again at
/// the next snapshot; the closing has the last word.
async fn note_states(job: Arc<LiveJob>, store: Arc<dyn RunStore>) {
    let mut frames = job.frames();
    let mut noted = Status::Starting;
    while !noted.is_final() {
        let now = job.snapshot();
        if now.status != noted && !now.closed {
            match store.advance(noted, &now).await {
                Ok(true) => noted = now.status,
                Ok(false) => {
                    if !job.is_closed() {
                        tracing::error!(run = %job.id, state = noted.wire_name(), "the stored run is not in the state that was noted");
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

/// Ends the job when the database can't be written: its books could not be kept.
async fn end_on_trouble(job: Arc<LiveJob>, mut trouble: watch::Receiver<bool>) {
    if trouble.wait_for(|trouble| *trouble).await.is_ok() && job.end(Status::Error, Some(Reason::Storage)) {
        tracing::error!(run = %job.id, "the database can't be written; the run ends");
    }
}

/// Shows the viewers a new snapshot, twice a second.
async fn publish(job: Arc<LiveJob>) {
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
