//! Closing a run: the one place where it happens, in one order.
//!
//! drain (by the runner) → seal → flush the writers → clean-up of its users → audit → dashboard check → store → done.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::findings;
use super::live_run::LiveRun;
use super::run_context::RunContext;
use crate::platform::database::{StoreError, is_unavailable};
use crate::traffic::engine::evidence::Evidence;
use crate::traffic::engine::findings::Findings;
use crate::traffic::engine::stats::Stats;
use crate::traffic::engine::{audit, dashboard_check};
use crate::traffic::model::{Reason, Run, Status};
use crate::traffic::view::verdict;

/// How long the server's handlers get to notice that a cancelled request is gone.
const HANDLER_PATIENCE: Duration = Duration::from_secs(1);
/// The first pause before storing is retried. Each further pause is twice as long.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
/// The pauses grow no longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Closes the run. Whatever goes wrong on the way becomes part of the result, so closing always ends.
pub(super) async fn close(run: Arc<LiveRun>, context: Arc<RunContext>) {
    for row in run.cancel_in_flight() {
        context.arrivals.request_finished(run.id, row.outcome.seq);
        context.ledger.push(row);
    }
    wait_for_handlers(&run, &context).await;
    context.arrivals.seal(run.id);
    context.ledger.flush().await;
    context.recorded.flush().await;
    clean_up_and_audit(&run, &context).await;
    store_and_finish(Arc::clone(&run), context).await;
    let last = run.snapshot();
    let status = last.status.wire_name();
    let verdict = verdict::summary(&last);
    tracing::info!(run = %run.id, status, sent = last.stats.sent, verdict, "run closed");
}

/// Stores the run as it stands now, and tells its viewers that it is done.
pub(super) async fn store_and_finish(run: Arc<LiveRun>, context: Arc<RunContext>) {
    let findings = findings::to_store(context.store.as_ref(), context.recorded.as_ref(), run.id, 0).await;
    let findings = findings.map(|findings| Findings { timeline: run.timeline(), ..findings });
    let last = Run { closed: true, unstored: false, ..run.snapshot() };
    if let Err(error) = store_result(&last, findings.as_ref(), &run, &context).await {
        tracing::error!(run = %run.id, error, "a run can't be stored; its numbers are stored in its place");
        run.closing_failed(Reason::Storage);
        store_numbers(&bare_numbers(&last), &run, &context).await;
    }
    run.mark_closed();
}

/// Stores the result, and retries for as long as the database is unavailable, because the result is nowhere else.
/// Returns an error in words that retrying can't help, for example because the row is gone.
async fn store_result(
    last: &Run,
    findings: Option<&Findings>,
    run: &LiveRun,
    context: &RunContext,
) -> Result<(), String> {
    match retry_while_unavailable(run, || context.store.update(last, findings)).await {
        Ok(true) => Ok(()),
        Ok(false) => Err("the row is gone, or was closed by somebody else".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Stores a row with the numbers alone in the place of a run that can't be stored.
async fn store_numbers(numbers: &Run, run: &LiveRun, context: &RunContext) {
    if let Err(error) = retry_while_unavailable(run, || context.store.replace(numbers)).await {
        tracing::error!(run = %run.id, %error, "not even the numbers of a run could be stored");
    }
}

async fn retry_while_unavailable<'a, T>(
    run: &LiveRun,
    store: impl Fn() -> BoxFuture<'a, Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let mut pause = SHORTEST_PAUSE;
    loop {
        match store().await {
            Err(error) if is_unavailable(&error) => {
                run.mark_unstored();
                tracing::warn!(run = %run.id, %error, again_in = ?pause, "a run is finished, not stored yet; trying again");
                tokio::time::sleep(pause).await;
                pause = (2 * pause).min(LONGEST_PAUSE);
            }
            result => return result,
        }
    }
}

/// The run without its lists and without its audit.
fn bare_numbers(last: &Run) -> Run {
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

/// Waits until the server has answered every request of the run.
async fn wait_for_handlers(run: &LiveRun, context: &RunContext) {
    let deadline = Instant::now() + HANDLER_PATIENCE;
    while context.arrivals.being_answered(run.id) > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Cleans up after the run, collects what is known of it, and keeps the results of the audit and the dashboard check.
async fn clean_up_and_audit(run: &LiveRun, context: &RunContext) {
    let id = run.id;
    let log = |what: &'static str| move |error: &StoreError| tracing::error!(run = %id, %error, "{what}");
    let clean_up = context.user_cleanup.clean_up(id).await;
    let clean_up = clean_up.inspect_err(log("the users of a run could not be removed"));
    let rows = context.recorded.rows_of_run(id).await;
    let rows = rows.inspect_err(log("the records of a run could not be read"));
    let kpi = context.recorded.kpis_of_run(id).await;
    let kpi = kpi.inspect_err(log("the dashboard could not be asked about a run"));
    let Run { status, reason, stats, .. } = run.snapshot();
    let (ledger, creates) = run.ledger();
    // After the rows were read: an arrival is noted before its row is recorded, so each row has its arrival here.
    let arrived = context.arrivals.of_run(id);
    let evidence = Evidence {
        stats: &stats,
        ledger: &ledger,
        creates,
        arrived: Some(&arrived),
        rows: rows.as_deref().ok(),
        dropped: &context.losses.of_run(id),
        clean_up: clean_up.ok(),
        stopped: status == Status::Cancelled || reason == Some(Reason::Shutdown),
        cap: context.gate.cap(),
    };
    run.set_verdict(audit::check(&evidence), dashboard_check::check(kpi.ok(), &evidence));
}
