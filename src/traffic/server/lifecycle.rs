//! The life of a run in memory: the generator sends, the run is closed, and five minutes later it leaves memory.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::closing;
use super::live_run::LiveRun;
use super::refusals::STORING_AT_SHUTDOWN;
use super::run_context::RunContext;
use super::runner::Runner;
use super::runs_in_memory::{ActiveRunGuard, RunsInMemory};
use super::store::RunStore;
use crate::traffic::model::{Reason, Status};

/// How often the viewers of a run see a new snapshot.
const TICK: Duration = Duration::from_millis(500);
/// How long a run stays in memory after it was closed.
const KEPT: Duration = Duration::from_secs(300);

/// Drives the active run to its end, closes it, and keeps it in memory for a while. `cap_broken` is cancelled if the
/// requests of the run ever break the cap.
pub(super) async fn drive_and_close(
    run: Arc<LiveRun>,
    cap_broken: CancellationToken,
    context: Arc<RunContext>,
    runs: RunsInMemory,
    active: ActiveRunGuard,
) {
    // Dropping the set aborts its tasks.
    let mut helpers = JoinSet::new();
    helpers.spawn(publish_frames(Arc::clone(&run)));
    helpers.spawn(store_states(Arc::clone(&run), Arc::clone(&context.store)));
    helpers.spawn(end_on_trouble(Arc::clone(&run), context.ledger.trouble()));
    drive(&run, &context, cap_broken).await;
    let out_of_time = async {
        context.shutdown.cancelled().await;
        tokio::time::sleep(STORING_AT_SHUTDOWN).await;
    };
    tokio::select! {
        biased;
        () = close(&run, &context) => {}
        () = out_of_time => {
            tracing::error!(run = %run.id, "the run can't be stored before the server shuts down");
            runs.give_up();
            return;
        }
    }
    drop(helpers);
    runs.add_closed(&run);
    drop(active);
    tokio::select! {
        () = tokio::time::sleep(KEPT) => {}
        () = context.shutdown.cancelled() => {}
    }
    runs.remove(run.id);
    context.arrivals.forget(run.id);
    context.losses.forget(run.id);
}

/// Runs the generator in a task of its own, so that a panic in it is seen here and the run is closed as any other.
async fn drive(run: &Arc<LiveRun>, context: &Arc<RunContext>, cap_broken: CancellationToken) {
    let run_driven = Arc::clone(run);
    let context = Arc::clone(context);
    let driving = async move { Runner::new(run_driven, context, cap_broken).drive().await };
    if let Err(error) = tokio::spawn(driving.in_current_span()).await {
        tracing::error!(%error, "the generator panicked");
        run.end_run(Status::Error, Some(Reason::Panic));
    }
}

/// Closes the run in a task of its own, too. After a panic the run is stored as it stands.
async fn close(run: &Arc<LiveRun>, context: &Arc<RunContext>) {
    let closing = closing::close(Arc::clone(run), Arc::clone(context));
    let Err(error) = AbortOnDropHandle::new(tokio::spawn(closing.in_current_span())).await else { return };
    tracing::error!(%error, "the closing of a run panicked");
    context.arrivals.seal(run.id);
    run.cancel_in_flight().into_iter().for_each(|row| context.ledger.push(row));
    run.closing_failed(Reason::Panic);
    let storing = closing::store_and_finish(Arc::clone(run), Arc::clone(context));
    if let Err(error) = AbortOnDropHandle::new(tokio::spawn(storing.in_current_span())).await {
        // The stored run stays open, and the next start closes it.
        tracing::error!(%error, "a run could not be stored because of a panic");
        run.mark_closed();
    }
}

/// Stores each change of the run's status at once, so that a crash while the run is being closed keeps its final status.
/// A status that can't be stored is retried with the next frame. The closing stores the last one.
async fn store_states(run: Arc<LiveRun>, store: Arc<dyn RunStore>) {
    let mut frames = run.frames();
    let mut stored = Status::Starting;
    while !stored.is_final() {
        let now = run.snapshot();
        if now.status != stored && !now.closed {
            match store.update(&now, None).await {
                Ok(true) => stored = now.status,
                Ok(false) => {
                    if !run.is_closed() {
                        tracing::error!(run = %run.id, state = now.status.wire_name(), "the state of a run could not be stored: the run is gone from the database");
                    }
                    return;
                }
                Err(error) => {
                    tracing::warn!(run = %run.id, %error, "the state of a run could not be stored; trying again")
                }
            }
        }
        if frames.changed().await.is_err() {
            return;
        }
    }
}

/// Ends the run when the database can't be written, because its accounts could not be kept.
async fn end_on_trouble(run: Arc<LiveRun>, mut trouble: watch::Receiver<bool>) {
    if trouble.wait_for(|trouble| *trouble).await.is_ok() && run.end_run(Status::Error, Some(Reason::Storage)) {
        tracing::error!(run = %run.id, "the database can't be written; the run ends");
    }
}

/// Shows the viewers a new snapshot twice a second.
async fn publish_frames(run: Arc<LiveRun>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        if run.is_closed() {
            return;
        }
        run.publish();
    }
}
