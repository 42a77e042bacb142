//! Closing a run: the one place, and the one order.
//!
//! drain (the runner did) → seal → flush the writers → books → ask the dashboard about the run →
//! remove the users it created → store → done.

use std::time::Duration;

use tokio::time::Instant;

use super::findings;
use super::job::LiveJob;
use super::jobs::Surroundings;
use crate::server::database::epoch_millis;
use crate::traffic::engine::books::{self, Books, Evidence};
use crate::traffic::engine::exchange::ServerSide;
use crate::traffic::engine::truth::{self, Truth};
use crate::traffic::model::{Job, Reason};

/// How long the server's handlers get to notice that a cancelled request is gone.
const SETTLE: Duration = Duration::from_secs(1);
/// How long a result that can't be stored is tried again.
const PERSISTENCE: Duration = Duration::from_secs(20);

/// Closes the run. Whatever goes wrong on the way becomes part of the result; it always ends.
pub(super) async fn close(job: &LiveJob, around: &Surroundings, ledger_dropped_before: u64) {
    for row in job.cancel_open() {
        around.arrivals.ended(job.id, row.outcome.seq);
        around.ledger.push(row);
    }
    settle(job, around).await;
    around.arrivals.seal(job.id);
    around.ledger.flush().await;
    around.witness.flush().await;
    let rows = around.witness.rows_of_run(job.id).await;
    if let Err(error) = &rows {
        job.fault(Reason::Storage);
        tracing::error!(run = %job.id, %error, "the recorded requests of a run could not be read");
    }
    // Without the rows the books say what is missing.
    let seqs: Vec<u32> = rows.iter().flatten().map(|row| row.seq).collect();
    let mut books = take(job, around, &seqs);
    let truth = question(job, around, rows.ok()).await;
    books.created = job.ledger().1;
    books.ledger_dropped =
        u32::try_from(around.ledger.dropped().saturating_sub(ledger_dropped_before)).unwrap_or(u32::MAX);
    match around.housekeeping.clean_up(job.id).await {
        Ok(removed) => books.removed = removed,
        Err(error) => {
            job.fault(Reason::Storage);
            books.verified = false;
            books.differences.push(
                "the users that the run created could not be removed; the next start of the server does it".to_owned(),
            );
            tracing::error!(run = %job.id, %error, "the users of a run could not be removed");
        }
    }
    let (verified, cap_kept, dashboard_right) = (books.verified, books.cap_kept, truth.right);
    job.set_books(books);
    job.set_truth(truth);
    let mut last = job.snapshot();
    last.closed = true;
    store(&last, job, around).await;
    findings::keep(job, around).await;
    job.close();
    tracing::info!(run = %job.id, status = last.status.wire_name(), sent = last.stats.sent, verified, cap_kept, dashboard_right, "run closed");
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

fn take(job: &LiveJob, around: &Surroundings, rows: &[u32]) -> Books {
    let stats = job.snapshot().stats;
    let (ledger, _created) = job.ledger();
    // After the rows were read: an arrival is noted before its row is recorded, so each row has its arrival here.
    let arrived = around.arrivals.of_run(job.id);
    books::check(&Evidence {
        stats: &stats,
        ledger: &ledger,
        arrivals: &arrived.arrivals,
        late: &arrived.late,
        rows,
        dropped: around.witness.dropped_of_run(job.id),
        cap: around.gatekeeper.cap(),
        cap_violations: arrived.cap_violations,
    })
}

/// Asks the dashboard about the run, and compares its answer with what is known from elsewhere.
async fn question(job: &LiveJob, around: &Surroundings, rows: Option<Vec<ServerSide>>) -> Truth {
    let Job { start_time, stats, .. } = job.snapshot();
    let failed = |error| tracing::error!(run = %job.id, %error, "the dashboard could not be asked about a run");
    let (from, to) = (start_time.div_euclid(1000), epoch_millis().div_euclid(1000) + 1);
    let kpi = around.witness.kpis_of_run(job.id, from, to).await.map_err(failed).ok();
    let durations = rows.map(|rows| {
        let mut durations: Vec<u32> = rows.iter().map(|row| u32::try_from(row.duration).unwrap_or(u32::MAX)).collect();
        durations.sort_unstable();
        durations
    });
    let (ledger, _created) = job.ledger();
    let arrived = around.arrivals.of_run(job.id);
    truth::check(&truth::Evidence {
        kpi,
        stats: &stats,
        ledger: &ledger,
        arrivals: &arrived.arrivals,
        late: arrived.late.len() as u32,
        dropped: around.witness.dropped_of_run(job.id),
        durations: durations.as_deref(),
    })
}
