//! Removes the runs that have expired, in the way a person deletes one: with their ledgers, and never before they are
//! closed. Those with a name or a note stay.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::refusals::DeleteRefusal;
use super::run_manager::RunManager;
use super::store::{Removal, RunStore};
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::retention::{Ages, Prune};

/// The pause between two deletions, so that others who wait for the database get their turn.
const PAUSE: Duration = Duration::from_millis(10);

/// How long and how many runs without a name and a note are kept. The limit that is reached first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Args)]
pub struct KeptRuns {
    /// For how many days a run without a name and a note is kept
    #[arg(long, env = "KEEP_RUNS_DAYS", value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub keep_runs_days: u32,
    /// How many runs without a name and a note are kept
    #[arg(long, env = "KEEP_RUNS", value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub keep_runs: u32,
}

impl Default for KeptRuns {
    fn default() -> Self {
        Self { keep_runs_days: 90, keep_runs: 1000 }
    }
}

/// The stored runs without a name and a note, of which the oldest expire.
pub struct StoredRuns {
    /// Deletes runs.
    pub runs: Arc<RunManager>,
    /// Lists the stored runs.
    pub store: Arc<dyn RunStore>,
    /// How many of them are kept, and how long.
    pub kept: KeptRuns,
}

impl StoredRuns {
    /// When the newest of them started, in epoch microseconds, if there is any.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn newest(&self) -> Result<Option<i64>, StoreError> {
        Ok(self.store.removable().await?.into_iter().filter_map(started).max())
    }
}

/// When a run started, in epoch microseconds, by its id. `None`: an id of another version says nothing about the age.
fn started(RunId(id): RunId) -> Option<i64> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))
}

/// The runs that are too old, and the ones that were stored first when there are too many.
fn expired(ids: Vec<RunId>, ages: &Ages, kept: &KeptRuns) -> Vec<RunId> {
    let order = ages.in_order();
    let old = ages.older_than(kept.keep_runs_days);
    let mut by_age = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(started) = started(id) else { continue };
        let Some(period) = order.iter().position(|times| times.contains(&started)) else { continue };
        by_age.push((period, id, started));
    }
    // Ids sort by their start, also within a millisecond.
    by_age.sort_unstable_by_key(|(period, id, _)| (*period, id.0));
    let too_many = by_age.len().saturating_sub(kept.keep_runs as usize);
    let is_old = |started: i64| old.iter().any(|times| times.contains(&started));
    let mut expired = Vec::new();
    for (place, (_, id, started)) in by_age.into_iter().enumerate() {
        if place < too_many || is_old(started) {
            expired.push(id);
        }
    }
    expired
}

#[async_trait]
impl Prune for StoredRuns {
    async fn prune(&self, ages: &Ages) -> Result<(), StoreError> {
        let expired = expired(self.store.removable().await?, ages, &self.kept);
        if !expired.is_empty() {
            tracing::info!(runs = expired.len(), "expired runs are removed");
        }
        for id in expired {
            match self.runs.delete(id, Removal::Expired).await {
                // Somebody else has deleted or named it, or its result is not stored yet.
                Ok(()) | Err(DeleteRefusal::NotFound | DeleteRefusal::Active) => {}
                Err(DeleteRefusal::Storage(error)) => return Err(error),
            }
            tokio::time::sleep(PAUSE).await;
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
        let now = NOW as i64 * 1_000_000;
        let hour = Duration::from_secs(3600);
        let mut shown = ShownTimes::default();
        shown.note(now, Duration::ZERO);
        shown.note(1_000_000, Duration::from_secs(1));
        let ages = Ages::new(now, hour, Some(now), shown).expect("after ten minutes");
        let by_age = [200, 91, 89, 2, 1].map(|days| run(NOW - days * DAY));
        // Two runs of this process: one of today, and one of 1970, before the clock was set.
        let today = run(NOW);
        let in_1970 = run(1);
        let nameless = RunId(Uuid::from_u128(7));
        let all = || [by_age.as_slice(), &[today, in_1970, nameless]].concat();
        let gone = |keep_runs| expired(all(), &ages, &KeptRuns { keep_runs, ..KeptRuns::default() });
        assert_eq!(gone(1000), by_age[..2]);
        assert_eq!(gone(7), by_age[..2]);
        assert_eq!(gone(3), by_age[..4]);
        assert_eq!(gone(1), [by_age.as_slice(), &[today]].concat(), "the one of 1970 came last");
    }
}
