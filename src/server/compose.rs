//! The composition root: the one place that knows all features and connects them.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::adapters::{MetricsAdapter, RunNamesAdapter, TrafficAdapter, UsersAdapter};
use super::config::Config;
use super::settings::own_address;
use super::site::Site;
use crate::dashboard::server::Boards;
use crate::metrics::server::background;
use crate::metrics::server::ports::ProgramStatus;
use crate::metrics::server::request_log::RequestLog;
use crate::metrics::server::retention::StoredRequests;
use crate::metrics::server::served::ServedRequests;
use crate::metrics::server::service::Metrics;
use crate::metrics::server::storage::sqlite::SqliteMetrics;
use crate::metrics::server::storage::store::MetricsStore;
use crate::origin::Origin;
use crate::platform::database::{Database, StoreError};
use crate::platform::retention::prune;
use crate::platform::row_writer::RowWriter;
use crate::platform::wall_clock::{WallClock, epoch_micros};
use crate::traffic::server::arrivals::Arrivals;
use crate::traffic::server::client::HttpTarget;
use crate::traffic::server::client_ledger::LedgerRow;
use crate::traffic::server::dropped_rows::Losses;
use crate::traffic::server::ledger_rows::SqliteLedger;
use crate::traffic::server::older_versions::add_summaries;
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
use crate::users::server::rest::Users;
use crate::users::server::store::{SqliteUsers, Undone, UserStore};

/// The composed program: the context of each feature, and that of our own routes.
pub struct Composition {
    /// The context of the users API.
    pub users: Users,
    /// The context of metrics.
    pub metrics: Arc<Metrics>,
    /// The context of the request log.
    pub request_log: RequestLog,
    /// What metrics shows beside its own numbers.
    pub program: Arc<dyn ProgramStatus>,
    /// The context of traffic.
    pub traffic: Traffic,
    /// Notes which simulated requests have arrived.
    pub arrivals: Arc<Arrivals>,
    /// The context of the dashboard.
    pub boards: Boards,
    /// The context of our own routes.
    pub site: Site,
}

/// The two steps of a shutdown: runs end first, because their requests still need the server, and then the streams and
/// the listener.
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
    /// A number of `/metrics` can't be registered.
    #[error("the numbers of /metrics can't be registered: {0}")]
    Exposition(#[from] prometheus::Error),
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
    let stored_requests: Arc<dyn MetricsStore> = Arc::new(SqliteMetrics(database.clone()));
    let newest_request = stored_requests.newest().await?;
    let losses = Losses::default();
    let metrics = start_recording(Arc::clone(&stored_requests), &losses, shutdown).await?;
    let context = run_context(config, database, address, shutdown, &users, &metrics, losses)?;
    close_earlier_runs(&context, &users).await?;
    add_summaries(database).await?;

    let stored_runs = Arc::clone(&context.store);
    let gate = Arc::clone(&context.gate);
    let arrivals = Arc::clone(&context.arrivals);
    let manager = Arc::new(RunManager::new(context));
    let streams = Arc::new(Semaphore::new(config.max_streams as usize));
    let traffic =
        Traffic { runs: Arc::clone(&manager), shutdown: shutdown.streams.clone(), streams, details: Arc::default() };

    let clock = WallClock::new(epoch_micros);
    let program: Arc<dyn ProgramStatus> = Arc::new(TrafficAdapter {
        runs: Arc::clone(&manager),
        gate,
        streams: Arc::clone(&traffic.streams),
        max_streams: config.max_streams,
    });
    background::start(&metrics, Arc::clone(&program), &clock, &shutdown.background, &shutdown.streams);
    let requests = StoredRequests { store: stored_requests, kept: config.kept_requests, program: Arc::clone(&program) };
    let runs = StoredRuns { runs: Arc::clone(&manager), store: stored_runs, kept: config.kept_runs };
    start_pruning(clock, newest_request, requests, runs, shutdown).await?;

    Ok(Composition {
        users: Arc::new(users),
        boards: Boards::default(),
        request_log: RequestLog { metrics: Arc::clone(&metrics), runs: Arc::new(RunNamesAdapter(manager)) },
        metrics,
        program,
        traffic,
        arrivals,
        site: Site::new(config, database, address, &shutdown.runs),
    })
}

