//! What client and server said about a run: read from memory while it is there, else as it was stored at the closing of
//! the run, else from what is still recorded. What costs something is worked out once for all who look.

use std::time::Duration;

use super::live_run::LiveRun;
use super::ports::RecordedRequests;
use super::run_manager::{RunContext, RunManager};
use super::store::RunStore;
use crate::error::AppError;
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::problem::inside;
use crate::platform::single_flight::SingleFlightCache;
use crate::traffic::engine::findings::Findings;
use crate::traffic::engine::sides::Sides;
use crate::traffic::engine::timeline::Timeline;
use crate::traffic::model::Run;
use crate::traffic::view::run_details::{DETAILS, RunDetails, run_details};
use crate::traffic::view::run_tables::SINGLE_FAILURES;
use crate::ui::chart::Rows;

/// How long drawn details are good for: as long as the page waits until it asks for them again.
const FRESH: Duration = Duration::from_secs(2);
/// The same for both sides of a run that goes on: all of its rows have to be read for them.
const FRESH_SIDES: Duration = Duration::from_secs(10);
/// Drawn details that are kept at the same time.
const PLACES: usize = 64;

/// The run, whether it is closed, the charts with rows, and whether both sides are wanted.
type Wanted = (RunId, bool, Rows, bool);

/// Details of runs that were drawn a moment ago.
#[derive(Debug)]
pub struct Details {
    drawn: SingleFlightCache<Wanted, Result<RunDetails, AppError>>,
    sides: SingleFlightCache<RunId, Result<Sides, AppError>>,
}

impl Default for Details {
    fn default() -> Self {
        Self { drawn: SingleFlightCache::new(FRESH, PLACES), sides: SingleFlightCache::new(FRESH_SIDES, PLACES) }
    }
}

impl Details {
    /// What the page of a run shows below its panel. A part that can't be had is there in words.
    ///
    /// # Errors
    /// When there is no such run, or it can't be read.
    pub async fn of(&self, jobs: &RunManager, id: RunId, rows: Rows, sides: bool) -> Result<RunDetails, AppError> {
        let rows = match rows {
            // The page has other charts, too, which are drawn in the browser.
            Rows::Of(ids) => {
                Rows::Of(DETAILS.into_iter().filter(|id| ids.iter().any(|one| one == id)).map(str::to_owned).collect())
            }
            all => all,
        };
        let closed = jobs.live(id).is_none_or(|job| job.is_closed());
        let draw = self.draw(jobs, id, rows.clone(), sides);
        self.drawn.get((id, closed, rows, sides), draw).await
    }

    async fn draw(&self, jobs: &RunManager, id: RunId, rows: Rows, sides: bool) -> Result<RunDetails, AppError> {
        let mut job = jobs.job(id).await.map_err(inside)?.ok_or(AppError::NotFound)?;
        let live = jobs.live(id);
        if let Some(live) = live.as_ref().filter(|_| rows.has(SINGLE_FAILURES)) {
            job.stats.recent_failures = live.failures();
        }
        let going_on = live.filter(|live| !live.is_closed());
        let (timeline, sides) = match going_on {
            Some(live) => {
                let sides = if sides { Some(self.sides_so_far(jobs, id).await) } else { None };
                (Ok(live.timeline()), sides)
            }
            None => {
                let findings = of_run(jobs, &job).await.map_err(inside);
                let both = sides.then(|| findings.clone().map(|findings| findings.sides));
                (findings.map(|findings| findings.timeline), both)
            }
        };
        let (timeline, sides) = (timeline.map_err(words), sides.map(|sides| sides.map_err(words)));
        let timeline = timeline.as_ref().map_err(String::as_str);
        let sides = sides.as_ref().map(|sides| sides.as_ref().map_err(String::as_str));
        Ok(run_details(&job, timeline, sides, &rows))
    }

    async fn sides_so_far(&self, jobs: &RunManager, id: RunId) -> Result<Sides, AppError> {
        let read = async { jobs.findings_so_far(id, 0).await.map(|findings| findings.sides).map_err(inside) };
        self.sides.get(id, read).await
    }
}

fn words(error: AppError) -> String {
    error.to_string()
}

/// What both sides said about a run that is over.
///
/// # Errors
/// When the database can't be read.
pub async fn of_run(jobs: &RunManager, job: &Run) -> Result<Findings, StoreError> {
    match jobs.stored_findings(job.job_id).await? {
        Some(findings) => Ok(findings),
        // Of an older version, or they could not be stored.
        None => jobs.findings_so_far(job.job_id, job.stats.whole_seconds()).await,
    }
}

/// A run second by second.
///
/// # Errors
/// When the database can't be read.
pub async fn timeline(jobs: &RunManager, job: &Run) -> Result<Timeline, StoreError> {
    match jobs.live(job.job_id) {
        Some(live) => Ok(live.timeline()),
        None => Ok(of_run(jobs, job).await?.timeline),
    }
}

/// What both sides said about a run that has ended, to be stored with it. Without it, it is worked out from the rows, as
/// long as they are kept.
pub(super) async fn of_ended(job: &LiveRun, around: &RunContext) -> Option<Findings> {
    let read = read(around.store.as_ref(), around.witness.as_ref(), job.id, 0).await;
    known(job.id, read).map(|Findings { sides, .. }| Findings { timeline: job.timeline(), sides })
}

/// The same for a run that an earlier process left.
pub(super) async fn of_left_over(job: &Run, store: &dyn RunStore, witness: &dyn RecordedRequests) -> Option<Findings> {
    known(job.job_id, read(store, witness, job.job_id, job.stats.whole_seconds()).await)
}

fn known(run: RunId, findings: Result<Findings, StoreError>) -> Option<Findings> {
    let unread = |error: &StoreError| tracing::warn!(%run, %error, "what both sides said about a run can't be read, and is not stored with it");
    findings.inspect_err(unread).ok()
}

/// What both sides said about a run, from the rows that are written by now.
pub(super) async fn read(
    store: &dyn RunStore,
    witness: &dyn RecordedRequests,
    id: RunId,
    over: u32,
) -> Result<Findings, StoreError> {
    let clients = store.client_sides(id).await?;
    let servers = witness.rows_of_run(id).await?;
    Ok(Findings::of_rows(&clients, &servers, over))
}
