//! Closes the runs that an earlier process left active, with their numbers counted anew from what both sides recorded.
//! A run that had ended keeps the status in which it ended; any other run was interrupted. No run is ever resumed.

use std::time::Duration;

use uuid::Uuid;

use super::findings;
use super::ports::{RecordedRequests, UserCleanup};
use super::store::{RunStore, StoredRun};
use crate::origin::RunId;
use crate::platform::database::{StoreError, is_unavailable};
use crate::traffic::engine::evidence::{CleanUp, Creates, Dropped, Evidence};
use crate::traffic::engine::exchange::{ClientSide, ServerSide};
use crate::traffic::engine::mix::{Call, Mix};
use crate::traffic::engine::outcome::Fate;
use crate::traffic::engine::recovery::{Remains, recount};
use crate::traffic::engine::stats::Stats;
use crate::traffic::engine::{audit, dashboard_check};
use crate::traffic::model::{Reason, Run, Status};

/// Closes every run that is not closed, removes the users that these runs created, and returns the ids of the runs. To
/// be called while no run is active. `demo_users` are the users that the runs addressed.
///
/// # Errors
/// When the database can't be read or written.
pub async fn close_left_overs(
    store: &dyn RunStore,
    recorded: &dyn RecordedRequests,
    user_cleanup: &dyn UserCleanup,
    demo_users: &[Uuid],
) -> Result<Vec<RunId>, StoreError> {
    let mut closed = Vec::new();
    for StoredRun { id, run } in store.left_overs().await? {
        let clean_up = user_cleanup.clean_up(id).await?;
        match run {
            Some(run) => {
                let run = recount_or_keep(as_ended(run), store, recorded, clean_up, demo_users).await?;
                let findings = findings::to_store(store, recorded, id, run.stats.whole_seconds()).await;
                store.update(&run, findings.as_ref()).await?;
            }
            None => {
                // It must not keep every later run from starting.
                tracing::error!(run = %id, "an open run can't be read; it is closed as it is");
                store.close_unreadable(id).await?;
            }
        }
        closed.push(id);
    }
    Ok(closed)
}

/// The run as a closed one. A run that had not ended was interrupted.
fn as_ended(run: Run) -> Run {
    let (status, reason) =
        if run.status.is_final() { (run.status, run.reason) } else { (Status::Error, Some(Reason::Interrupted)) };
    let end_time = run.end_time.or(Some(run.start_time + i64::from(run.stats.elapsed)));
    Run { status, reason, end_time, closed: true, unstored: false, ..run }
}

/// The run with its numbers counted anew, or with the last stored numbers when its rows can't be read.
async fn recount_or_keep(
    run: Run,
    store: &dyn RunStore,
    recorded: &dyn RecordedRequests,
    clean_up: CleanUp,
    demo_users: &[Uuid],
) -> Result<Run, StoreError> {
    let rows = async { Ok((store.client_sides(run.job_id).await?, recorded.rows_of_run(run.job_id).await?)) };
    match rows.await {
        Ok((clients, servers)) => Ok(recounted(run, &clients, &servers, clean_up, demo_users)),
        Err(error) if is_unavailable(&error) => Err(error),
        Err(error) => {
            let id = run.job_id;
            tracing::error!(run = %id, %error, "what was recorded of an open run can't be read; its last numbers stay");
            Ok(run)
        }
    }
}

fn recounted(run: Run, clients: &[ClientSide], servers: &[ServerSide], clean_up: CleanUp, demo_users: &[Uuid]) -> Run {
    let settings = run.settings();
    let remains = Remains {
        planned: settings.shape(run.cap).total(),
        missed: run.stats.missed,
        duration: Duration::from_secs(settings.duration.into()),
        started: run.start_time * 1000,
    };
    let mix = Mix::new(settings.scenario, settings.endpoints.list().to_vec(), settings.seed, demo_users.to_vec());
    let stats = recount(&remains, clients, servers, |k| mix.request(k));
    // No row says how often the guard and the gate refused, but the last stored numbers do.
    let Stats { cap_violations, gate_refusals, in_flight_refusals, elapsed, .. } = run.stats;
    let stats = Stats { cap_violations, gate_refusals, in_flight_refusals, ..stats };
    let stats = checked(stats, clients, servers, clean_up, run.cap);
    if run.reason == Some(Reason::Interrupted) {
        // The last recorded request shows until when the run was alive.
        let end_time = Some(run.start_time + i64::from(stats.elapsed));
        return Run { end_time, stats, ..run };
    }
    Run { stats: Stats { elapsed, ..stats }, ..run }
}

/// The numbers with an audit and a dashboard check. The arrivals are not known any more, so these can only find a sum
/// that fails or a request that occurs twice, and otherwise say what is missing.
fn checked(stats: Stats, clients: &[ClientSide], servers: &[ServerSide], clean_up: CleanUp, cap: u32) -> Stats {
    let created = |client: &&ClientSide| client.call == Call::Create && client.fate() == Fate::Answered(201);
    let ledger: Vec<(u32, Fate)> = clients.iter().map(|client| (client.seq, client.fate())).collect();
    let evidence = Evidence {
        stats: &stats,
        ledger: &ledger,
        creates: Creates { answered: clients.iter().filter(created).count() as u32, unanswered: 0 },
        arrived: None,
        rows: Some(servers),
        dropped: &Dropped::default(),
        clean_up: Some(clean_up),
        stopped: false,
        cap,
    };
    let audit = audit::check(&evidence);
    let dashboard_check = dashboard_check::check(None, &evidence);
    Stats { audit: Some(audit), dashboard_check: Some(dashboard_check), ..stats }
}
