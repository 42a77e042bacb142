//! A run on its way to the code that shows it.

use serde::{Deserialize, Serialize};

use super::model::Job;
use crate::origin::RunId;

/// A run as JSON text. The card can receive it without the code that reads all of a run; that is
/// loaded with the panel which shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PackedJob {
    /// Its name.
    pub job_id: RunId,
    json: String,
}

impl PackedJob {
    /// Packs a run.
    pub fn pack(job: &Job) -> Self {
        // Numbers, texts and lists of them: there is nothing that could not be written.
        Self { job_id: job.job_id, json: serde_json::to_string(job).unwrap_or_default() }
    }

    /// The run. `None` when it was packed by a server of another version.
    pub fn unpack(&self) -> Option<Job> {
        serde_json::from_str(&self.json).ok()
    }
}
