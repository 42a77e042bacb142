//! The whole life of a job under the paused clock, with a fake target and stores in memory: a
//! ten-minute run takes milliseconds. No sockets and no database here: their timeouts would fire.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::arrivals::Arrivals;
use super::client::{Answer, Outgoing, TIMEOUT, Target};
use super::clock::{Clock, TokioClock};
use super::gatekeeper::{Departed, Gatekeeper};
use super::job::LedgerRow;
use super::jobs::{JobManager, StartRefusal, Surroundings};
use super::ports::{Housekeeping, Witness};
use super::store::RunStore;
use crate::origin::RunId;
use crate::server::batch_writer::{BatchWriter, Sink};
use crate::server::database::StoreError;
use crate::traffic::engine::guard::most_in_any_second;
use crate::traffic::engine::scenario::{Delay, Scenario};
use crate::traffic::engine::stats::Fate;
use crate::traffic::engine::truth::Kpi;
use crate::traffic::model::{Endpoints, Job, Reason, Settings, Status};

/// How the fake target behaves.
#[derive(Clone, Copy, Debug, Default)]
struct Manner {
    /// How long an answer takes.
    takes: Duration,
    /// Every connection is refused.
    refuses: bool,
    /// The generator panics at this request.
    panics_at: Option<u32>,
    /// This request is sent twice, as a hidden retry would.
    repeats: Option<u32>,
    /// The record of this one is lost.
    loses: Option<u32>,
    /// With this request, twenty-one strangers arrive that know the run's secret.
    floods_at: Option<u32>,
    /// A fault that is planted into what the dashboard says.
    misleads: Option<fn(&mut Kpi)>,
    /// The dashboard does not answer.
    says_nothing: bool,
}

/// The users API, the arrivals layer and the metrics, all in memory.
#[derive(Default)]
struct World {
    manner: Manner,
    sent: Mutex<Vec<Duration>>,
    rows: Mutex<Vec<u32>>,
    stored: Mutex<Vec<Job>>,
    cleaned: AtomicU32,
    /// Stands still until told otherwise.
    stalled: AtomicBool,
}

struct FakeTarget {
    world: Arc<World>,
    arrivals: Arc<Arrivals>,
    gatekeeper: Arc<Gatekeeper>,
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
impl Witness for Shared {
    async fn flush(&self) {}

    async fn seqs_of_run(&self, _run: RunId) -> Result<Vec<u32>, StoreError> {
        Ok(self.0.rows.lock().expect("not poisoned").clone())
    }

    async fn durations_of_run(&self, _run: RunId) -> Result<Vec<u32>, StoreError> {
        Ok(vec![3000; self.0.rows.lock().expect("not poisoned").len()])
    }

    async fn kpis_of_run(&self, _run: RunId, _from: i64, _to: i64) -> Result<Kpi, StoreError> {
        let requests = self.0.rows.lock().expect("not poisoned").len() as u32;
        let some = requests > 0;
        let mut kpi = Kpi { requests, error_rate: some.then_some(0.0), p95: some.then_some(3.003) };
        if let Some(mislead) = self.0.manner.misleads {
            mislead(&mut kpi);
        }
        if self.0.manner.says_nothing { Err(StoreError::PoolClosed) } else { Ok(kpi) }
    }

    fn dropped_of_run(&self, _run: RunId) -> u32 {
        0
    }
}

#[async_trait]
impl Housekeeping for Shared {
    async fn clean_up(&self, _run: RunId) -> Result<u32, StoreError> {
        Ok(self.0.cleaned.fetch_add(1, Ordering::Relaxed))
    }
}

#[async_trait]
impl RunStore for Shared {
    async fn insert(&self, job: &Job) -> Result<(), StoreError> {
        self.close(job).await
    }

    async fn close(&self, job: &Job) -> Result<(), StoreError> {
        let mut stored = self.0.stored.lock().expect("not poisoned");
        stored.retain(|known| known.job_id != job.job_id);
        stored.push(job.clone());
        Ok(())
    }

    async fn load(&self, id: RunId) -> Result<Option<Job>, StoreError> {
        Ok(self.0.stored.lock().expect("not poisoned").iter().find(|job| job.job_id == id).cloned())
    }

