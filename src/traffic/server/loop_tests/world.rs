//! A world in memory for a job: the users API, the arrivals layer, the metrics and the stores.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::row_writer::{RowWriter, Sink};
use crate::traffic::engine::dashboard_check::DashboardFigures;
use crate::traffic::engine::evidence::CleanUp;
use crate::traffic::engine::exchange::{ClientSide, ServerSide};
use crate::traffic::engine::findings::Findings;
use crate::traffic::engine::guard::most_in_any_second;
use crate::traffic::engine::outcome::Fate;
use crate::traffic::engine::scenario::{Delay, Scenario};
use crate::traffic::history_query::HistoryQuery;
use crate::traffic::model::{Endpoints, Run, RunSummary, Settings, Status};
use crate::traffic::server::arrivals::Arrivals;
use crate::traffic::server::client::{Answer, Outgoing, TIMEOUT, Target};
use crate::traffic::server::dropped_rows::Losses;
use crate::traffic::server::live_run::LedgerRow;
use crate::traffic::server::ports::{RecordedRequests, UserCleanup};
use crate::traffic::server::retention::StoredRuns;
use crate::traffic::server::run_manager::{RunContext, RunManager};
use crate::traffic::server::send_timer::{Clock, TokioClock};
use crate::traffic::server::shared_gate::{Departed, SharedGate};
use crate::traffic::server::store::{ListedRun, RunStore, StoredRun};

/// How the fake target behaves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// How long an answer takes.
    pub(super) takes: Duration,
    /// Every connection is refused.
    pub(super) refuses: bool,
    /// The generator panics at this request.
    pub(super) panics_at: Option<u32>,
    /// This request is sent twice, as a hidden retry would.
    pub(super) repeats: Option<u32>,
    /// The record of this one is lost.
    pub(super) loses: Option<u32>,
    /// With this request, twenty-one strangers arrive that know the run's secret.
    pub(super) floods_at: Option<u32>,
    /// A fault that is planted into what the dashboard says.
    pub(super) misleads: Option<fn(&mut DashboardFigures)>,
    /// The dashboard does not answer.
    pub(super) says_nothing: bool,
    /// The records of a run can't be read.
    pub(super) hides_rows: bool,
    /// The users that a run created can't be removed.
    pub(super) keeps_users: bool,
    /// The closing panics.
    pub(super) panics_while_closing: bool,
    /// How long it takes until a start is told that its run is stored.
    pub(super) insert_takes: Duration,
    /// The result of a run can never be stored.
    pub(super) never_stores: bool,
}

/// The users API, the arrivals layer and the metrics, all in memory.
#[derive(Default)]
pub(super) struct World {
    pub(super) manner: Manner,
    pub(super) sent: Mutex<Vec<Duration>>,
    pub(super) rows: Mutex<Vec<u32>>,
    pub(super) stored: Mutex<Vec<Run>>,
    /// What both sides said about the runs.
    pub(super) findings: Mutex<HashMap<RunId, Findings>>,
    /// The states that were stored, one after the other.
    pub(super) states: Mutex<Vec<Status>>,
    /// Users that were created and not removed.
    pub(super) created: AtomicU32,
    /// Nothing can be written.
    pub(super) disk_full: AtomicBool,
    /// No run can be written.
    pub(super) locked: AtomicBool,
    /// Stands still until told otherwise.
    pub(super) stalled: AtomicBool,
}

impl World {
    fn available(&self) -> Result<(), StoreError> {
        if self.locked.load(Ordering::Relaxed) { Err(StoreError::PoolTimedOut) } else { Ok(()) }
    }

    /// Replaces the stored job, if it is open; notes the state that it has now.
    fn replace(&self, job: &Run) -> bool {
        let mut stored = self.stored.lock().expect("not poisoned");
        let Some(known) = stored.iter_mut().find(|known| known.job_id == job.job_id) else { return false };
        if known.closed {
            return false;
        }
        *known = job.clone();
        self.states.lock().expect("not poisoned").push(job.status);
        true
    }
}

struct FakeTarget {
    world: Arc<World>,
    arrivals: Arc<Arrivals>,
    gatekeeper: Arc<SharedGate>,
}

