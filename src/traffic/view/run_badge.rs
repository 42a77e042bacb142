//! The state of a run as a label.

use crate::traffic::model::Status;

/// The label of a status on the page.
pub fn status_label(status: Status) -> &'static str {
    match status {
        Status::Starting => "starting",
        Status::Running => "running",
        Status::Completed => "completed",
        Status::Cancelled => "stopped",
        Status::Error => "error",
    }
}

/// The badge of a run: its name in the style sheet, and its label.
pub fn badge(status: Status, closed: bool, unstored: bool) -> (&'static str, &'static str) {
    match status {
        Status::Starting | Status::Running => ("running", status_label(status)),
        _ if unstored => ("closing", "finished, not stored yet"),
        _ if !closed => ("closing", "closing"),
        Status::Completed | Status::Cancelled | Status::Error => (status.wire_name(), status_label(status)),
    }
}
