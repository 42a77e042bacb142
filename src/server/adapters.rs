//! Implements the ports of each feature by the other features.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::metrics::log_model::NamedRun;
use crate::metrics::model::Totals;
use crate::metrics::server::ports::{Family, FamilyKind, ProgramStatus, RunNames};
use crate::metrics::server::service::Metrics;
use crate::origin::{Origin, RunId};
use crate::platform::database::StoreError;
use crate::traffic::engine::dashboard_check::DashboardFigures;
use crate::traffic::engine::evidence::CleanUp;
use crate::traffic::engine::exchange::ServerSide;
use crate::traffic::history_query::HistoryQuery;
use crate::traffic::model::RunSummary;
use crate::traffic::server::live_run::LiveRun;
use crate::traffic::server::ports::{RecordedRequests, UserCleanup};
use crate::traffic::server::run_manager::RunManager;
use crate::traffic::server::run_totals::RunTotals;
use crate::traffic::server::shared_gate::SharedGate;
use crate::users::server::store::{SqliteUsers, Undone, UserStore};

/// Tells traffic what metrics recorded of a run.
pub(super) struct MetricsAdapter(pub(super) Arc<Metrics>);

#[async_trait]
impl RecordedRequests for MetricsAdapter {
    async fn flush(&self) {
        self.0.recorder.flush().await;
    }

    async fn rows_of_run(&self, run: RunId) -> Result<Vec<ServerSide>, StoreError> {
        Ok(self.0.store.requests_of_run(run).await?.iter().filter_map(server_side).collect())
    }

    async fn rows_of_request(&self, run: RunId, seq: u32) -> Result<Vec<ServerSide>, StoreError> {
        Ok(self.0.store.requests_of_slot(run, seq).await?.iter().filter_map(server_side).collect())
    }

    async fn kpis_of_run(&self, run: RunId) -> Result<DashboardFigures, StoreError> {
        let Totals { requests, error_rate, p95, .. } = self.0.totals_of_run(run).await?;
        Ok(DashboardFigures { requests, error_rate, p95 })
    }
}

/// A recorded request as traffic knows it. `None` for a real request, which belongs to no run.
fn server_side(request: &RecordedRequest) -> Option<ServerSide> {
    let Origin::Simulated { seq, .. } = request.origin else { return None };
    Some(ServerSide {
        seq,
        arrived_at: request.arrived_at,
        duration: u64::from(request.duration_us),
        status: request.status,
        request_id: Some(request.id),
    })
}

/// Lets traffic clean up the users after a run.
pub(super) struct UsersAdapter(pub(super) SqliteUsers);

#[async_trait]
impl UserCleanup for UsersAdapter {
    async fn clean_up(&self, run: RunId) -> Result<CleanUp, StoreError> {
        let Undone { removed, kept } = self.0.undo_run(run).await?;
        Ok(CleanUp { removed, kept })
    }
}

/// Tells metrics the status of the generator and of its live streams.
pub(super) struct TrafficAdapter {
    pub(super) runs: Arc<RunManager>,
    pub(super) gate: Arc<SharedGate>,
    pub(super) streams: Arc<Semaphore>,
    pub(super) max_streams: u32,
}

impl ProgramStatus for TrafficAdapter {
    fn scheduling_delay(&self) -> Option<Duration> {
        self.runs.active().filter(|run| !run.has_ended())?.latest_scheduling_delay()
    }

    fn open_run(&self) -> Option<RunId> {
        self.runs.active().filter(|run| !run.is_closed()).map(|run| run.id)
    }

    fn open_streams(&self) -> u32 {
        self.max_streams.saturating_sub(self.streams.available_permits() as u32)
    }

