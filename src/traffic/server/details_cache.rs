//! What a run's page shows below its panel, rendered once for all who request it at the same time.

use std::time::Duration;

use super::run_manager::RunManager;
use crate::error::AppError;
use crate::origin::RunId;
use crate::platform::problem::inside;
use crate::platform::single_flight::SingleFlightCache;
use crate::traffic::engine::sides::Sides;
use crate::traffic::view::run_details::{DETAILS, RunDetails, run_details};
use crate::traffic::view::run_tables::SINGLE_FAILURES;
use crate::ui::chart::Rows;

/// How long rendered details are reused: as long as the page waits before it fetches them again.
const FRESH: Duration = Duration::from_secs(2);
/// How long both sides of an active run are reused. Longer, because they need all rows of the run.
const FRESH_SIDES: Duration = Duration::from_secs(10);
/// The most details that are kept at the same time.
const CAPACITY: usize = 64;

/// The run, whether it is closed, the charts with rows, and whether both sides are wanted.
type Wanted = (RunId, bool, Rows, bool);

/// Details of runs that were rendered a moment ago.
#[derive(Debug)]
pub struct DetailsCache {
    rendered: SingleFlightCache<Wanted, Result<RunDetails, AppError>>,
    sides: SingleFlightCache<RunId, Result<Sides, AppError>>,
}

impl Default for DetailsCache {
    fn default() -> Self {
        Self { rendered: SingleFlightCache::new(FRESH, CAPACITY), sides: SingleFlightCache::new(FRESH_SIDES, CAPACITY) }
    }
}

impl DetailsCache {
    /// What the page of a run shows below its panel. A part that can't be read is replaced by an error message.
    ///
    /// # Errors
    /// When there is no such run, or it can't be read.
    pub async fn of(&self, runs: &RunManager, id: RunId, rows: Rows, sides: bool) -> Result<RunDetails, AppError> {
        let rows = match rows {
            // The page has other charts, too, which the browser renders.
            Rows::Of(ids) => {
                Rows::Of(DETAILS.into_iter().filter(|id| ids.iter().any(|one| one == id)).map(str::to_owned).collect())
            }
            all => all,
        };
        let closed = runs.live(id).is_none_or(|run| run.is_closed());
        let render = self.render(runs, id, rows.clone(), sides);
        self.rendered.get((id, closed, rows, sides), render).await
    }

    async fn render(&self, runs: &RunManager, id: RunId, rows: Rows, sides: bool) -> Result<RunDetails, AppError> {
        let mut run = runs.run(id).await.map_err(inside)?.ok_or(AppError::NotFound)?;
        let live = runs.live(id);
        if let Some(live) = live.as_ref().filter(|_| rows.has(SINGLE_FAILURES)) {
            run.stats.recent_failures = live.failures();
        }
        let (timeline, sides) = match live.filter(|live| !live.is_closed()) {
            Some(live) => {
                let sides = if sides { Some(self.sides_so_far(runs, id).await) } else { None };
                (Ok(live.timeline()), sides)
            }
            None => {
                let findings = runs.findings(&run).await.map_err(inside);
                let both = sides.then(|| findings.clone().map(|findings| findings.sides));
                (findings.map(|findings| findings.timeline), both)
            }
        };
        let timeline = timeline.map_err(message);
        let timeline = timeline.as_ref().map_err(String::as_str);
        let sides = sides.map(|sides| sides.map_err(message));
        let sides = sides.as_ref().map(|sides| sides.as_ref().map_err(String::as_str));
        Ok(run_details(&run, timeline, sides, &rows))
    }

    async fn sides_so_far(&self, runs: &RunManager, id: RunId) -> Result<Sides, AppError> {
        let read = async { runs.findings_so_far(id, 0).await.map(|findings| findings.sides).map_err(inside) };
        self.sides.get(id, read).await
    }
}

fn message(error: AppError) -> String {
    error.to_string()
}
