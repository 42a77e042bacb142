//! Closing a run: the one place, and the one order.
//!
//! drain (the runner did) → seal → flush the writers → clean-up of its users → audit → dashboard check → store → done.

use std::time::Duration;

use tokio::time::Instant;

use super::findings;
use super::live_run::LiveRun;
use super::run_manager::RunContext;
use crate::platform::database::{StoreError, is_unavailable};
use crate::traffic::engine::evidence::Evidence;
use crate::traffic::engine::findings::Findings;
use crate::traffic::engine::stats::Stats;
use crate::traffic::engine::{audit, dashboard_check};
use crate::traffic::model::{Reason, Run, Status};
use crate::traffic::view::verdict;

/// How long the server's handlers get to notice that a cancelled request is gone.
const SETTLE: Duration = Duration::from_secs(1);
/// How long it takes until a result that could not be stored is tried again: twice as long each time, from the one …
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
/// … to the other.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Closes the run. Whatever goes wrong on the way becomes part of the result; it always ends.
pub(super) async fn close(job: &LiveRun, around: &RunContext) {
    for row in job.cancel_open() {
        around.arrivals.ended(job.id, row.outcome.seq);
        around.ledger.push(row);
    }
    settle(job, around).await;
    around.arrivals.seal(job.id);
    around.ledger.flush().await;
    around.witness.flush().await;
    check(job, around).await;
    finish(job, around).await;
    let last = job.snapshot();
    let (status, verdict) = (last.status.wire_name(), verdict::summary(&last));
    tracing::info!(run = %job.id, status, sent = last.stats.sent, verdict, "run closed");
}

/// Stores the run as it stands now, and tells its viewers that it is done.
pub(super) async fn finish(job: &LiveRun, around: &RunContext) {
    let findings = findings::of_ended(job, around).await;
    store(&Run { closed: true, unstored: false, ..job.snapshot() }, findings.as_ref(), job, around).await;
    job.close();
}

/// Stores the result, however long the database can't take it: nobody else knows it. Where that can't pass, for
/// example because the row is gone, a row with the mere numbers is stored in its place.
async fn store(last: &Run, findings: Option<&Findings>, job: &LiveRun, around: &RunContext) {
    let mut pause = SHORTEST_PAUSE;
    let mut in_its_place = None;
    loop {
        let error = match &in_its_place {
            None => match around.store.update(last, findings).await {
                Ok(true) => return,
                Ok(false) => "the row is gone, or was closed by somebody else".to_owned(),
                Err(error) if is_unavailable(&error) => {
                    wait(job, &error, &mut pause).await;
                    continue;
                }
                Err(error) => error.to_string(),
            },
            Some(numbers) => match around.store.replace(numbers).await {
                Ok(()) => return,
                Err(error) if is_unavailable(&error) => {
                    wait(job, &error, &mut pause).await;
                    continue;
                }
                Err(error) => {
                    tracing::error!(run = %job.id, %error, "not even the numbers of a run could be stored");
                    return;
                }
            },
        };
        tracing::error!(run = %job.id, error, "a run can't be stored; its numbers are stored in its place");
        job.fault(Reason::Storage);
        in_its_place = Some(mere_numbers(last));
    }
}

async fn wait(job: &LiveRun, error: &StoreError, pause: &mut Duration) {
    job.waits_for_the_database();
    tracing::warn!(run = %job.id, %error, again_in = ?pause, "a run is finished, not stored yet; trying again");
    tokio::time::sleep(*pause).await;
    *pause = (2 * *pause).min(LONGEST_PAUSE);
}

/// The run without its lists and without its audit.
fn mere_numbers(last: &Run) -> Run {
    Run {
        status: Status::Error,
        reason: Some(Reason::Storage),
        stats: Stats {
            calls: Vec::new(),
            fates: Vec::new(),
            sent_per_second: Vec::new(),
            failures: Vec::new(),
            recent_failures: Vec::new(),
            audit: None,
            dashboard_check: None,
            ..last.stats.clone()
        },
        ..last.clone()
    }
}

/// Waits until the server is done with every request of the run.
async fn settle(job: &LiveRun, around: &RunContext) {
    let deadline = Instant::now() + SETTLE;
    while around.arrivals.being_answered(job.id) > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Cleans up after the run, collects what is known of it, and keeps what the audit and the dashboard check find.
async fn check(job: &LiveRun, around: &RunContext) {
    let failed = |what: &'static str| move |error: StoreError| tracing::error!(run = %job.id, %error, "{what}");
    let clean_up =
        around.housekeeping.clean_up(job.id).await.map_err(failed("the users of a run could not be removed"));
    let rows = around.witness.rows_of_run(job.id).await.map_err(failed("the records of a run could not be read"));
    let kpi = around.witness.kpis_of_run(job.id).await.map_err(failed("the dashboard could not be asked about a run"));
    let Run { status, reason, stats, .. } = job.snapshot();
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
