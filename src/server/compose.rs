//! The composition root: the one place that knows all features and connects them.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::config::Config;
use super::generator_vitals::GeneratorVitals;
use super::ports_of_traffic::{MetricsOfRuns, UsersOfRuns};
use super::settings::own_address;
use super::site::Site;
use crate::dashboard::server::Boards;
use crate::metrics::server::record::Row;
use crate::metrics::server::service::Metrics;
use crate::metrics::server::storage::store::{MetricsStore, SqliteMetrics};
use crate::origin::Origin;
use crate::platform::database::{Database, StoreError};
use crate::platform::retention::prune;
use crate::platform::row_writer::RowWriter;
use crate::platform::wall_clock::{WallClock, epoch_micros};
use crate::traffic::server::arrivals::Arrivals;
use crate::traffic::server::client::HttpTarget;
use crate::traffic::server::dropped_rows::Losses;
use crate::traffic::server::live_run::LedgerRow;
use crate::traffic::server::recovery::close_left_overs;
use crate::traffic::server::retention::StoredRuns;
pub use crate::traffic::server::run_manager::{NotStored, STORING_AT_SHUTDOWN};
use crate::traffic::server::run_manager::{RunContext, RunManager};
use crate::traffic::server::send_timer::TimerThread;
use crate::traffic::server::shared_gate::SharedGate;
use crate::traffic::server::state::Traffic;
use crate::traffic::server::store::SqliteRuns;
use crate::users::model::{DEMO_USERS, demo_user_id};
use crate::users::server::keys::fill_in_keys;
use crate::users::server::rest::Users;
use crate::users::server::store::{SqliteUsers, Undone, UserStore};

/// The composed program: the context of each feature, and that of our own routes.
pub struct Composition {
    /// The context of the users API.
    pub users: Users,
    /// The context of metrics.
    pub metrics: Arc<Metrics>,
    /// Writes a row for each request to the users API.
    pub recorder: RowWriter<Row>,
    /// The context of traffic.
    pub traffic: Traffic,
    /// Notes which simulated requests have arrived.
    pub arrivals: Arc<Arrivals>,
    /// The context of the dashboard.
    pub boards: Boards,
    /// The context of our own routes.
    pub site: Site,
}

/// The two steps of a shutdown: runs end first, because their requests still need the server; then the streams and the
/// listener do.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// When it is cancelled, no run starts any more, and responses are awaited for a shorter time.
    pub runs: CancellationToken,
    /// When it is cancelled, streams end, and no connection is accepted.
    pub streams: CancellationToken,
    /// Tasks that run beside the requests until the streams end, and may use the database.
    pub background: TaskTracker,
}

