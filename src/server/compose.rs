//! Connects the features: the one place that knows them all, and where traffic's ports meet what
//! users and metrics offer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::auth::Access;
use super::config::Config;
use super::origin_checks::Hosts;
use super::ready::Readiness;
use super::settings::own_address;
use super::state::AppState;
use crate::dashboard::server::Boards;
use crate::metrics::model::Totals;
use crate::metrics::server::ports::{Family, Vitals};
use crate::metrics::server::record::Row;
use crate::metrics::server::service::Metrics;
use crate::metrics::server::storage::store::{MetricsStore, RowOfRun, SqliteMetrics};
use crate::origin::{Origin, RunId};
use crate::platform::database::{Database, StoreError, epoch_micros};
use crate::platform::retention::prune;
use crate::platform::row_writer::RowWriter;
use crate::platform::wall_clock::WallClock;
use crate::traffic::engine::dashboard_check::Kpi;
use crate::traffic::engine::evidence::CleanUp;
use crate::traffic::engine::exchange::ServerSide;
use crate::traffic::server::arrivals::Arrivals;
use crate::traffic::server::client::HttpTarget;
use crate::traffic::server::client_ledger::LedgerRow;
use crate::traffic::server::dropped_rows::Losses;
use crate::traffic::server::ledger_rows::SqliteLedger;
use crate::traffic::server::older_versions::add_summaries;
use crate::traffic::server::ports::{RecordedRequests, UserCleanup};
use crate::traffic::server::recovery::close_left_overs;
pub use crate::traffic::server::refusals::{NotStored, STORING_AT_SHUTDOWN};
use crate::traffic::server::retention::StoredRuns;
use crate::traffic::server::run_context::RunContext;
use crate::traffic::server::run_manager::RunManager;
use crate::traffic::server::send_timer::TimerThread;
use crate::traffic::server::shared_gate::SharedGate;
use crate::traffic::server::state::Traffic;
use crate::traffic::server::store::SqliteRuns;
use crate::users::model::{DEMO_USERS, demo_user_id};
use crate::users::server::keys::fill_in_keys;
use crate::users::server::store::{SqliteUsers, Undone, UserStore};

/// The metrics, as traffic's witness.
struct MetricsOfRuns {
    store: SqliteMetrics,
    metrics: Arc<Metrics>,
    recorder: RowWriter<Row>,
}

#[async_trait]
impl RecordedRequests for MetricsOfRuns {
    async fn flush(&self) {
        self.recorder.flush().await;
    }

    async fn rows_of_run(&self, run: RunId) -> Result<Vec<ServerSide>, StoreError> {
        Ok(self.store.rows_of_run(run).await?.into_iter().map(server_side).collect())
    }

    async fn rows_of_request(&self, run: RunId, seq: u32) -> Result<Vec<ServerSide>, StoreError> {
        Ok(self.store.rows_of_request(run, seq).await?.into_iter().map(server_side).collect())
    }

    async fn kpis_of_run(&self, run: RunId) -> Result<Kpi, StoreError> {
        let Totals { requests, error_rate, p95, .. } = self.metrics.totals_of_run(run).await?;
        Ok(Kpi { requests, error_rate, p95 })
    }
}

fn server_side(row: RowOfRun) -> ServerSide {
    ServerSide {
        seq: row.seq,
        arrived_at: row.at,
        duration: u64::try_from(row.duration).unwrap_or(0),
        status: row.status,
        request_id: row.request_id,
    }
}

/// The users, as what traffic cleans up after a run.
struct UsersOfRuns(SqliteUsers);

#[async_trait]
impl UserCleanup for UsersOfRuns {
    async fn clean_up(&self, run: RunId) -> Result<CleanUp, StoreError> {
        let Undone { removed, kept } = self.0.undo_run(run).await?;
        Ok(CleanUp { removed, kept })
    }
}

/// The traffic, as what the metrics show beside the requests.
struct GeneratorVitals {
    jobs: Arc<RunManager>,
    gatekeeper: Arc<SharedGate>,
    streams: Arc<Semaphore>,
    max_streams: u32,
}

