//! Where a request came from: the one idea that users, metrics and traffic share.
//!
//! The layer that recognises a request as simulated attaches its [`Origin`] to it as an extension. Code that stores
//! something because of the request reads it there.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Identifies one run of the traffic generator (`jobId` on the wire). It is a UUIDv7, so ids sort by the start of their
/// runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct RunId(pub Uuid);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for RunId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self)
    }
}

/// Who made a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A person or a program that uses the API.
    Real,
    /// The traffic generator.
    Simulated {
        /// The run it belongs to.
        run: RunId,
        /// The number of its slot in the plan of that run, from 0.
        seq: u32,
    },
}

impl Origin {
    /// The run that made the request. `None` for a real request.
    pub fn run(self) -> Option<RunId> {
        match self {
            Self::Real => None,
            Self::Simulated { run, .. } => Some(run),
        }
    }
}