/// Why the program can't be put together.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The database failed.
    #[error("the database can't be written: {0}")]
    Store(#[from] StoreError),
    /// The operating system gives no thread.
    #[error("the pacer's thread can't be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The HTTP client can't be built.
    #[error("the generator's HTTP client can't be built: {0}")]
    Client(#[from] reqwest::Error),
}

/// Puts the program together, for a server that listens on `address`. Runs that an earlier process left open are
/// closed, and the users that they created are removed.
///
/// # Errors
/// [`ComposeError`], which tells the operator what went wrong.
pub async fn compose(
    config: &Config,
    database: &Database,
    address: SocketAddr,
    shutdown: &Shutdown,
) -> Result<Composition, ComposeError> {
    let users = prepare_users(database).await?;
    let newest_request = SqliteMetrics(database.clone()).newest().await?;
    let metrics_parts = start_recording(database, shutdown).await?;
    let context = run_context(config, database, address, shutdown, &users, &metrics_parts)?;
    close_earlier_runs(&context, &users).await?;
    let stored_runs = SqliteRuns(database.clone());
    stored_runs.summarise_older_version().await?;

    let gatekeeper = Arc::clone(&context.gatekeeper);
    let arrivals = Arc::clone(&context.arrivals);
    let jobs = Arc::new(RunManager::new(context));
    let MetricsParts { metrics, recorder, .. } = metrics_parts;
    let streams = Arc::new(Semaphore::new(config.max_streams as usize));
    let traffic =
        Traffic { jobs: Arc::clone(&jobs), shutdown: shutdown.streams.clone(), streams, details: Arc::default() };

    let clock = WallClock::new(epoch_micros);
    let vitals = GeneratorVitals {
        jobs: Arc::clone(&jobs),
        gatekeeper,
        streams: Arc::clone(&traffic.streams),
        max_streams: config.max_streams,
    };
    metrics.start(&recorder, Arc::new(vitals), &clock, &shutdown.streams);
    let runs = StoredRuns { jobs: Arc::clone(&jobs), store: Arc::new(stored_runs) };
    start_pruning(config, clock, newest_request, Arc::clone(&metrics), runs, shutdown).await?;

    Ok(Composition {
        users: Arc::new(users),
        boards: Boards::new(Arc::clone(&metrics), jobs),
        metrics,
        recorder,
        traffic,
        arrivals,
        site: Site::new(config, database, address, &shutdown.runs),
    })
}

impl Composition {
    /// Waits until everything that was recorded is written and no background task uses the database any more. The
    /// streams have to be told to end before.
    pub async fn flush(&self, shutdown: &Shutdown) {
        self.recorder.flush().await;
        self.metrics.stopped().await;
        shutdown.background.close();
        shutdown.background.wait().await;
    }
}

/// Brings the stored users up to date and adds the demo users.
async fn prepare_users(database: &Database) -> Result<SqliteUsers, StoreError> {
    let users = SqliteUsers(database.clone());
    let folded = fill_in_keys(database).await?;
    if folded > 0 {
        tracing::info!(users = folded, "names and addresses of an older version are folded for search and uniqueness");
    }
    users.add_demo_users().await?;
    Ok(users)
}

/// Metrics with the writer that records requests, and the rows that a writer had to drop.
struct MetricsParts {
    store: SqliteMetrics,
    metrics: Arc<Metrics>,
    recorder: RowWriter<Row>,
    losses: Losses,
}

async fn start_recording(database: &Database, shutdown: &Shutdown) -> Result<MetricsParts, StoreError> {
    let store = SqliteMetrics(database.clone());
    let metrics = Metrics::open(Arc::new(store.clone())).await?;
    let losses = Losses::default();
    let (dropped, losing) = (losses.recorded.clone(), Arc::clone(&metrics));
    let recorder = RowWriter::start_with("requests", Arc::clone(&metrics), shutdown.runs.clone(), move |row: &Row| {
        losing.lost(row);
        // Rows of no known run are missed by nobody.
        if let Origin::Simulated { run, seq } = row.origin
            && !run.0.is_nil()
        {
            dropped.note(run, seq);
        }
    });
    Ok(MetricsParts { store, metrics, recorder, losses })
}

/// What runs need: the gate, the HTTP client, and the ports to the other features.
fn run_context(
    config: &Config,
    database: &Database,
    address: SocketAddr,
    shutdown: &Shutdown,
    users: &SqliteUsers,
    metrics_parts: &MetricsParts,
) -> Result<RunContext, ComposeError> {
    let MetricsParts { store, metrics, recorder, losses } = metrics_parts;
    let runs = SqliteRuns(database.clone());
    let dropped = losses.ledger.clone();
    let on_drop = move |row: &LedgerRow| dropped.note(row.run, row.outcome.seq);
    let ledger = RowWriter::start_with("ledger", runs.clone(), shutdown.runs.clone(), on_drop);
    let witness = MetricsOfRuns { store: store.clone(), metrics: Arc::clone(metrics), recorder: recorder.clone() };
    let gatekeeper = SharedGate::new(config.cap);
    let demo_users: Vec<Uuid> = (0..DEMO_USERS).map(demo_user_id).collect();
    Ok(RunContext {
        gatekeeper: Arc::clone(&gatekeeper),
        arrivals: Arrivals::new(gatekeeper),
        clock: Arc::new(TimerThread::start()?),
        target: Arc::new(HttpTarget::new(config.development_target.unwrap_or(own_address(address)))?),
        witness: Arc::new(witness),
        housekeeping: Arc::new(UsersOfRuns(users.clone())),
        store: Arc::new(runs),
        losses: losses.clone(),
        ledger,
        demo_users,
        shutdown: shutdown.runs.clone(),
    })
}

/// Closes the runs that an earlier process left open, and removes what is left of their users.
async fn close_earlier_runs(context: &RunContext, users: &SqliteUsers) -> Result<(), StoreError> {
    let RunContext { store, witness, housekeeping, demo_users, .. } = context;
    for run in close_left_overs(store.as_ref(), witness.as_ref(), housekeeping.as_ref(), demo_users).await? {
        tracing::warn!(%run, "an earlier process left this run open; it is closed");
    }
    // Users of runs whose own clean-up failed, or to which a late request added after it.
    let Undone { removed, .. } = users.undo_all_runs().await?;
    if removed > 0 {
        tracing::warn!(removed, "users that earlier runs had left behind are removed");
    }
    Ok(())
}

/// Starts to follow the wall clock, and to remove rows that are no longer kept.
async fn start_pruning(
    config: &Config,
    clock: Arc<WallClock>,
    newest_request: Option<i64>,
    metrics: Arc<Metrics>,
    runs: StoredRuns,
    shutdown: &Shutdown,
) -> Result<(), StoreError> {
    let newest = newest_request.max(runs.newest().await?);
    let pruning = prune(Arc::clone(&clock), newest, config.kept, vec![metrics as _, Arc::new(runs)]);
    shutdown.background.spawn(shutdown.streams.clone().run_until_cancelled_owned(clock.watch()));
    shutdown.background.spawn(shutdown.streams.clone().run_until_cancelled_owned(pruning));
    Ok(())
}