impl Vitals for GeneratorVitals {
    fn pacer_lag(&self) -> Option<Duration> {
        self.jobs.active().filter(|run| !run.has_ended())?.latest_scheduling_delay()
    }

    fn open_run(&self) -> Option<RunId> {
        self.jobs.active().filter(|job| !job.is_closed()).map(|job| job.id)
    }

    fn open_streams(&self) -> u32 {
        self.max_streams.saturating_sub(self.streams.available_permits() as u32)
    }

    fn families(&self) -> Vec<Family> {
        let tally = self.jobs.totals();
        let active = self.jobs.active().is_some_and(|job| !job.is_closed());
        let by = |name, help, label, values: &[(&'static str, u64)]| Family {
            name,
            help,
            kind: "counter",
            samples: values.iter().map(|(value, count)| (vec![(label, *value)], *count as f64)).collect(),
        };
        let alone = |name, kind, help, value| Family { name, help, kind, samples: vec![(Vec::new(), value)] };
        let runs = [("completed", tally.completed), ("cancelled", tally.cancelled), ("error", tally.failed)];
        let audits = [
            ("verified", tally.audits_verified),
            ("incomplete", tally.audits_incomplete),
            ("wrong", tally.audits_wrong),
        ];
        let dashboard = [
            ("right", tally.dashboard_right),
            ("wrong", tally.dashboard_wrong),
            ("notChecked", tally.dashboard_not_checked),
        ];
        vec![
            by("runs_total", "Runs of the generator that are closed.", "status", &runs),
            by("audits_total", "Closed runs, by what their audit found.", "outcome", &audits),
            by("dashboard_checks_total", "Closed runs, by whether the dashboard was right.", "outcome", &dashboard),
            alone("run_active", "gauge", "Is a run active?", f64::from(u8::from(active))),
            alone("sent_total", "counter", "Requests of closed runs that left.", tally.sent as f64),
            alone("missed_total", "counter", "Slots of closed runs whose time passed.", tally.missed as f64),
            alone(
                "gate_refusals_total",
                "counter",
                "Slots of closed runs that found the gate shut.",
                tally.gate_refusals as f64,
            ),
            alone(
                "cap_violations_total",
                "counter",
                "Arrivals of closed runs above the cap.",
                tally.cap_violations as f64,
            ),
            alone(
                "gate_slots",
                "gauge",
                "Requests per second that the gate lets out at most.",
                f64::from(self.gatekeeper.cap()),
            ),
            alone(
                "gate_slots_free",
                "gauge",
                "Requests that the gate would let out now.",
                f64::from(self.gatekeeper.free()),
            ),
        ]
    }
}

/// Why the program can't be put together.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The database failed.
    #[error("the database can't be written: {0}")]
    Store(#[from] StoreError),
    /// No thread.
    #[error("the pacer's thread can't be started: {0}")]
    Thread(#[from] std::io::Error),
    /// No client.
    #[error("the generator's HTTP client can't be built: {0}")]
    Client(#[from] reqwest::Error),
}

/// Puts the program together for a server that listens on `address`. Runs that an earlier process
/// left active are closed, and the users that they created are removed.
///
/// # Errors
/// [`ComposeError`], in words for the operator.
pub async fn compose(
    config: &Config,
    database: &Database,
    address: SocketAddr,
    shutdown: &Shutdown,
) -> Result<AppState, ComposeError> {
    let users = SqliteUsers(database.clone());
    let metrics = SqliteMetrics(database.clone());
    let runs = SqliteRuns(database.clone());
    let stored_runs = runs.clone();
    let folded = fill_in_keys(database).await?;
    if folded > 0 {
        tracing::info!(users = folded, "names and addresses of an older version are folded for search and uniqueness");
    }
    users.add_demo_users().await?;
    let store = metrics;
    let newest = store.newest().await?;
    let metrics = Metrics::open(Arc::new(store.clone())).await?;
    let losses = Losses::default();
    let (dropped, losing) = (losses.recorded.clone(), Arc::clone(&metrics));
    let recorder = RowWriter::start_with("requests", Arc::clone(&metrics), shutdown.jobs.clone(), move |row: &Row| {
        losing.lost(row);
        // Rows of no known run are missed by nobody.
        if let Origin::Simulated { run, seq } = row.origin
            && !run.0.is_nil()
        {
            dropped.note(run, seq);
        }
    });
    let dropped = losses.ledger.clone();
    let on_drop = move |row: &LedgerRow| dropped.note(row.run_id, row.outcome.seq);
    let ledger = RowWriter::start_with("ledger", SqliteLedger(database.clone()), shutdown.jobs.clone(), on_drop);
    let witness = Arc::new(MetricsOfRuns { store, metrics: Arc::clone(&metrics), recorder: recorder.clone() });
    let housekeeping = Arc::new(UsersOfRuns(users.clone()));
    let demo_users: Vec<Uuid> = (0..DEMO_USERS).map(demo_user_id).collect();
    for run in close_left_overs(&runs, witness.as_ref(), housekeeping.as_ref(), &demo_users).await? {
        tracing::warn!(%run, "an earlier process left this run open; it is closed");
    }
    // Of runs whose own clean-up failed, or that a late request added to after it.
    let Undone { removed, .. } = users.undo_all_runs().await?;
    if removed > 0 {
        tracing::warn!(removed, "users that earlier runs had left behind are removed");
    }
    add_summaries(database).await?;
    let gatekeeper = SharedGate::new(config.max_rps);
    let arrivals = Arrivals::new(Arc::clone(&gatekeeper));
    let jobs = Arc::new(RunManager::new(RunContext {
        gate: Arc::clone(&gatekeeper),
        arrivals: Arc::clone(&arrivals),
        clock: Arc::new(TimerThread::start()?),
        target: Arc::new(HttpTarget::new(config.development_target.unwrap_or(own_address(address)))?),
        recorded: witness,
        user_cleanup: housekeeping,
        store: Arc::new(runs),
        losses,
        ledger,
        demo_users,
        shutdown: shutdown.jobs.clone(),
    }));
    let streams = Arc::new(Semaphore::new(config.max_streams as usize));
    let vitals = GeneratorVitals {
        jobs: Arc::clone(&jobs),
        gatekeeper,
        streams: Arc::clone(&streams),
        max_streams: config.max_streams,
    };
    let clock = WallClock::new(epoch_micros);
    metrics.start(&recorder, Arc::new(vitals), &clock, &shutdown.streams);
    let stored_runs = StoredRuns { runs: Arc::clone(&jobs), store: Arc::new(stored_runs) };
    let newest = newest.max(stored_runs.newest().await?);
    let pruning =
        prune(Arc::clone(&clock), newest, config.kept, vec![Arc::clone(&metrics) as _, Arc::new(stored_runs)]);
    shutdown.background.spawn(shutdown.streams.clone().run_until_cancelled_owned(clock.watch()));
    shutdown.background.spawn(shutdown.streams.clone().run_until_cancelled_owned(pruning));
    Ok(AppState {
        leptos: config.leptos.clone(),
        users: Arc::new(users),
        boards: Boards::new(Arc::clone(&metrics), Arc::clone(&jobs)),
        metrics,
        recorder,
        readiness: Readiness { database: database.clone(), shutdown: shutdown.jobs.clone() },
        traffic: Traffic { runs: jobs, shutdown: shutdown.streams.clone(), streams, details: Arc::default() },
        arrivals,
        hosts: Hosts::new(&config.allowed_hosts, address.ip()),
        access: Access::new(config.admin_token.clone(), config.behind_proxy, Arc::clone(&config.assets.style)),
        assets: config.assets.clone(),
    })
}

/// The two steps of going down: first the jobs, whose requests still need the server; then the
/// streams and the listener.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// No job starts any more, and answers are awaited for a shorter time.
    pub jobs: CancellationToken,
    /// Streams end, and no connection is accepted.
    pub streams: CancellationToken,
    /// What goes on beside the requests until the streams end, and may use the database.
    pub background: TaskTracker,
}
