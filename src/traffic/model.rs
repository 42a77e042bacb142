//! What the traffic feature says on the wire, shared by server and browser.

mod run;
mod settings;

pub use run::{LONGEST_NAME, LONGEST_NOTE, Reason, Run, RunSummary, Status};
use serde::{Deserialize, Serialize};
pub use settings::{DEFAULT_DURATION, DURATIONS, Endpoints, MAX_DURATION, MIN_DURATION, RATES, Settings};

use super::engine::exchange::Exchange;
use crate::origin::RunId;

/// The answer to a start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// The id of the new run.
    pub job_id: RunId,
    /// Always `starting`.
    pub status: Status,
}

/// One page of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunsPage {
    /// The runs in the requested order; newest first if no order was requested.
    pub runs: Vec<RunSummary>,
    /// Stored runs of this page that can't be read, because they are damaged or of a newer version. They can be
    /// deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<RunId>,
    /// The `cursor` of the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Everything about a run, as the JSON export holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunExport {
    /// The run with its numbers.
    pub run: Run,
    /// Each request with both of its sides, in the order of the plan.
    pub requests: Vec<Exchange>,
}
