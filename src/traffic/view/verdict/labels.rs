//! The outcomes of the checks in a word or two.

use crate::traffic::engine::audit_outcome::AuditOutcome;
use crate::traffic::engine::dashboard_outcome::DashboardOutcome;

/// The label of an outcome of the audit.
pub fn audit_label(outcome: AuditOutcome) -> &'static str {
    match outcome {
        AuditOutcome::Verified => "verified",
        AuditOutcome::Incomplete => "incomplete",
        AuditOutcome::Wrong => "wrong",
    }
}

/// The label of an outcome of the dashboard check.
pub fn dashboard_label(outcome: DashboardOutcome) -> &'static str {
    match outcome {
        DashboardOutcome::Right => "right",
        DashboardOutcome::Wrong => "wrong",
        DashboardOutcome::NotChecked => "not checked",
    }
}

/// The label for whether the cap was kept.
pub fn cap_label(kept: Option<bool>) -> &'static str {
    match kept {
        Some(true) => "kept",
        Some(false) => "broken",
        None => "not checked",
    }
}