impl Target for FakeTarget {
    fn send(&self, outgoing: Outgoing, ticket: Departed) -> BoxFuture<'static, Answer> {
        let manner = self.world.manner;
        assert_ne!(Some(outgoing.seq), manner.panics_at, "asked to panic");
        self.world.sent.lock().expect("not poisoned").push(self.gatekeeper.now());
        if !manner.refuses {
            for _ in 0..if manner.repeats == Some(outgoing.seq) { 2 } else { 1 } {
                self.arrivals.note_for_test(outgoing.run, outgoing.seq, outgoing.secret);
            }
            if manner.floods_at == Some(outgoing.seq) {
                (0..21).for_each(|i| self.arrivals.note_for_test(outgoing.run, 100_000 + i, outgoing.secret));
            }
            if manner.loses != Some(outgoing.seq) {
                self.world.rows.lock().expect("not poisoned").push(outgoing.seq);
            }
            if outgoing.request.method == "POST" {
                self.world.created.fetch_add(1, Ordering::Relaxed);
            }
        }
        Box::pin(async move {
            let fate = if manner.refuses {
                Fate::Connect
            } else if manner.takes >= TIMEOUT {
                tokio::time::sleep(TIMEOUT).await;
                Fate::Timeout
            } else {
                tokio::time::sleep(manner.takes).await;
                Fate::Answered(if outgoing.request.method == "POST" { 201 } else { 200 })
            };
            drop(ticket);
            Answer { fate, request_id: None, ended: Instant::now() }
        })
    }
}

struct Shared(Arc<World>);

#[async_trait]
impl RecordedRequests for Shared {
    async fn flush(&self) {
        assert!(!self.0.manner.panics_while_closing, "asked to panic");
    }

    async fn rows_of_run(&self, _run: RunId) -> Result<Vec<ServerSide>, StoreError> {
        if self.0.manner.hides_rows {
            return Err(StoreError::PoolClosed);
        }
        let rows = self.0.rows.lock().expect("not poisoned");
        Ok(rows
            .iter()
            .map(|seq| ServerSide { seq: *seq, arrived_at: 0, duration: 3000, status: 200, request_id: None })
            .collect())
    }

    async fn rows_of_request(&self, run: RunId, seq: u32) -> Result<Vec<ServerSide>, StoreError> {
        Ok(self.rows_of_run(run).await?.into_iter().filter(|row| row.seq == seq).collect())
    }

    async fn kpis_of_run(&self, _run: RunId) -> Result<DashboardFigures, StoreError> {
        let requests = self.0.rows.lock().expect("not poisoned").len() as u32;
        let some = requests > 0;
        let mut kpi = DashboardFigures { requests, error_rate: some.then_some(0.0), p95: some.then_some(3.003) };
        if let Some(mislead) = self.0.manner.misleads {
            mislead(&mut kpi);
        }
        if self.0.manner.says_nothing { Err(StoreError::PoolClosed) } else { Ok(kpi) }
    }
}

#[async_trait]
impl UserCleanup for Shared {
    async fn clean_up(&self, _run: RunId) -> Result<CleanUp, StoreError> {
        if self.0.manner.keeps_users {
            return Err(StoreError::PoolClosed);
        }
        Ok(CleanUp { removed: self.0.created.swap(0, Ordering::Relaxed), kept: 0 })
    }
}

#[async_trait]
impl RunStore for Shared {
    fn lost(&self) -> Option<String> {
        None
    }

    async fn insert(&self, job: &Run) -> Result<(), StoreError> {
        self.0.stored.lock().expect("not poisoned").push(job.clone());
        tokio::time::sleep(self.0.manner.insert_takes).await;
        Ok(())
    }

    async fn update(&self, job: &Run, findings: Option<&Findings>) -> Result<bool, StoreError> {
        self.0.available()?;
        if let Some(findings) = findings {
            self.0.findings.lock().expect("not poisoned").insert(job.job_id, findings.clone());
        }
        if self.0.manner.never_stores && job.closed { Err(StoreError::RowNotFound) } else { Ok(self.0.replace(job)) }
    }

    async fn replace(&self, job: &Run) -> Result<(), StoreError> {
        self.0.available()?;
        self.0.replace(job);
        Ok(())
    }

