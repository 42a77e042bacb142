//! The outcomes of the simulator's server functions. Expected refusals are values and not errors: the page shows them.

use serde::{Deserialize, Serialize};

use super::engine::timeline::Timeline;
use super::model::Run;
use crate::error::AppError;
use crate::origin::RunId;
use crate::validation::FieldError;

/// The outcome of a start from the page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum StartOutcome {
    /// This run was started.
    Started(Box<Run>),
    /// Nothing was started, because this run is active.
    Busy(RunId),
    /// Nothing was started, because these fields of the form are faulty.
    Refused(Vec<FieldError>),
    /// Nothing was started, because the server failed.
    Failed(AppError),
}

impl StartOutcome {
    /// The value in the address of the form that says why nothing was started. `None` if a run was started.
    pub fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Started(_) => None,
            Self::Busy(_) => Some("busy"),
            Self::Refused(_) => Some("input"),
            Self::Failed(error) => Some(error.wire_name()),
        }
    }
}

/// The outcome of a stop from the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopOutcome {
    /// Nothing of the run will leave any more. It may have ended before.
    Stopped,
    /// There is no such run.
    Gone,
    /// The run was not stopped, because the server failed.
    Failed(AppError),
}

/// The outcome of a deletion from the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeleteOutcome {
    /// The run was deleted.
    Deleted,
    /// The run was not deleted, because it is active.
    Active,
    /// The run had been deleted before.
    Gone,
    /// The run was not deleted, because the server failed.
    Failed(AppError),
}

impl DeleteOutcome {
    /// The name of this outcome in the address of the history.
    pub fn wire_name(&self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Active => "active",
            Self::Gone => "gone",
            Self::Failed(error) => error.wire_name(),
        }
    }
}

/// The outcome of an attempt to name a run from the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RenameOutcome {
    /// Name and note are stored.
    Renamed,
    /// Nothing was changed, because these fields of the form are faulty.
    Refused(Vec<FieldError>),
    /// There is no such run.
    Gone,
    /// Nothing was changed, because the server failed.
    Failed(AppError),
}

impl RenameOutcome {
    /// The name of this outcome in the address of the page that the form came from.
    pub fn wire_name(&self) -> &'static str {
        match self {
            Self::Renamed => "renamed",
            Self::Refused(_) => "refused",
            Self::Gone => "gone",
            Self::Failed(error) => error.wire_name(),
        }
    }
}

/// What the simulator's card needs to know before it is rendered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CardState {
    /// The active run, if there is one.
    pub active: Option<Box<Run>>,
    /// The run that ended last in this process. `None` before the first one, and when a new run is being set up.
    pub last: Option<Box<Run>>,
    /// The cap of this server, in requests per second.
    pub cap: u32,
    /// A new seed for the form, so that the total that it announces is the total of the run.
    pub seed: u32,
}

impl CardState {
    /// The run that the card shows: the active one, or else the last one. `None`: the card shows the form.
    pub fn shown(&self) -> Option<&Run> {
        self.active.as_deref().or(self.last.as_deref())
    }
}

/// A run and its course, of one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunDetails {
    /// The run with all its numbers.
    pub run: Run,
    /// The run second by second.
    pub timeline: Timeline,
}
