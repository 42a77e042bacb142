//! Which runs are no longer kept. A run goes as one that a person deletes: with its ledger, and never before it is closed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::run_manager::{DeleteRefusal, RunManager};
use super::store::RunStore;
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::retention::{Ages, Kept, Prune};

/// The rest between two runs, in which those who wait for the database have their turn.
const BREATHER: Duration = Duration::from_millis(10);

/// The stored runs, as something of which the oldest go.
pub struct StoredRuns {
    /// Removes them.
    pub jobs: Arc<RunManager>,
    /// Knows them.
    pub store: Arc<dyn RunStore>,
}

impl StoredRuns {
    /// When the newest run started, in epoch microseconds, if there is any.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn newest(&self) -> Result<Option<i64>, StoreError> {
        Ok(self.store.removable().await?.into_iter().filter_map(started).max())
    }
}

/// When a run started, in epoch microseconds, by its id. An id of another kind says nothing about its age.
fn started(RunId(id): RunId) -> Option<i64> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))
}

/// Those of these runs that are too old, or too many: the ones that were stored first.
fn outdated(runs: Vec<RunId>, ages: &Ages, kept: &Kept) -> Vec<RunId> {
    let (order, old) = (ages.in_order(), ages.older_than(kept.keep_runs_days));
    let mut runs: Vec<(usize, i64, RunId)> = runs
        .into_iter()
        .filter_map(|run| {
            let started = started(run)?;
            Some((order.iter().position(|times| times.contains(&started))?, started, run))
        })
        .collect();
    // Ids sort by their start, also within a millisecond.
    runs.sort_unstable_by_key(|(place, _, run)| (*place, run.0));
    let too_many = runs.len().saturating_sub(kept.keep_runs as usize);
    let goes = |place: usize, started: i64| place < too_many || old.iter().any(|times| times.contains(&started));
    let numbered = runs.into_iter().enumerate();
    numbered.filter(|(place, (_, started, _))| goes(*place, *started)).map(|(_, (_, _, run))| run).collect()
}

#[async_trait]
impl Prune for StoredRuns {
    async fn prune(&self, ages: &Ages, kept: &Kept) -> Result<(), StoreError> {
        let outdated = outdated(self.store.removable().await?, ages, kept);
        if !outdated.is_empty() {
            tracing::info!(runs = outdated.len(), "runs that are no longer kept are removed");
        }
        for run in outdated {
            match self.jobs.delete(run).await {
                // A person was faster, or it is not stored in its final form yet.
                Ok(()) | Err(DeleteRefusal::NotFound | DeleteRefusal::Active) => {}
                Err(DeleteRefusal::Storage(error)) => return Err(error),
            }
            tokio::time::sleep(BREATHER).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use uuid::{NoContext, Timestamp, Uuid};

    use super::*;
    use crate::platform::wall_clock::ShownTimes;

    const DAY: u64 = 86_400;
    const NOW: u64 = 1_795_942_800;

    fn run(second: u64) -> RunId {
        RunId(Uuid::new_v7(Timestamp::from_unix(NoContext, second, 0)))
    }

    #[test]
    fn old_runs_go_and_those_that_are_too_many() {
        let (now, hour) = (NOW as i64 * 1_000_000, Duration::from_secs(3600));
        let mut shown = ShownTimes::default();
        shown.note(now, Duration::ZERO);
        shown.note(1_000_000, Duration::from_secs(1));
        let ages = Ages::new(now, hour, Some(now), shown).expect("after ten minutes");
        let by_age = [200, 91, 89, 2, 1].map(|days| run(NOW - days * DAY));
        // Of this process: one of today, and one of 1970, before the clock was set.
        let (today, in_1970) = (run(NOW), run(1));
        let nameless = RunId(Uuid::from_u128(7));
        let all = || [by_age.as_slice(), &[today, in_1970, nameless]].concat();
        let gone = |keep_runs| outdated(all(), &ages, &Kept { keep_runs, ..Kept::default() });
        assert_eq!(gone(1000), by_age[..2]);
        assert_eq!(gone(7), by_age[..2]);
        assert_eq!(gone(3), by_age[..4]);
        assert_eq!(gone(1), [by_age.as_slice(), &[today]].concat(), "the one of 1970 came last");
    }
}
