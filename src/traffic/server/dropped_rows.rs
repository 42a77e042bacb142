//! Which rows of which run were dropped, instead of written: told by the writers of both sides, asked by the audit.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::origin::RunId;
use crate::traffic::engine::evidence::Dropped;

type ByRun = HashMap<RunId, BTreeSet<u32>>;

/// What one writer dropped. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct DroppedRows(Arc<Mutex<ByRun>>);

impl DroppedRows {
    /// The content is consistent after each step, so a panic elsewhere does no harm.
    fn by_run(&self) -> MutexGuard<'_, ByRun> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The row of this request was dropped.
    pub fn note(&self, run: RunId, seq: u32) {
        self.by_run().entry(run).or_default().insert(seq);
    }

    fn of_run(&self, run: RunId) -> BTreeSet<u32> {
        self.by_run().get(&run).cloned().unwrap_or_default()
    }

    fn forget(&self, run: RunId) {
        self.by_run().remove(&run);
    }
}

/// What was dropped on both sides.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    /// By the record of requests.
    pub recorded: DroppedRows,
    /// By the stored ledger.
    pub ledger: DroppedRows,
}

impl Losses {
    /// Of one run, up to now.
    pub fn of_run(&self, run: RunId) -> Dropped {
        Dropped { recorded: self.recorded.of_run(run), ledger: self.ledger.of_run(run) }
    }

    /// Nobody asks for this run any more.
    pub fn forget(&self, run: RunId) {
        self.recorded.forget(run);
        self.ledger.forget(run);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_run_has_its_own_losses_and_they_go_with_it() {
        let losses = Losses::default();
        let [a, b] = [1, 2].map(|n| RunId(Uuid::from_u128(n)));
        losses.recorded.note(a, 3);
        losses.recorded.note(a, 3);
        losses.ledger.note(b, 4);
        assert!(losses.of_run(a).recorded.contains(&3) && losses.of_run(a).ledger.is_empty());
        assert!(losses.of_run(b).contains(4) && !losses.of_run(b).contains(3));
        losses.forget(a);
        assert!(losses.of_run(a).is_empty() && !losses.of_run(b).is_empty());
    }
}
