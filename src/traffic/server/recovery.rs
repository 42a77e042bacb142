//! After a crash: what an earlier process left active is closed, with its numbers counted anew from what both sides
//! had recorded. A run that had ended keeps how it ended; any other one was interrupted. It is never resumed.

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

/// Closes every run that is not closed, removes the users they created, and names them. For a moment in which no job
/// is active. `demo_users` are those that the runs addressed.
///
/// # Errors
/// When the database can't be read or written.
pub async fn close_left_overs(
    store: &dyn RunStore,
    witness: &dyn RecordedRequests,
    housekeeping: &dyn UserCleanup,
    demo_users: &[Uuid],
) -> Result<Vec<RunId>, StoreError> {
    let mut closed = Vec::new();
    for StoredRun { id, job } in store.left_overs().await? {
        // What can't be read any more is closed all the same: it must not keep every later run from starting.
        let clean_up = housekeeping.clean_up(id).await?;
        let Some(job) = job else {
            tracing::error!(run = %id, "an open run can't be read; it is closed as it is");
            store.close_unreadable(id).await?;
            closed.push(id);
            continue;
        };
        let job = ended(job);
        let job = match recounted(&job, store, witness, (clean_up, demo_users)).await {
            Ok(job) => job,
            Err(error) if is_unavailable(&error) => return Err(error),
            Err(error) => {
                tracing::error!(run = %id, %error, "what was recorded of an open run can't be read; its last numbers stay");
                job
            }
        };
        let findings = findings::of_left_over(&job, store, witness).await;
        store.update(&job, findings.as_ref()).await?;
        closed.push(id);
    }
    Ok(closed)
}

/// The run closed, with the state that it ended in, or else as interrupted.
fn ended(job: Run) -> Run {
    let (status, reason) = match job.status.is_final() {
        true => (job.status, job.reason),
        false => (Status::Error, Some(Reason::Interrupted)),
    };
    let end_time = job.end_time.or(Some(job.start_time + i64::from(job.stats.elapsed)));
    Run { status, reason, end_time, closed: true, unstored: false, ..job }
}

async fn recounted(
    job: &Run,
    store: &dyn RunStore,
    witness: &dyn RecordedRequests,
    (clean_up, demo_users): (CleanUp, &[Uuid]),
) -> Result<Run, StoreError> {
    let clients = store.client_sides(job.job_id).await?;
    let servers = witness.rows_of_run(job.job_id).await?;
    let settings = job.settings();
    let shape = settings.shape(job.cap);
    let remains = Remains {
        planned: shape.total(),
        missed: job.stats.missed,
        duration: Duration::from_secs(settings.duration.into()),
        started: job.start_time * 1000,
    };
    let mix = Mix::new(settings.scenario, settings.endpoints.list().to_vec(), settings.seed, demo_users.to_vec());
    let stats = recount(&remains, &clients, &servers, |k| mix.request(k));
    // No row says how often the guard and the gate refused; what was last stored of it does.
    let Stats { cap_violations, gate_refusals, in_flight_refusals, .. } = job.stats;
    let stats = Stats { cap_violations, gate_refusals, in_flight_refusals, ..stats };
    let stats = checked(stats, &clients, &servers, clean_up, job.cap);
    if job.reason == Some(Reason::Interrupted) {
        // It lived until the last that is known of it.
        let end_time = Some(job.start_time + i64::from(stats.elapsed));
        return Ok(Run { end_time, stats, ..job.clone() });
    }
    Ok(Run { stats: Stats { elapsed: job.stats.elapsed, ..stats }, ..job.clone() })
}

/// With an audit and a dashboard check of what is left: what arrived is not known any more, so they find a sum that fails or
/// a request that occurs twice, and else say what is missing.
fn checked(stats: Stats, clients: &[ClientSide], servers: &[ServerSide], clean_up: CleanUp, cap: u32) -> Stats {
    let ledger: Vec<(u32, Fate)> = clients.iter().map(|client| (client.seq, client.fate())).collect();
    let created = |client: &&ClientSide| client.call == Call::Create && client.fate() == Fate::Answered(201);
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
    let (audit, check) = (audit::check(&evidence), dashboard_check::check(None, &evidence));
    Stats { audit: Some(audit), dashboard_check: Some(check), ..stats }
}
