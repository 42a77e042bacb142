//! The run manager: starts runs, one at a time, and finds, stops and deletes them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use uuid::Uuid;

use super::history_rows::ListedRun;
use super::live_run::LiveRun;
use super::refusals::{DeleteRefusal, NotStored, STORING_AT_SHUTDOWN, StartRefusal};
use super::run_context::RunContext;
use super::run_totals::RunTotals;
use super::runs_in_memory::RunsInMemory;
use super::store::Removal;
use super::{findings, lifecycle, recovery};
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::traffic::engine::exchange;
use crate::traffic::engine::exchange::Exchange;
use crate::traffic::engine::findings::Findings;
use crate::traffic::engine::scenario::Delay;
use crate::traffic::engine::timeline::Timeline;
use crate::traffic::history_query::HistoryQuery;
use crate::traffic::model::{Reason, Run, RunSummary, Settings, Started, Status};
use crate::traffic::naming::Naming;

/// How long a stop waits for the requests that have left to arrive.
const STOP_PATIENCE: Duration = Duration::from_millis(250);

/// Starts, finds, stops and deletes runs. One per process.
pub struct RunManager {
    context: Arc<RunContext>,
    in_memory: RunsInMemory,
    /// Held during a start, so that two starts can't both find that no run is active.
    starting: tokio::sync::Mutex<()>,
    /// Held while a run is named, so that memory and database end with the same name.
    naming: tokio::sync::Mutex<()>,
    tasks: TaskTracker,
}

impl RunManager {
    /// A manager without an active run.
    pub fn new(context: RunContext) -> Self {
        Self {
            context: Arc::new(context),
            in_memory: RunsInMemory::default(),
            starting: tokio::sync::Mutex::new(()),
            naming: tokio::sync::Mutex::new(()),
            tasks: TaskTracker::new(),
        }
    }

    /// Requests per second that no run exceeds.
    pub fn cap(&self) -> u32 {
        self.context.gate.cap()
    }

