//! The runs that are in memory: the active one, and those that ended a short time ago.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::live_run::LiveRun;
use super::run_totals::RunTotals;
use crate::origin::RunId;

#[derive(Default)]
struct Contents {
    active: Option<Arc<LiveRun>>,
    ended: HashMap<RunId, Arc<LiveRun>>,
    /// The run that was closed last. It may have left memory.
    last: Option<RunId>,
    totals: RunTotals,
    /// The active run could not be stored in time before the server shuts down.
    given_up: bool,
}

/// The runs in memory. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct RunsInMemory(Arc<Mutex<Contents>>);

impl RunsInMemory {
    pub(super) fn active(&self) -> Option<Arc<LiveRun>> {
        self.0.lock().active.clone()
    }

    pub(super) fn find(&self, id: RunId) -> Option<Arc<LiveRun>> {
        let contents = self.0.lock();
        contents.active.iter().find(|run| run.id == id).or_else(|| contents.ended.get(&id)).cloned()
    }

    /// Makes a run the active one, until the returned guard is dropped.
    pub(super) fn activate(&self, run: Arc<LiveRun>) -> ActiveRunGuard {
        let id = run.id;
        self.0.lock().active = Some(run);
        ActiveRunGuard { runs: self.clone(), id }
    }

    /// Counts a closed run and keeps it among those that ended.
    pub(super) fn add_closed(&self, run: &Arc<LiveRun>) {
        let mut contents = self.0.lock();
        contents.totals.add(&run.snapshot());
        contents.last = Some(run.id);
        contents.ended.insert(run.id, Arc::clone(run));
    }

    pub(super) fn remove(&self, id: RunId) {
        self.0.lock().ended.remove(&id);
    }

    /// The run that was closed last in this process.
    pub(super) fn last(&self) -> Option<RunId> {
        self.0.lock().last
    }

    pub(super) fn totals(&self) -> RunTotals {
        self.0.lock().totals
    }

    /// Notes that the active run could not be stored before the server shuts down.
    pub(super) fn give_up(&self) {
        self.0.lock().given_up = true;
    }

    /// Could a run not be stored before the server shuts down?
    pub(super) fn has_given_up(&self) -> bool {
        self.0.lock().given_up
    }
}

/// Ends the run's time as the active one when it is dropped, also by a panic in the run's task.
pub(super) struct ActiveRunGuard {
    runs: RunsInMemory,
    id: RunId,
}

impl Drop for ActiveRunGuard {
    fn drop(&mut self) {
        // The next run may have become active since this one was closed.
        self.runs.0.lock().active.take_if(|active| active.id == self.id);
    }
}
