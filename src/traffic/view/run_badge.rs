//! The state of a run in a word.

use crate::traffic::model::Status;

/// Machine word and human word of a state.
pub fn words(status: Status, closed: bool, unstored: bool) -> (&'static str, &'static str) {
    match status {
        Status::Starting => ("running", "starting"),
        Status::Running => ("running", "running"),
        _ if unstored => ("closing", "finished, not stored yet"),
        _ if !closed => ("closing", "closing"),
        Status::Completed => ("completed", "completed"),
        Status::Cancelled => ("cancelled", "cancelled"),
        Status::Error => ("error", "error"),
    }
}