    /// Starts a run, in a task of its own, so that a start that has begun goes on when its caller goes away.
    ///
    /// # Errors
    /// [`StartRefusal`]
    pub async fn start(self: &Arc<Self>, settings: Settings) -> Result<Started, StartRefusal> {
        let manager = Arc::clone(self);
        let start = self.tasks.spawn(async move { manager.start_in_task(settings).await }.in_current_span());
        start.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a start panicked");
            Err(StartRefusal::Panicked)
        })
    }

    async fn start_in_task(&self, settings: Settings) -> Result<Started, StartRefusal> {
        let _guard = self.starting.lock().await;
        self.check_that_a_run_may_start()?;
        let id = RunId(Uuid::now_v7());
        let opens = self.context.gate.opens();
        self.insert(&LiveRun::new(id, settings.clone(), self.cap(), opens).snapshot()).await?;
        // The clock starts after the insert, so that a slow database costs no slot.
        let run = LiveRun::new(id, settings, self.cap(), opens.max(Instant::now()));
        self.spawn_life(&run);
        tracing::info!(run = %id, scenario = run.settings.scenario.wire_name(), duration_s = run.settings.duration, max_rps = run.settings.max_rps, "run started");
        Ok(Started { job_id: id, status: Status::Starting })
    }

    /// To be called with the lock of the starts held. The shutdown takes this lock, too, so it sees every start that
    /// gets past here.
    fn check_that_a_run_may_start(&self) -> Result<(), StartRefusal> {
        if self.context.shutdown.is_cancelled() {
            return Err(StartRefusal::ShuttingDown);
        }
        if let Some(active) = self.active().filter(|active| !active.is_closed()) {
            let refusal = if active.is_unstored() { StartRefusal::Unstored } else { StartRefusal::Busy };
            return Err(refusal(active.id));
        }
        self.context.store.lost().map_or(Ok(()), |why| Err(StartRefusal::Lost(why)))
    }

    /// Stores the new run. No run is active here, so a stored run that is not closed was left by a panic. It is closed,
    /// because otherwise it would keep every later run from starting.
    async fn insert(&self, run: &Run) -> Result<(), StoreError> {
        match self.context.store.insert(run).await {
            Err(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => {
                let RunContext { store, recorded, user_cleanup, demo_users, .. } = &*self.context;
                recovery::close_left_overs(store.as_ref(), recorded.as_ref(), user_cleanup.as_ref(), demo_users)
                    .await?;
                store.insert(run).await
            }
            result => result,
        }
    }

    /// Makes the run the active one and drives it in a task of its own.
    fn spawn_life(&self, run: &Arc<LiveRun>) {
        let delay_seed = (run.settings.delay == Delay::Server).then_some(run.settings.seed);
        // Before anybody learns the run's id, so that no request of this run is ever one of an unknown run.
        let cap_broken = self.context.arrivals.register(run.id, run.secret, delay_seed);
        let active = self.in_memory.activate(Arc::clone(run));
        let context = Arc::clone(&self.context);
        let life = lifecycle::drive_and_close(Arc::clone(run), cap_broken, context, self.in_memory.clone(), active);
        let span = tracing::info_span!(parent: None, "run", run = %run.id);
        self.tasks.spawn(life.instrument(span));
    }

    /// The run that is active.
    pub fn active(&self) -> Option<Arc<LiveRun>> {
        self.in_memory.active()
    }

    /// The run that is active, or else the last one of this process that is still in memory.
    pub fn newest(&self) -> Option<Arc<LiveRun>> {
        self.active().or_else(|| self.live(self.in_memory.last()?))
    }

    /// The run that was closed last in this process, unless it was deleted.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn last(&self) -> Result<Option<Run>, StoreError> {
        match self.in_memory.last() {
            Some(id) => self.run(id).await,
            None => Ok(None),
        }
    }

    /// Sums over the runs that were closed since the start of the process.
    pub fn totals(&self) -> RunTotals {
        self.in_memory.totals()
    }

    /// A run that is still in memory.
    pub fn live(&self, id: RunId) -> Option<Arc<LiveRun>> {
        self.in_memory.find(id)
    }

    /// Any run, from memory or from the database.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        match self.live(id) {
            Some(run) => Ok(Some(run.snapshot())),
            None => self.context.store.load(id).await,
        }
    }

    /// Stored runs in the order of the query, with the active one as it stands now, and whether there are more. Of a
    /// run that can't be read only the id is known.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn list(&self, query: &HistoryQuery) -> Result<(Vec<ListedRun>, bool), StoreError> {
        // The stored row of the active run shows its start.
        let live = self.active().map(|run| (run.id, query.order.rank(&run.snapshot())));
        let one_more = HistoryQuery { limit: query.limit + 1, ..query.clone() };
        let mut runs = self.context.store.list(&one_more, live).await?;
        let more = runs.len() > query.limit as usize;
        runs.truncate(query.limit as usize);
        // A closed run does not change any more, so its stored row is right.
        for listed in runs.iter_mut().filter(|listed| listed.summary.as_ref().is_none_or(|summary| !summary.closed)) {
            if let Some(live) = self.live(listed.id) {
                listed.summary = Some(RunSummary::from(&live.snapshot()));
            }
        }
        Ok((runs, more))
    }

    /// Changes name and note of a run, also of the active one, in a task of its own, so that a change that has begun goes
    /// on when its caller goes away. `None`: there is no such run.
    ///
    /// # Errors
    /// When the database can't be read or written.
    pub async fn rename(self: &Arc<Self>, id: RunId, naming: Naming) -> Result<Option<Run>, StoreError> {
        let manager = Arc::clone(self);
        let renaming = self.tasks.spawn(async move { manager.rename_in_task(id, &naming).await }.in_current_span());
        renaming.await.unwrap_or(Err(StoreError::WorkerCrashed))
    }

    async fn rename_in_task(&self, id: RunId, naming: &Naming) -> Result<Option<Run>, StoreError> {
        let _guard = self.naming.lock().await;
        let Some(renamed) = self.context.store.rename(id, naming).await? else { return Ok(None) };
        if let Some(live) = self.live(id) {
            live.rename(renamed);
        }
        tracing::info!(run = %id, "run named");
        self.run(id).await
    }

    /// Removes a closed run from the history, in a task of its own, so that a deletion that has begun goes on when its
    /// caller goes away. The recorded requests of the run stay.
    ///
    /// # Errors
    /// [`DeleteRefusal`]
    pub async fn delete(self: &Arc<Self>, id: RunId, removal: Removal) -> Result<(), DeleteRefusal> {
        let manager = Arc::clone(self);
        let deletion = self.tasks.spawn(async move { manager.delete_in_task(id, removal).await }.in_current_span());
        deletion.await.unwrap_or(Err(DeleteRefusal::Storage(StoreError::WorkerCrashed)))
    }

    async fn delete_in_task(&self, id: RunId, removal: Removal) -> Result<(), DeleteRefusal> {
        if self.live(id).is_some_and(|run| !run.is_closed()) {
            return Err(DeleteRefusal::Active);
        }
        if !self.context.store.delete(id, removal).await? {
            return Err(DeleteRefusal::NotFound);
        }
        self.in_memory.remove(id);
        tracing::info!(run = %id, "run deleted");
        Ok(())
    }

    /// What both sides said about a run that has ended.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn findings(&self, run: &Run) -> Result<Findings, StoreError> {
        match self.context.store.findings(run.job_id).await? {
            Some(findings) => Ok(findings),
            // An older version stored the run, or the rows could not be read when it was closed.
            None => self.findings_so_far(run.job_id, run.stats.whole_seconds()).await,
        }
    }

    /// What both sides say about a run by the rows that are written so far, with a timeline of the first `seconds`
    /// seconds.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn findings_so_far(&self, id: RunId, seconds: u32) -> Result<Findings, StoreError> {
        findings::read(self.context.store.as_ref(), self.context.recorded.as_ref(), id, seconds).await
    }

    /// A run second by second.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn timeline(&self, run: &Run) -> Result<Timeline, StoreError> {
        match self.live(run.job_id) {
            Some(live) => Ok(live.timeline()),
            None => Ok(self.findings(run).await?.timeline),
        }
    }

    /// One request of a run with both of its sides. `None`: neither side knows it.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn exchange(&self, id: RunId, seq: u32) -> Result<Option<Exchange>, StoreError> {
        let client = self.context.store.client_side(id, seq).await?;
        let servers = self.context.recorded.rows_of_request(id, seq).await?;
        Ok(exchange::join(client.as_slice(), &servers).pop())
    }

    /// Each request of a run with both of its sides, as far as they are written.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn exchanges(&self, id: RunId) -> Result<Vec<Exchange>, StoreError> {
        let clients = self.context.store.client_sides(id).await?;
        let servers = self.context.recorded.rows_of_run(id).await?;
        Ok(exchange::join(&clients, &servers))
    }

    /// Stops a run. When this returns, no further request of the run is sent, and every request that left has arrived,
    /// or was given a quarter of a second to arrive. A run that has ended stays as it is.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn stop(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        let Some(run) = self.live(id) else {
            return self.context.store.load(id).await;
        };
        let requested = Instant::now();
        if run.end_run(Status::Cancelled, None) {
            let deadline = requested + STOP_PATIENCE;
            while self.context.arrivals.under_way(id) > 0 && Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            run.set_stop_duration(requested.elapsed());
            tracing::info!(run = %id, "run stopped");
        }
        Ok(Some(run.snapshot()))
    }

    /// Ends the active run because the server shuts down, and waits until it is closed. To be called after the
    /// `shutdown` of the [`RunContext`] is cancelled.
    ///
    /// # Errors
    /// [`NotStored`] when the database can't be written for too long.
    pub async fn shut_down(&self) -> Result<(), NotStored> {
        // A start that is under way holds this lock: its run is either seen below, or it sees the shutdown.
        let Ok(no_start) = tokio::time::timeout(STORING_AT_SHUTDOWN, self.starting.lock()).await else {
            return Err(NotStored);
        };
        if let Some(run) = self.active() {
            run.end_run(Status::Error, Some(Reason::Shutdown));
        }
        drop(no_start);
        self.tasks.close();
        self.tasks.wait().await;
        if self.in_memory.has_given_up() { Err(NotStored) } else { Ok(()) }
    }
}
