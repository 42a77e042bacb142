//! Connects the features: the one place that knows them all, and where traffic's ports meet what
//! users and metrics offer.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::batch_writer::BatchWriter;
use super::config::Config;
use super::database::{Database, StoreError};
use super::security::Hosts;
use super::state::AppState;
use crate::metrics::server::record::Row;
use crate::metrics::server::store::{MetricsStore, SqliteMetrics};
use crate::origin::RunId;
use crate::traffic::server::api::Traffic;
use crate::traffic::server::arrivals::Arrivals;
use crate::traffic::server::client::HttpTarget;
use crate::traffic::server::clock::TimerThread;
use crate::traffic::server::gatekeeper::Gatekeeper;
use crate::traffic::server::jobs::{JobManager, Surroundings};
use crate::traffic::server::ports::{Housekeeping, Witness};
use crate::traffic::server::store::{RunStore, SqliteRuns};
use crate::users::model::{DEMO_USERS, demo_user_id};
use crate::users::server::store::{SqliteUsers, UserStore};

/// The metrics, as traffic's witness.
struct RecordedRequests {
    store: SqliteMetrics,
    recorder: BatchWriter<Row>,
    dropped: Arc<Mutex<HashMap<RunId, u32>>>,
}

#[async_trait]
impl Witness for RecordedRequests {
    async fn flush(&self) {
        self.recorder.flush().await;
    }

    async fn seqs_of_run(&self, run: RunId) -> Result<Vec<u32>, StoreError> {
        self.store.seqs_of_run(run).await
    }

    fn dropped_of_run(&self, run: RunId) -> u32 {
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner).get(&run).copied().unwrap_or(0)
    }
}

/// The users, as what traffic cleans up after a run.
struct UsersOfRuns(SqliteUsers);

#[async_trait]
impl Housekeeping for UsersOfRuns {
    async fn clean_up(&self, run: RunId) -> Result<u32, StoreError> {
        let removed = self.0.remove_of_run(run).await?;
        self.0.restore_demo_users().await?;
        Ok(removed)
    }
}

/// Why the program can't be put together.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
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
/// [`WiringError`], in words for the operator.
pub async fn connect(
    config: &Config,
    database: &Database,
    address: SocketAddr,
    shutdown: &Shutdown,
) -> Result<AppState, WiringError> {
    let users = SqliteUsers(database.clone());
    let metrics = SqliteMetrics(database.clone());
    let runs = SqliteRuns(database.clone());
    for run in runs.close_left_overs().await? {
        tracing::warn!(%run, "an earlier process left this run active; closed as interrupted");
    }
    // Also of runs whose own clean-up failed, or that a late request added to after it.
    let removed = users.remove_of_all_runs().await?;
    if removed > 0 {
        tracing::warn!(removed, "users that earlier runs had left behind are removed");
    }
    users.restore_demo_users().await?;
    let dropped = Arc::new(Mutex::new(HashMap::<RunId, u32>::new()));
    let counted = Arc::clone(&dropped);
    let recorder = BatchWriter::start_with("requests", metrics.clone(), move |row: &Row| {
        if let Some(run) = row.origin.run() {
            *counted.lock().unwrap_or_else(PoisonError::into_inner).entry(run).or_default() += 1;
        }
    });
    let gatekeeper = Gatekeeper::new(config.max_rps);
    let arrivals = Arrivals::new(Arc::clone(&gatekeeper));
    let jobs = JobManager::new(Surroundings {
        gatekeeper,
        arrivals: Arc::clone(&arrivals),
        clock: Arc::new(TimerThread::start()?),
        target: Arc::new(HttpTarget::new(config.development_target.unwrap_or(address))?),
        witness: Arc::new(RecordedRequests { store: metrics.clone(), recorder: recorder.clone(), dropped }),
        housekeeping: Arc::new(UsersOfRuns(users.clone())),
        store: Arc::new(runs.clone()),
        ledger: BatchWriter::start("ledger", runs),
        demo_users: (0..DEMO_USERS).map(demo_user_id).collect(),
        shutdown: shutdown.jobs.clone(),
    });
    Ok(AppState {
        leptos: config.leptos.clone(),
        users: Arc::new(users),
        metrics: Arc::new(metrics),
        recorder,
        traffic: Traffic {
            jobs: Arc::new(jobs),
            history: Arc::new(SqliteRuns(database.clone())),
            shutdown: shutdown.streams.clone(),
            streams: Arc::new(Semaphore::new(config.max_streams as usize)),
        },
        arrivals,
        hosts: Hosts::new(&config.allowed_hosts),
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
}
