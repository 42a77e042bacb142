//! How one request ended.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::mix::Call;

/// The way in which one request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// An answer came, with this status code.
    Answered(u16),
    /// No answer came within the client's timeout of 5 s.
    Timeout,
    /// The connection could not be made.
    Connect,
    /// The connection broke before the end of the answer.
    Transport,
    /// The request was in flight when the run was stopped.
    Cancelled,
}

impl Fate {
    /// Was the answer a 2xx?
    pub fn is_ok(self) -> bool {
        matches!(self, Self::Answered(status) if (200..300).contains(&status))
    }

    /// Did the request end without an answer, by the transport's fault?
    pub fn is_transport_failure(self) -> bool {
        matches!(self, Self::Timeout | Self::Connect | Self::Transport)
    }

    /// The status code of the answer. `None` if there was no answer.
    pub fn status(self) -> Option<u16> {
        if let Self::Answered(status) = self { Some(status) } else { None }
    }

    /// What went wrong, in words for a person.
    pub fn message(self) -> String {
        match self {
            Self::Answered(status) => format!("answered {status}"),
            Self::Timeout => "no answer within 5 s".to_owned(),
            Self::Connect => "the connection was refused".to_owned(),
            Self::Transport | Self::Cancelled => "the connection broke".to_owned(),
        }
    }

    /// The name on the wire and in the ledger: the status code, or one word for what went wrong.
    pub fn name(self) -> String {
        match self {
            Self::Answered(status) => status.to_string(),
            Self::Timeout => "timeout".to_owned(),
            Self::Connect => "connect".to_owned(),
            Self::Transport => "transport".to_owned(),
            Self::Cancelled => "cancelled".to_owned(),
        }
    }

    /// Reads what [`Fate::name`] wrote. `None` for a name that no version of this program has written.
    pub fn of_name(name: &str) -> Option<Self> {
        let unanswered = [Self::Timeout, Self::Connect, Self::Transport, Self::Cancelled];
        unanswered.into_iter().find(|fate| fate.name() == name).or_else(|| name.parse().ok().map(Self::Answered))
    }
}

/// How many requests ended in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FateCount {
    /// A status code, or `connect`, `timeout`, `transport`, `cancelled`.
    pub name: String,
    /// How many requests.
    pub count: u32,
}

/// One request that has ended. Times are since the start of the run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The number of its slot in the plan.
    pub seq: u32,
    /// What it called.
    pub call: Call,
    /// When the plan wanted it.
    pub wanted: Duration,
    /// When it was sent.
    pub sent: Duration,
    /// When the answer was complete, or the failure known.
    pub ended: Duration,
    /// How it ended.
    pub fate: Fate,
}
