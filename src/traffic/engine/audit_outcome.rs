//! What the [audit](super::audit) of a run found, as it is stored with the run and shown.

use serde::{Deserialize, Serialize};

/// Whether every request of a run is accounted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum AuditOutcome {
    /// What is known contradicts itself.
    Wrong,
    /// Nothing contradicts itself, but not everything is known.
    Incomplete,
    /// Every request is accounted for.
    Verified,
}

/// The result of the audit, stored with the run and shown in words. A number that nobody knows is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", from = "StoredAudit")]
pub struct Audit {
    /// What was found.
    pub outcome: AuditOutcome,
    /// Did no second see more arrivals than the cap? Absent when the arrivals are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap_kept: Option<bool>,
    /// Requests that left, by the client's ledger.
    pub sent: u32,
    /// Of those that left: ended by a time-out or a broken connection, without an answer.
    pub unanswered: u32,
    /// Of those that left: ended, and were never seen to arrive. Absent when the arrivals are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never_arrived: Option<u32>,
    /// Requests that arrived, by the server's arrivals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrived: Option<u32>,
    /// Requests that the metrics recorded, by the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<u32>,
    /// Rows of the metrics that were dropped and counted.
    pub dropped: u32,
    /// Rows of the stored ledger that were dropped and counted.
    pub ledger_dropped: u32,
    /// The most arrivals in any second, as the receiver saw them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_in_any_second: Option<u32>,
    /// What `mostInAnySecond` must not exceed.
    pub cap: u32,
    /// Arrivals that the guard refused.
    pub cap_violations: u32,
    /// Users that the run created, by the answers to its client.
    pub created: u32,
    /// Users that were removed afterwards.
    pub removed: u32,
    /// Users that stay, because a real client wrote to them.
    pub kept: u32,
    /// Each contradiction, in words. Empty unless the outcome is `wrong`.
    pub differences: Vec<String>,
    /// Everything that is not known, in words. Empty when the outcome is `verified`.
    pub gaps: Vec<String>,
}

/// An audit as this version or an earlier one stored it. Earlier versions stored only whether it was `verified`, and
/// called it that also when rows had been dropped.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StoredAudit {
    outcome: Option<AuditOutcome>,
    verified: bool,
    cap_kept: Option<bool>,
    sent: u32,
    unanswered: u32,
    never_arrived: Option<u32>,
    arrived: Option<u32>,
    recorded: Option<u32>,
    dropped: u32,
    ledger_dropped: u32,
    most_in_any_second: Option<u32>,
    cap: u32,
    cap_violations: u32,
    created: u32,
    removed: u32,
    kept: u32,
    differences: Vec<String>,
    gaps: Vec<String>,
}

impl From<StoredAudit> for Audit {
    fn from(stored: StoredAudit) -> Self {
        let gaps = match stored.outcome {
            Some(_) => stored.gaps,
            None => dropped_rows(stored.dropped, stored.ledger_dropped, stored.sent),
        };
        let outcome = stored.outcome.unwrap_or(match (stored.verified, gaps.is_empty()) {
            (false, _) => AuditOutcome::Wrong,
            (true, false) => AuditOutcome::Incomplete,
            (true, true) => AuditOutcome::Verified,
        });
        Self {
            outcome,
            cap_kept: stored.cap_kept,
            sent: stored.sent,
            unanswered: stored.unanswered,
            never_arrived: stored.never_arrived,
            arrived: stored.arrived,
            recorded: stored.recorded,
            dropped: stored.dropped,
            ledger_dropped: stored.ledger_dropped,
            most_in_any_second: stored.most_in_any_second,
            cap: stored.cap,
            cap_violations: stored.cap_violations,
            created: stored.created,
            removed: stored.removed,
            kept: stored.kept,
            differences: stored.differences,
            gaps,
        }
    }
}

/// One sentence for each kind of row that was dropped: rows of the metrics, and rows of the stored ledger.
pub(super) fn dropped_rows(recorded: u32, ledger: u32, sent: u32) -> Vec<String> {
    let mut gaps = Vec::new();
    if recorded > 0 {
        gaps.push(format!("{recorded} of {sent} requests were not recorded (dropped, counted)"));
    }
    if ledger > 0 {
        gaps.push(format!("{ledger} of {sent} requests are missing in the stored ledger (dropped, counted)"));
    }
    gaps
}