impl Composition {
    /// Waits until everything that was recorded is written and no background task uses the database any more. The
    /// streams have to be told to end before.
    pub async fn flush(&self, shutdown: &Shutdown) {
        self.metrics.recorder.flush().await;
        shutdown.background.close();
        shutdown.background.wait().await;
        self.metrics.numbers.store_lost().await;
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

/// Opens metrics. The dropped rows of runs are noted in `losses`.
async fn start_recording(
    store: Arc<dyn MetricsStore>,
    losses: &Losses,
    shutdown: &Shutdown,
) -> Result<Arc<Metrics>, ComposeError> {
    let dropped = losses.recorded.clone();
    let opened = Metrics::open(store, ServedRequests::new()?, shutdown.runs.clone(), move |request| {
        // Nobody misses the rows of an unknown run.
        if let Origin::Simulated { run, seq } = request.origin
            && !run.0.is_nil()
        {
            dropped.note(run, seq);
        }
    });
    Ok(opened.await?)
}

/// Connects what runs need: the gate, the HTTP client, and the adapters of the other features.
fn run_context(
    config: &Config,
    database: &Database,
    address: SocketAddr,
    shutdown: &Shutdown,
    users: &SqliteUsers,
    metrics: &Arc<Metrics>,
    losses: Losses,
) -> Result<RunContext, ComposeError> {
    let dropped = losses.ledger.clone();
    let on_drop = move |row: &LedgerRow| dropped.note(row.run_id, row.outcome.seq);
    let ledger = RowWriter::start("ledger", SqliteLedger(database.clone()), shutdown.runs.clone(), on_drop);
    let gate = SharedGate::new(config.cap);
    let demo_users: Vec<Uuid> = (0..DEMO_USERS).map(demo_user_id).collect();
    Ok(RunContext {
        gate: Arc::clone(&gate),
        arrivals: Arrivals::new(gate),
        clock: Arc::new(TimerThread::start()?),
        target: Arc::new(HttpTarget::new(
            config.development_target.unwrap_or(own_address(address)),
            own_address(address),
        )?),
        recorded: Arc::new(MetricsAdapter(Arc::clone(metrics))),
        user_cleanup: Arc::new(UsersAdapter(users.clone())),
        store: Arc::new(SqliteRuns(database.clone())),
        losses,
        ledger,
        demo_users,
        shutdown: shutdown.runs.clone(),
    })
}

/// Closes the runs that an earlier process left open, and removes what is left of their users.
async fn close_earlier_runs(context: &RunContext, users: &SqliteUsers) -> Result<(), StoreError> {
    let RunContext { store, recorded, user_cleanup, demo_users, .. } = context;
    for run in close_left_overs(store.as_ref(), recorded.as_ref(), user_cleanup.as_ref(), demo_users).await? {
        tracing::warn!(%run, "an earlier process left this run open; it is closed");
    }
    // These are users of runs whose own clean-up failed, or that a late request created after it.
    let Undone { removed, .. } = users.undo_all_runs().await?;
    if removed > 0 {
        tracing::warn!(removed, "users that earlier runs had left behind are removed");
    }
    Ok(())
}

/// Starts to follow the wall clock, and to remove rows that are no longer kept.
async fn start_pruning(
    clock: Arc<WallClock>,
    newest_request: Option<i64>,
    requests: StoredRequests,
    runs: StoredRuns,
    shutdown: &Shutdown,
) -> Result<(), StoreError> {
    let newest = newest_request.max(runs.newest().await?);
    let pruning = prune(Arc::clone(&clock), newest, vec![Arc::new(requests), Arc::new(runs)]);
    shutdown.background.spawn(shutdown.streams.clone().run_until_cancelled_owned(clock.watch()));
    shutdown.background.spawn(shutdown.streams.clone().run_until_cancelled_owned(pruning));
    Ok(())
}
