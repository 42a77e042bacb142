//! Which rows of which run were dropped instead of written. The writers of both sides note them; the audit reads them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::origin::RunId;
use crate::traffic::engine::evidence::Dropped;

type ByRun = HashMap<RunId, BTreeSet<u32>>;

/// The rows that one writer dropped. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct DroppedRows(Arc<Mutex<ByRun>>);

impl DroppedRows {
    /// Notes that the row of this request was dropped.
    pub fn note(&self, id: RunId, seq: u32) {
        self.0.lock().entry(id).or_default().insert(seq);
    }

    fn of_run(&self, id: RunId) -> BTreeSet<u32> {
        self.0.lock().get(&id).cloned().unwrap_or_default()
    }

    fn forget(&self, id: RunId) {
        self.0.lock().remove(&id);
    }
}

/// The rows that were dropped on both sides.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    /// Rows of the recorded requests.
    pub recorded: DroppedRows,
    /// Rows of the stored ledger.
    pub ledger: DroppedRows,
}

impl Losses {
    /// The rows of one run that were dropped so far.
    pub fn of_run(&self, id: RunId) -> Dropped {
        Dropped { recorded: self.recorded.of_run(id), ledger: self.ledger.of_run(id) }
    }

    /// Removes what is noted about a run that has left memory.
    pub fn forget(&self, id: RunId) {
        self.recorded.forget(id);
        self.ledger.forget(id);
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
