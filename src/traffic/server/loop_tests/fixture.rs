//! A run manager in a [`World`] of fakes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::fakes::{FakeLedger, Fakes};
use super::world::{Manner, World};
use crate::origin::RunId;
use crate::platform::row_writer::RowWriter;
use crate::traffic::engine::guard::most_in_any_second;
use crate::traffic::engine::outcome::Fate;
use crate::traffic::engine::scenario::{Delay, Scenario};
use crate::traffic::model::{Endpoints, Run, Settings};
use crate::traffic::server::arrivals::Arrivals;
use crate::traffic::server::client::{Completion, Outgoing, TIMEOUT, Target};
use crate::traffic::server::client_ledger::LedgerRow;
use crate::traffic::server::dropped_rows::Losses;
use crate::traffic::server::retention::{KeptRuns, StoredRuns};
use crate::traffic::server::run_context::RunContext;
use crate::traffic::server::run_manager::RunManager;
use crate::traffic::server::send_timer::{Clock, TokioClock};
use crate::traffic::server::shared_gate::{Departed, SharedGate};

struct FakeTarget {
    world: Arc<World>,
    arrivals: Arc<Arrivals>,
    gate: Arc<SharedGate>,
}

impl Target for FakeTarget {
    fn send(&self, outgoing: Outgoing, ticket: Departed) -> BoxFuture<'static, Completion> {
        let manner = self.world.manner;
        assert_ne!(Some(outgoing.seq), manner.panics_at, "asked to panic");
        self.world.sent.lock().push(self.gate.now());
        if !manner.refuses {
            for _ in 0..if manner.repeats == Some(outgoing.seq) { 2 } else { 1 } {
                self.arrivals.note_for_test(outgoing.run_id, outgoing.seq, outgoing.secret);
            }
            if manner.floods_at == Some(outgoing.seq) {
                (0..21).for_each(|i| self.arrivals.note_for_test(outgoing.run_id, 100_000 + i, outgoing.secret));
            }
            if manner.loses != Some(outgoing.seq) {
                self.world.rows.lock().push(outgoing.seq);
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
            Completion { fate, request_id: None, ended: Instant::now() }
        })
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
    pub(super) runs: Arc<RunManager>,
    pub(super) shutdown: CancellationToken,
}

impl Test {
    pub(super) fn new(manner: Manner) -> Self {
        let world = Arc::new(World { manner, ..World::default() });
        let gate = SharedGate::new(20);
        let arrivals = Arrivals::new(Arc::clone(&gate));
        let target = FakeTarget { world: Arc::clone(&world), arrivals: Arc::clone(&arrivals), gate: Arc::clone(&gate) };
        let fakes = || Arc::new(Fakes(Arc::clone(&world)));
        let losses = Losses::default();
        let dropped = losses.ledger.clone();
        let on_drop = move |row: &LedgerRow| dropped.note(row.run_id, row.outcome.seq);
        let fake_ledger = FakeLedger(Arc::clone(&world));
        let shutdown = CancellationToken::new();
        let runs = RunManager::new(RunContext {
            gate,
            arrivals,
            clock: Arc::new(Stalling { world: Arc::clone(&world), clock: TokioClock(Instant::now()) }),
            target: Arc::new(target),
            recorded: fakes(),
            user_cleanup: fakes(),
            store: fakes(),
            losses,
            ledger: RowWriter::start("ledger", fake_ledger, CancellationToken::new(), on_drop),
            demo_users: (0..50).map(Uuid::from_u128).collect(),
            shutdown: shutdown.clone(),
        });
        Self { world, runs: Arc::new(runs), shutdown }
    }

    pub(super) fn stored_runs(&self, keep_runs: u32) -> StoredRuns {
        let kept = KeptRuns { keep_runs, ..KeptRuns::default() };
        StoredRuns { runs: Arc::clone(&self.runs), store: Arc::new(Fakes(Arc::clone(&self.world))), kept }
    }

    pub(super) async fn start(&self, scenario: Scenario, duration: u32) -> RunId {
        let settings =
            Settings { scenario, duration, max_rps: 20, endpoints: Endpoints::all(), seed: 1, delay: Delay::Client };
        self.runs.start(settings).await.expect("a start").job_id
    }

    pub(super) async fn closed(&self, id: RunId) -> Run {
        loop {
            let run = self.runs.run(id).await.expect("readable").expect("a run");
            if run.closed {
                return run;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(super) async fn run(&self, scenario: Scenario, duration: u32) -> Run {
        let id = self.start(scenario, duration).await;
        self.closed(id).await
    }

    pub(super) fn most_sent_in_any_second(&self) -> u32 {
        most_in_any_second(&mut self.world.sent.lock())
    }
}