    fn families(&self) -> Vec<Family> {
        let totals = self.runs.totals();
        let is_active = f64::from(u8::from(self.open_run().is_some()));
        let mut families = verdicts(&totals);
        families.push(Family::gauge("run_active", "Is a run active?", is_active));
        families.push(ended_requests(self.runs.newest().as_deref()));
        families.extend(requests(&totals));
        let cap = self.gate.cap().into();
        let free = self.gate.free().into();
        families.push(Family::gauge("gate_slots", "Requests per second that the gate lets out at most.", cap));
        families.push(Family::gauge("gate_slots_free", "Requests that the gate would let out now.", free));
        families
    }
}

/// How closed runs ended, and what their checks found.
fn verdicts(totals: &RunTotals) -> Vec<Family> {
    let runs = [("completed", totals.completed), ("cancelled", totals.cancelled), ("error", totals.failed)];
    let audits = [
        ("verified", totals.audits_verified),
        ("incomplete", totals.audits_incomplete),
        ("wrong", totals.audits_wrong),
    ];
    let checks = [
        ("right", totals.dashboard_right),
        ("wrong", totals.dashboard_wrong),
        ("notChecked", totals.dashboard_not_checked),
    ];
    vec![
        counters("runs_total", "Runs of the generator that are closed.", &["status"], runs),
        counters("audits_total", "Closed runs, by what their audit found.", &["outcome"], audits),
        counters("dashboard_checks_total", "Closed runs, by whether the dashboard was right.", &["outcome"], checks),
    ]
}

/// The requests of closed runs.
fn requests(totals: &RunTotals) -> Vec<Family> {
    vec![
        Family::counter("sent_total", "Requests of closed runs that left.", totals.sent as f64),
        Family::counter("missed_total", "Slots of closed runs whose time passed.", totals.missed as f64),
        Family::counter(
            "gate_refusals_total",
            "Slots of closed runs that found the gate shut.",
            totals.gate_refusals as f64,
        ),
        Family::counter("cap_violations_total", "Arrivals of closed runs above the cap.", totals.cap_violations as f64),
    ]
}

fn counters<const N: usize>(
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    values: [(&str, u64); N],
) -> Family {
    let samples = values.into_iter().map(|(value, count)| (vec![value.to_owned()], count as f64)).collect();
    Family { name, help, kind: FamilyKind::Counter, labels, samples }
}

/// The requests of the active run that have ended, or else of the last run of this process. By these, Prometheus can be asked
/// what it has stored of a run. A request that got no response in time, or none at all, is an error.
fn ended_requests(run: Option<&LiveRun>) -> Family {
    let samples = run.into_iter().flat_map(|run| {
        let stats = run.snapshot().stats;
        let results = [("ok", stats.successful_requests), ("error", stats.failed_requests)];
        results.map(|(result, count)| (vec![run.id.to_string(), result.to_owned()], f64::from(count)))
    });
    let help = "Requests of the active run that have ended, or else of the last run.";
    let labels = &["run", "result"];
    Family { name: "run_requests_total", help, kind: FamilyKind::Counter, labels, samples: samples.collect() }
}

/// Tells metrics what people call the runs.
pub(super) struct RunNamesAdapter(pub(super) Arc<RunManager>);

#[async_trait]
impl RunNames for RunNamesAdapter {
    async fn name(&self, run: RunId) -> Result<Option<NamedRun>, StoreError> {
        match self.0.run(run).await {
            Ok(run) => Ok(run.as_ref().map(RunSummary::from).as_ref().map(named)),
            Err(StoreError::Decode(_) | StoreError::ColumnDecode { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn newest(&self, count: u32) -> Result<Vec<NamedRun>, StoreError> {
        let (runs, _) = self.0.list(&HistoryQuery { limit: count, ..HistoryQuery::default() }).await?;
        Ok(runs.iter().filter_map(|listed| listed.summary.as_ref()).map(named).collect())
    }
}

fn named(run: &RunSummary) -> NamedRun {
    let name = run.name.clone().unwrap_or_else(|| run.scenario.title().to_owned());
    NamedRun { run: run.job_id, name, started: run.start_time }
}