    async fn close_left_overs(&self) -> Result<Vec<RunId>, StoreError> {
        Ok(Vec::new())
    }
}

struct Nowhere;

#[async_trait]
impl Sink<LedgerRow> for Nowhere {
    async fn write(&self, _rows: &[LedgerRow]) -> Result<(), StoreError> {
        Ok(())
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

struct Test {
    world: Arc<World>,
    jobs: JobManager,
}

impl Test {
    fn new(manner: Manner) -> Self {
        let world = Arc::new(World { manner, ..World::default() });
        let gatekeeper = Gatekeeper::new(20);
        let arrivals = Arrivals::new(Arc::clone(&gatekeeper));
        let target = FakeTarget {
            world: Arc::clone(&world),
            arrivals: Arc::clone(&arrivals),
            gatekeeper: Arc::clone(&gatekeeper),
        };
        let shared = || Arc::new(Shared(Arc::clone(&world)));
        let jobs = JobManager::new(Surroundings {
            gatekeeper,
            arrivals,
            clock: Arc::new(Stalling { world: Arc::clone(&world), clock: TokioClock(Instant::now()) }),
            target: Arc::new(target),
            witness: shared(),
            housekeeping: shared(),
            store: shared(),
            ledger: BatchWriter::start("ledger", Nowhere),
            demo_users: (0..50).map(Uuid::from_u128).collect(),
            shutdown: CancellationToken::new(),
        });
        Self { world, jobs }
    }

    async fn start(&self, scenario: Scenario, duration: u32) -> RunId {
        let settings =
            Settings { scenario, duration, max_rps: 20, endpoints: Endpoints::all(), seed: 1, delay: Delay::Client };
        self.jobs.start(settings).await.expect("a start").job_id
    }

    async fn closed(&self, id: RunId) -> Job {
        loop {
            let job = self.jobs.job(id).await.expect("no database").expect("a job");
            if job.closed {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn run(&self, scenario: Scenario, duration: u32) -> Job {
        let id = self.start(scenario, duration).await;
        self.closed(id).await
    }

    fn most_sent_in_any_second(&self) -> u32 {
        most_in_any_second(&mut self.world.sent.lock().expect("not poisoned"))
    }
}

#[tokio::test(start_paused = true)]
async fn ten_minutes_at_full_rate_miss_nothing_and_keep_the_cap() {
    let test = Test::new(Manner { takes: Duration::from_millis(3), ..Manner::default() });
    let job = test.run(Scenario::Stress, 600).await;
    assert_eq!((job.status, job.stats.planned, job.stats.sent, job.stats.missed), (Status::Completed, 11881, 11881, 0));
    let books = job.stats.books.expect("books");
    assert!(books.verified && books.cap_kept, "{books:?}");
    assert_eq!(test.most_sent_in_any_second(), 20);
}

#[tokio::test(start_paused = true)]
async fn each_scenario_sends_its_shape_second_by_second() {
    for scenario in Scenario::ALL {
        let test = Test::new(Manner::default());
        let job = test.run(scenario, 60).await;
        let settings = job.settings();
        let mut planned = vec![0_i64; 60];
        for slot in settings.shape(20).plan() {
            planned[slot.due.as_secs() as usize] += 1;
        }
        assert_eq!(job.stats.sent_per_second.len(), 60);
        for (second, (sent, planned)) in job.stats.sent_per_second.iter().zip(planned).enumerate() {
            assert!(
                (i64::from(*sent) - planned).abs() <= 1,
                "{scenario:?}, second {second}: {sent} sent, {planned} planned"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_target_costs_missed_slots_and_never_a_burst() {
    let test = Test::new(Manner { takes: TIMEOUT, ..Manner::default() });
    // Fewer than fifty time out before the run ends, so it is not called off.
    let job = test.run(Scenario::Stress, 5).await;
    assert_eq!(job.status, Status::Completed);
    assert_eq!(job.stats.sent, 41, "as many as may be in flight, and one in the place of the first that timed out");
    assert_eq!(job.stats.planned, job.stats.sent + job.stats.missed);
    assert_eq!(job.stats.failed_requests, 41);
    assert!(job.stats.in_flight_refusals > 50, "{} slots found forty requests in flight", job.stats.in_flight_refusals);
    assert!(test.most_sent_in_any_second() <= 20);
}

#[tokio::test(start_paused = true)]
async fn nobody_there_ends_the_run_after_fifty_failures_in_a_row() {
    let test = Test::new(Manner { refuses: true, ..Manner::default() });
    let job = test.run(Scenario::Normal, 60).await;
    assert_eq!((job.status, job.reason), (Status::Error, Some(Reason::TargetDown)));
    assert_eq!(job.stats.failed_requests, 50);
    let books = job.stats.books.expect("books");
    assert!(books.verified, "{books:?}");
    assert_eq!((books.never_arrived, books.arrived), (50, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_the_run_and_the_next_start_works() {
    let test = Test::new(Manner { panics_at: Some(10), ..Manner::default() });
    let job = test.run(Scenario::Normal, 60).await;
    assert_eq!((job.status, job.reason), (Status::Error, Some(Reason::Panic)));
    assert_eq!(job.stats.planned, job.stats.sent + job.stats.missed + job.stats.not_reached);
    test.start(Scenario::Normal, 60).await;
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_ends_the_run_without_catching_up() {
    let test = Test::new(Manner::default());
    let id = test.start(Scenario::Stress, 60).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    test.world.stalled.store(true, Ordering::Relaxed);
    let job = test.closed(id).await;
    assert_eq!((job.status, job.reason), (Status::Error, Some(Reason::Interrupted)));
    assert!(test.most_sent_in_any_second() <= 20);
}

#[tokio::test(start_paused = true)]
async fn stop_sends_nothing_more_and_a_new_run_keeps_the_cap_across_both() {
    let test = Test::new(Manner::default());
    for _ in 0..10 {
        let id = test.start(Scenario::Stress, 60).await;
        tokio::time::sleep(Duration::from_millis(2300)).await;
        let stopped = test.jobs.stop(id).await.expect("no database").expect("a job");
        let sent = test.world.sent.lock().expect("not poisoned").len();
        assert_eq!(stopped.status, Status::Cancelled);
        let closed = test.closed(id).await;
        assert_eq!(test.world.sent.lock().expect("not poisoned").len(), sent);
        assert!(closed.stats.books.expect("books").cap_kept);
        test.world.rows.lock().expect("not poisoned").clear();
    }
    assert_eq!(test.most_sent_in_any_second(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_planted_hidden_retry_is_found() {
    let test = Test::new(Manner { repeats: Some(7), ..Manner::default() });
    let books = test.run(Scenario::Normal, 5).await.stats.books.expect("books");
    assert!(!books.verified);
    assert_eq!(books.differences, ["requests that arrived more than once: 1 (#7)"]);
}

#[tokio::test(start_paused = true)]
async fn a_planted_lost_row_is_found() {
    let test = Test::new(Manner { loses: Some(3), ..Manner::default() });
    let books = test.run(Scenario::Normal, 5).await.stats.books.expect("books");
    assert_eq!(books.differences, ["arrived, but not recorded in the database: 1 (#3); counted as dropped: 0"]);
}

#[tokio::test(start_paused = true)]
async fn a_planted_twenty_first_request_in_a_second_is_found_and_ends_the_run() {
    let test = Test::new(Manner { floods_at: Some(5), ..Manner::default() });
    let job = test.run(Scenario::Normal, 60).await;
    assert_eq!((job.status, job.reason), (Status::Error, Some(Reason::Cap)));
    assert!(job.stats.cap_violations > 0);
    assert!(job.stats.sent < 10, "ended at once: {} sent", job.stats.sent);
    let books = job.stats.books.expect("books");
    assert!(!books.cap_kept && books.cap_violations > 0 && books.most_in_any_second > 20, "{books:?}");
    assert!(!books.verified, "and they are in nobody's ledger");
}

#[tokio::test(start_paused = true)]
async fn a_job_leaves_memory_five_minutes_after_its_end_and_stays_in_the_store() {
    let test = Test::new(Manner::default());
    let job = test.run(Scenario::Normal, 5).await;
    let id = job.job_id;
    tokio::time::sleep(Duration::from_secs(298)).await;
    assert!(test.jobs.live(id).is_some());
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(test.jobs.live(id).is_none());
    assert_eq!(test.jobs.job(id).await.expect("no database"), Some(job));
}

#[tokio::test(start_paused = true)]
async fn one_job_at_a_time_until_it_is_closed() {
    let test = Test::new(Manner { takes: Duration::from_secs(4), ..Manner::default() });
    let id = test.start(Scenario::Normal, 60).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    test.jobs.stop(id).await.expect("no database");
    let settings = test.jobs.job(id).await.expect("no database").expect("a job").settings();
    let refused = test.jobs.start(settings.clone()).await;
    assert!(matches!(refused, Err(StartRefusal::Busy(busy)) if busy == id), "it is stopped, but not closed");
    test.closed(id).await;
    assert!(test.jobs.start(settings).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_dashboard_that_is_right_is_found_right_and_a_planted_fault_is_found() {
    let faults: [Option<fn(&mut Kpi)>; 4] = [
        None,
        Some(|kpi| kpi.requests += 1),
        Some(|kpi| kpi.error_rate = Some(0.01)),
        Some(|kpi| kpi.p95 = Some(3.01)),
    ];
    for misleads in faults {
        let test = Test::new(Manner { misleads, ..Manner::default() });
        let job = test.run(Scenario::Normal, 5).await;
        let truth = job.stats.truth.expect("checked");
        assert_eq!((truth.right, truth.differences.is_empty()), (misleads.is_none(), misleads.is_none()), "{truth:?}");
        assert!(job.stats.books.expect("books").verified, "the books are another matter");
    }
    let test = Test::new(Manner { says_nothing: true, ..Manner::default() });
    let job = test.run(Scenario::Normal, 5).await;
    assert_eq!(job.stats.truth.map(|truth| truth.right), Some(false));
    assert_eq!(job.status, Status::Completed, "the run itself went well");
}
