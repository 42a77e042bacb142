//! The details of a run, computed once for all who request them at the same time.

use std::time::Duration;

use super::run_manager::RunManager;
use crate::error::AppError;
use crate::origin::RunId;
use crate::platform::problem::inside;
use crate::platform::single_flight::SingleFlightCache;
use crate::traffic::engine::sides::Sides;
use crate::traffic::model::Run;
use crate::traffic::outcomes::RunDetails;

/// How long details are reused: as long as a page waits before it fetches them again.
const FRESH: Duration = Duration::from_secs(1);
/// How long both sides of an active run are reused. Longer, because they need all rows of the run.
const FRESH_SIDES: Duration = Duration::from_secs(10);
/// The most details that are kept at the same time.
const CAPACITY: usize = 64;

/// Details of runs that were computed a moment ago. What is known of a run that is not closed is kept apart from what is
/// known of the closed run, so that nobody gets the former after the end.
#[derive(Debug)]
pub struct DetailsCache {
    details: SingleFlightCache<(RunId, bool), Result<RunDetails, AppError>>,
    sides: SingleFlightCache<RunId, Result<Sides, AppError>>,
}

impl Default for DetailsCache {
    fn default() -> Self {
        Self { details: SingleFlightCache::new(FRESH, CAPACITY), sides: SingleFlightCache::new(FRESH_SIDES, CAPACITY) }
    }
}

impl DetailsCache {
    /// A run and its course.
    ///
    /// # Errors
    /// When there is no such run, or it can't be read.
    pub async fn of_run(&self, runs: &RunManager, id: RunId) -> Result<RunDetails, AppError> {
        let live = runs.live(id);
        let closed = live.as_ref().is_none_or(|live| live.is_closed());
        let read = async {
            if let Some(live) = live {
                let (run, timeline) = live.details();
                return Ok(RunDetails { run, timeline });
            }
            let run = stored(runs, id).await?;
            let timeline = runs.findings(&run).await.map_err(inside)?.timeline;
            Ok(RunDetails { run, timeline })
        };
        self.details.get((id, closed), read).await
    }

    /// A run from both sides, by the rows that are written so far.
    ///
    /// # Errors
    /// When there is no such run, or it can't be read.
    pub async fn sides(&self, runs: &RunManager, id: RunId) -> Result<Sides, AppError> {
        if runs.live(id).is_some_and(|live| !live.is_closed()) {
            return self.sides_so_far(runs, id).await;
        }
        let run = stored(runs, id).await?;
        Ok(runs.findings(&run).await.map_err(inside)?.sides)
    }

    async fn sides_so_far(&self, runs: &RunManager, id: RunId) -> Result<Sides, AppError> {
        let read = async { runs.findings_so_far(id, 0).await.map(|findings| findings.sides).map_err(inside) };
        self.sides.get(id, read).await
    }
}

async fn stored(runs: &RunManager, id: RunId) -> Result<Run, AppError> {
    runs.run(id).await.map_err(inside)?.ok_or(AppError::NotFound)
}
