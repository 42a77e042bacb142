//! Closing a run: the one place, and the one order.
//!
//! drain (the runner did) → seal → flush the writers → clean-up of its users → audit → dashboard check → store → done.

use std::time::Duration;

use tokio::time::Instant;

use super::job::LiveJob;
use super::jobs::Surroundings;
use crate::server::database::StoreError;
use crate::traffic::engine::evidence::Evidence;
use crate::traffic::engine::{audit, dashboard_check};
use crate::traffic::model::{Job, Reason, Status};
use crate::traffic::verdict;

/// How long the server's handlers get to notice that a cancelled request is gone.
const SETTLE: Duration = Duration::from_secs(1);
/// How long a result that can't be stored is tried again.
const PERSISTENCE: Duration = Duration::from_secs(20);

/// Closes the run. Whatever goes wrong on the way becomes part of the result; it always ends.
pub(super) async fn close(job: &LiveJob, around: &Surroundings) {
    for row in job.cancel_open() {
        around.arrivals.ended(job.id, row.outcome.seq);
        around.ledger.push(row);
    }
    settle(job, around).await;
    around.arrivals.seal(job.id);
    around.ledger.flush().await;
    around.witness.flush().await;
    check(job, around).await;
    let mut last = job.snapshot();
    last.closed = true;
    store(&last, job, around).await;
    job.close();
    let (status, verdict) = (last.status.wire_name(), verdict::summary(&last));
    tracing::info!(run = %job.id, status, sent = last.stats.sent, verdict, "run closed");
}

/// Stores the result, patiently: another process may hold the database.
async fn store(last: &Job, job: &LiveJob, around: &Surroundings) {
    let give_up = Instant::now() + PERSISTENCE;
    loop {
        let error = match around.store.close(last).await {
            Ok(true) => return,
            Ok(false) => {
                tracing::error!(run = %job.id, "a run was closed by somebody else, or is gone from the database");
                return;
            }
            Err(error) => error,
        };
        if Instant::now() >= give_up || around.shutdown.is_cancelled() {
            job.fault(Reason::Storage);
            tracing::error!(run = %job.id, %error, "a run could not be stored");
            return;
        }
        tracing::warn!(run = %job.id, %error, "a run could not be stored; trying again");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Waits until the server is done with every request of the run.
async fn settle(job: &LiveJob, around: &Surroundings) {
    let deadline = Instant::now() + SETTLE;
    while around.arrivals.being_answered(job.id) > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Cleans up after the run, collects what is known of it, and keeps what the audit and the dashboard check find.
async fn check(job: &LiveJob, around: &Surroundings) {
    let failed = |what: &'static str| move |error: StoreError| tracing::error!(run = %job.id, %error, "{what}");
    let clean_up =
        around.housekeeping.clean_up(job.id).await.map_err(failed("the users of a run could not be removed"));
    let rows = around.witness.rows_of_run(job.id).await.map_err(failed("the records of a run could not be read"));
    let kpi = around.witness.kpis_of_run(job.id).await.map_err(failed("the dashboard could not be asked about a run"));
    let Job { status, reason, stats, .. } = job.snapshot();
    let (ledger, creates) = job.ledger();
    // After the rows were read: an arrival is noted before its row is recorded, so each row has its arrival here.
    let arrived = around.arrivals.of_run(job.id);
    let rows = rows.ok();
    let evidence = Evidence {
        stats: &stats,
        ledger: &ledger,
        creates,
        arrived: Some(&arrived),
        rows: rows.as_deref(),
        dropped: &around.losses.of_run(job.id),
        clean_up: clean_up.ok(),
        stopped: status == Status::Cancelled || reason == Some(Reason::Shutdown),
        cap: around.gatekeeper.cap(),
    };
    job.set_verdict(audit::check(&evidence), dashboard_check::check(kpi.ok(), &evidence));
}
