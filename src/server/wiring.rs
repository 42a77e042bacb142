//! Connects the features: the one place that knows them all, and where traffic's ports meet what
//! users and metrics offer.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::batch_writer::BatchWriter;
use super::config::Config;
use super::database::{Database, StoreError};
use super::security::Hosts;
use super::state::AppState;
use crate::metrics::model::Totals;
use crate::metrics::server::live::Metrics;
use crate::metrics::server::ports::{Family, Vitals};
use crate::metrics::server::record::Row;
use crate::metrics::server::store::{MetricsStore, RowOfRun, SqliteMetrics};
use crate::origin::RunId;
use crate::traffic::engine::exchange::ServerSide;
use crate::traffic::engine::truth::Kpi;
use crate::traffic::server::api::Traffic;
use crate::traffic::server::arrivals::Arrivals;
use crate::traffic::server::client::HttpTarget;
use crate::traffic::server::clock::TimerThread;
use crate::traffic::server::gatekeeper::Gatekeeper;
use crate::traffic::server::jobs::{JobManager, Surroundings};
use crate::traffic::server::ports::{Housekeeping, Witness};
use crate::traffic::server::recovery::close_left_overs;
use crate::traffic::server::store::SqliteRuns;
use crate::users::model::{DEMO_USERS, demo_user_id};
use crate::users::server::store::{SqliteUsers, UserStore};

/// The metrics, as traffic's witness.
struct RecordedRequests {
    store: SqliteMetrics,
    metrics: Arc<Metrics>,
    recorder: BatchWriter<Row>,
    dropped: Arc<Mutex<HashMap<RunId, u32>>>,
}

#[async_trait]
impl Witness for RecordedRequests {
    async fn flush(&self) {
        self.recorder.flush().await;
    }

    async fn rows_of_run(&self, run: RunId) -> Result<Vec<ServerSide>, StoreError> {
        Ok(self.store.rows_of_run(run).await?.into_iter().map(server_side).collect())
    }

    async fn rows_of_request(&self, run: RunId, seq: u32) -> Result<Vec<ServerSide>, StoreError> {
        Ok(self.store.rows_of_request(run, seq).await?.into_iter().map(server_side).collect())
    }

    async fn kpis_of_run(&self, run: RunId, from: i64, to: i64) -> Result<Kpi, StoreError> {
        let Totals { requests, error_rate, p95, .. } = self.metrics.totals_of_run(run, from, to).await?;
        Ok(Kpi { requests, error_rate, p95 })
    }

    fn dropped_of_run(&self, run: RunId) -> u32 {
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner).get(&run).copied().unwrap_or(0)
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
impl Housekeeping for UsersOfRuns {
    async fn clean_up(&self, run: RunId) -> Result<u32, StoreError> {
        let removed = self.0.remove_of_run(run).await?;
        self.0.restore_demo_users().await?;
        Ok(removed)
    }
}

/// The traffic, as what the metrics show beside the requests.
struct GeneratorVitals {
    jobs: Arc<JobManager>,
    gatekeeper: Arc<Gatekeeper>,
    streams: Arc<Semaphore>,
    max_streams: u32,
}

impl Vitals for GeneratorVitals {
    fn pacer_lag(&self) -> Option<Duration> {
        self.jobs.active().filter(|job| !job.is_over())?.latest_lag()
    }

    fn open_streams(&self) -> u32 {
        self.max_streams.saturating_sub(self.streams.available_permits() as u32)
    }

    fn families(&self) -> Vec<Family> {
        let tally = self.jobs.tally();
        let active = self.jobs.active().is_some_and(|job| !job.is_closed());
        let by = |name, help, label, values: &[(&'static str, u64)]| Family {
            name,
            help,
            kind: "counter",
            samples: values.iter().map(|(value, count)| (vec![(label, *value)], *count as f64)).collect(),
        };
        let alone = |name, kind, help, value| Family { name, help, kind, samples: vec![(Vec::new(), value)] };
        let runs = [("completed", tally.completed), ("cancelled", tally.cancelled), ("error", tally.failed)];
        let books = [("verified", tally.books_verified), ("unbalanced", tally.books_unbalanced)];
        let dashboard = [("right", tally.dashboard_right), ("wrong", tally.dashboard_wrong)];
        vec![
            by("runs_total", "Runs of the generator that are closed.", "status", &runs),
            by("books_total", "Closed runs, by whether their books balance.", "result", &books),
            by("dashboard_checks_total", "Closed runs, by whether the dashboard was right.", "result", &dashboard),
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
    // Also of runs whose own clean-up failed, or that a late request added to after it.
    let removed = users.remove_of_all_runs().await?;
    if removed > 0 {
        tracing::warn!(removed, "users that earlier runs had left behind are removed");
    }
    users.restore_demo_users().await?;
    let store = metrics;
    let metrics = Metrics::open(Arc::new(store.clone())).await?;
    let dropped = Arc::new(Mutex::new(HashMap::<RunId, u32>::new()));
    let (counted, losing) = (Arc::clone(&dropped), Arc::clone(&metrics));
    let recorder =
        BatchWriter::start_with("requests", Arc::clone(&metrics), shutdown.jobs.clone(), move |row: &Row| {
            losing.lost(row);
            if let Some(run) = row.origin.run() {
                *counted.lock().unwrap_or_else(PoisonError::into_inner).entry(run).or_default() += 1;
            }
        });
    let witness =
        Arc::new(RecordedRequests { store, metrics: Arc::clone(&metrics), recorder: recorder.clone(), dropped });
    let housekeeping = Arc::new(UsersOfRuns(users.clone()));
    for run in close_left_overs(&runs, witness.as_ref(), housekeeping.as_ref()).await? {
        tracing::warn!(%run, "an earlier process left this run active; closed as interrupted");
    }
    runs.summarise_older_version().await?;
    let gatekeeper = Gatekeeper::new(config.max_rps);
    let arrivals = Arrivals::new(Arc::clone(&gatekeeper));
    let jobs = Arc::new(JobManager::new(Surroundings {
        gatekeeper: Arc::clone(&gatekeeper),
        arrivals: Arc::clone(&arrivals),
        clock: Arc::new(TimerThread::start()?),
        target: Arc::new(HttpTarget::new(config.development_target.unwrap_or(own_address(address)))?),
        witness,
        housekeeping,
        store: Arc::new(runs.clone()),
        ledger: BatchWriter::start("ledger", runs, shutdown.jobs.clone()),
        demo_users: (0..DEMO_USERS).map(demo_user_id).collect(),
        shutdown: shutdown.jobs.clone(),
    }));
    let streams = Arc::new(Semaphore::new(config.max_streams as usize));
    let vitals = GeneratorVitals {
        jobs: Arc::clone(&jobs),
        gatekeeper,
        streams: Arc::clone(&streams),
        max_streams: config.max_streams,
    };
    metrics.start(&recorder, Arc::new(vitals), &shutdown.streams);
    Ok(AppState {
        leptos: config.leptos.clone(),
        users: Arc::new(users),
        metrics,
        boards: Arc::default(),
        recorder,
        traffic: Traffic { jobs, shutdown: shutdown.streams.clone(), streams, details: Arc::default() },
        arrivals,
        hosts: Hosts::new(&config.allowed_hosts, address.ip()),
        access: Access::new(config.admin_token.clone(), Arc::clone(&config.assets.style)),
        assets: config.assets.clone(),
    })
}

/// Where the generator reaches a server that listens on `address`: what listens everywhere, on the loopback.
fn own_address(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
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
