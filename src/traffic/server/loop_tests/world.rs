//! A world in memory for a run: the users API, the arrivals layer, the metrics and the stores.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::traffic::engine::dashboard_check::DashboardFigures;
use crate::traffic::engine::findings::Findings;
use crate::traffic::model::{Run, Status};

/// How the fake target behaves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// How long an answer takes.
    pub(super) takes: Duration,
    /// Every connection is refused.
    pub(super) refuses: bool,
    /// The generator panics at this request.
    pub(super) panics_at: Option<u32>,
    /// This request is sent twice, as a hidden retry would.
    pub(super) repeats: Option<u32>,
    /// The record of this one is lost.
    pub(super) loses: Option<u32>,
    /// With this request, twenty-one strangers arrive that know the run's secret.
    pub(super) floods_at: Option<u32>,
    /// A fault that is planted into what the dashboard says.
    pub(super) misleads: Option<fn(&mut DashboardFigures)>,
    /// The dashboard does not answer.
    pub(super) says_nothing: bool,
    /// The records of a run can't be read.
    pub(super) hides_rows: bool,
    /// The users that a run created can't be removed.
    pub(super) keeps_users: bool,
    /// The closing panics.
    pub(super) panics_while_closing: bool,
    /// How long it takes until a start is told that its run is stored.
    pub(super) insert_takes: Duration,
    /// The result of a run can never be stored.
    pub(super) never_stores: bool,
}

/// The users API, the arrivals layer and the metrics, all in memory.
#[derive(Default)]
pub(super) struct World {
    pub(super) manner: Manner,
    pub(super) sent: Mutex<Vec<Duration>>,
    pub(super) rows: Mutex<Vec<u32>>,
    pub(super) stored: Mutex<Vec<Run>>,
    /// What both sides said about the runs.
    pub(super) findings: Mutex<HashMap<RunId, Findings>>,
    /// The states that were stored, one after the other.
    pub(super) states: Mutex<Vec<Status>>,
    /// Users that were created and not removed.
    pub(super) created: AtomicU32,
    /// Nothing can be written.
    pub(super) disk_full: AtomicBool,
    /// No run can be written.
    pub(super) locked: AtomicBool,
    /// Stands still until told otherwise.
    pub(super) stalled: AtomicBool,
}

impl World {
    pub(super) fn available(&self) -> Result<(), StoreError> {
        if self.locked.load(Ordering::Relaxed) { Err(StoreError::PoolTimedOut) } else { Ok(()) }
    }

    /// Replaces the stored run, if it is not closed, and notes its new state.
    pub(super) fn replace(&self, run: &Run) -> bool {
        let mut stored = self.stored.lock();
        let Some(known) = stored.iter_mut().find(|known| known.job_id == run.job_id) else { return false };
        if known.closed {
            return false;
        }
        *known = run.clone();
        self.states.lock().push(run.status);
        true
    }
}
