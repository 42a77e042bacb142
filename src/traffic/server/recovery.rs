//! After a crash: what an earlier process left active is closed as interrupted, with its numbers
//! counted anew from what both sides had recorded. It is never resumed.

use std::time::Duration;

use uuid::Uuid;

use super::findings;
use super::ports::{Housekeeping, Witness};
use super::store::{LeftOver, RunStore};
use crate::origin::RunId;
use crate::server::database::StoreError;
use crate::traffic::engine::mix::Mix;
use crate::traffic::engine::recovery::{Remains, recount};
use crate::traffic::model::{Job, Reason, Status};

/// Closes every run that is not closed, removes the users they created, and names them. For a
/// moment in which no job is active.
///
/// # Errors
/// When the database can't be read or written.
pub async fn close_left_overs(
    store: &dyn RunStore,
    witness: &dyn Witness,
    housekeeping: &dyn Housekeeping,
) -> Result<Vec<RunId>, StoreError> {
    let mut closed = Vec::new();
    for LeftOver { id, job } in store.left_overs().await? {
        match job {
            Some(job) => {
                let job = recounted(job, store, witness).await?;
                store.close(&job).await?;
                findings::keep_of_left_over(&job, store, witness).await;
            }
            // What can't be read any more is closed all the same: it must not keep every later run from starting.
            None => store.close_unreadable(id).await?,
        }
        housekeeping.clean_up(id).await?;
        closed.push(id);
    }
    Ok(closed)
}

async fn recounted(job: Job, store: &dyn RunStore, witness: &dyn Witness) -> Result<Job, StoreError> {
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
    // Which users are addressed does not matter here.
    let mix = Mix::new(settings.scenario, settings.endpoints.list().to_vec(), settings.seed, vec![Uuid::nil()]);
    let stats = recount(&remains, &clients, &servers, |k| mix.call(k));
    let end_time = job.end_time.unwrap_or(job.start_time + i64::from(stats.elapsed));
    Ok(Job {
        status: Status::Error,
        reason: Some(Reason::Interrupted),
        closed: true,
        end_time: Some(end_time),
        stats,
        ..job
    })
}