    async fn close_unreadable(&self, _id: RunId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn list(&self, _: &HistoryQuery, _: Option<(RunId, i64)>) -> Result<Vec<ListedRun>, StoreError> {
        let listed = |job: &Run| ListedRun { id: job.job_id, rank: 0, summary: Some(RunSummary::from(job)) };
        Ok(self.0.stored.lock().expect("not poisoned").iter().map(listed).collect())
    }

    async fn delete(&self, id: RunId) -> Result<bool, StoreError> {
        let mut stored = self.0.stored.lock().expect("not poisoned");
        let before = stored.len();
        stored.retain(|job| job.job_id != id);
        Ok(stored.len() < before)
    }

    async fn client_sides(&self, _id: RunId) -> Result<Vec<ClientSide>, StoreError> {
        Ok(Vec::new())
    }

    async fn client_side(&self, _id: RunId, _seq: u32) -> Result<Option<ClientSide>, StoreError> {
        Ok(None)
    }

    async fn findings(&self, id: RunId) -> Result<Option<Findings>, StoreError> {
        Ok(self.0.findings.lock().expect("not poisoned").get(&id).cloned())
    }

    async fn load(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.0.stored.lock().expect("not poisoned").iter().find(|job| job.job_id == id).cloned())
    }

    async fn removable(&self) -> Result<Vec<RunId>, StoreError> {
        let stored = self.0.stored.lock().expect("not poisoned");
        Ok(stored.iter().filter(|job| job.closed).map(|job| job.job_id).collect())
    }

    async fn left_overs(&self) -> Result<Vec<StoredRun>, StoreError> {
        Ok(Vec::new())
    }
}

struct Nowhere(Arc<World>);

#[async_trait]
impl Sink<LedgerRow> for Nowhere {
    async fn write(&self, _rows: &[LedgerRow]) -> Result<(), StoreError> {
        if self.0.disk_full.load(Ordering::Relaxed) { Err(StoreError::PoolClosed) } else { Ok(()) }
    }
}

/// A clock that wakes up much too late while the world is stalled, as after a suspend.
struct Stalling {
    world: Arc<World>,
    clock: TokioClock,
}

impl Clock for Stalling {
    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        let late = if self.world.stalled.load(Ordering::Relaxed) { Duration::from_secs(8) } else { Duration::ZERO };
        self.clock.sleep_until(deadline + late)
    }

    fn uptime(&self) -> Duration {
        self.clock.uptime()
    }
}

pub(super) struct Test {
    pub(super) world: Arc<World>,
    pub(super) jobs: Arc<RunManager>,
    pub(super) shutdown: CancellationToken,
}

impl Test {
    pub(super) fn new(manner: Manner) -> Self {
        let world = Arc::new(World { manner, ..World::default() });
        let gatekeeper = SharedGate::new(20);
        let arrivals = Arrivals::new(Arc::clone(&gatekeeper));
        let target = FakeTarget {
            world: Arc::clone(&world),
            arrivals: Arc::clone(&arrivals),
            gatekeeper: Arc::clone(&gatekeeper),
        };
        let shared = || Arc::new(Shared(Arc::clone(&world)));
        let losses = Losses::default();
        let dropped = losses.ledger.clone();
        let on_drop = move |row: &LedgerRow| dropped.note(row.run, row.outcome.seq);
        let nowhere = Nowhere(Arc::clone(&world));
        let shutdown = CancellationToken::new();
        let jobs = RunManager::new(RunContext {
            gatekeeper,
            arrivals,
            clock: Arc::new(Stalling { world: Arc::clone(&world), clock: TokioClock(Instant::now()) }),
            target: Arc::new(target),
            witness: shared(),
            housekeeping: shared(),
            store: shared(),
            losses,
            ledger: RowWriter::start_with("ledger", nowhere, CancellationToken::new(), on_drop),
            demo_users: (0..50).map(Uuid::from_u128).collect(),
            shutdown: shutdown.clone(),
        });
        Self { world, jobs: Arc::new(jobs), shutdown }
    }

    pub(super) fn stored_runs(&self) -> StoredRuns {
        StoredRuns { jobs: Arc::clone(&self.jobs), store: Arc::new(Shared(Arc::clone(&self.world))) }
    }

    pub(super) async fn start(&self, scenario: Scenario, duration: u32) -> RunId {
        let settings =
            Settings { scenario, duration, max_rps: 20, endpoints: Endpoints::all(), seed: 1, delay: Delay::Client };
        self.jobs.start(settings).await.expect("a start").job_id
    }

    pub(super) async fn closed(&self, id: RunId) -> Run {
        loop {
            let job = self.jobs.job(id).await.expect("no database").expect("a job");
            if job.closed {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(super) async fn run(&self, scenario: Scenario, duration: u32) -> Run {
        let id = self.start(scenario, duration).await;
        self.closed(id).await
    }

    pub(super) fn most_sent_in_any_second(&self) -> u32 {
        most_in_any_second(&mut self.world.sent.lock().expect("not poisoned"))
    }
}
