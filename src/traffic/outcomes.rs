//! What server functions of the simulator answer. Expected refusals are values: the page shows them.

use serde::{Deserialize, Serialize};

use super::model::Run;
use crate::error::AppError;
use crate::origin::RunId;
use crate::validation::FieldError;

/// What came of a start that was asked for on the page. Refusals are values: the form shows them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum StartOutcome {
    /// It runs.
    Started(Box<Run>),
    /// This run is active; no second one was started.
    Busy(RunId),
    /// The form was not filled in as it should be.
    Refused(Vec<FieldError>),
    /// The server could not do it; nothing was started.
    Failed(AppError),
}

impl StartOutcome {
    /// Why nothing was started, as the address of the form carries it. Absent when a run was started.
    pub fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Started(_) => None,
            Self::Busy(_) => Some("busy"),
            Self::Refused(_) => Some("input"),
            Self::Failed(error) => Some(error.wire_name()),
        }
    }
}

/// What came of a stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopOutcome {
    /// Nothing of the run leaves any more; it may have ended before.
    Stopped,
    /// There is no such run.
    Gone,
    /// The server could not do it.
    Failed(AppError),
}

/// What came of a deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeleteOutcome {
    /// It is gone.
    Deleted,
    /// It is active, and stays.
    Active,
    /// It was gone already.
    Gone,
    /// The server could not do it; the run is still there.
    Failed(AppError),
}

impl DeleteOutcome {
    /// As the address of the history carries it to the next page.
    pub fn wire_name(&self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Active => "active",
            Self::Gone => "gone",
            Self::Failed(error) => error.wire_name(),
        }
    }
}

/// What the card needs to know before it is drawn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CardState {
    /// The run that is active.
    pub active: Option<Box<Run>>,
    /// The cap of this server, in requests per second.
    pub cap: u32,
    /// A seed for the form: the announced total is that of the run.
    pub seed: u32,
}
