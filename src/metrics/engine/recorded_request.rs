//! One recorded request, and what the numbers need to know of it.

use std::borrow::Cow;

use uuid::Uuid;

use crate::origin::{Origin, RunId};

/// What the server measured of one request. The table `recorded_requests` has a row for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRequest {
    /// The id in the answer's `x-request-id` and in the server's log.
    pub id: Uuid,
    /// When it arrived, in epoch microseconds.
    pub arrived_at: i64,
    /// The HTTP method; `OTHER` for one that is neither in RFC 9110 nor PATCH, so that clients can't make up more and
    /// more methods.
    pub method: Cow<'static, str>,
    /// The route template, never the raw path.
    pub route: Cow<'static, str>,
    /// The HTTP status; 499 for a client that went away before the answer.
    pub status: u16,
    /// How long the answer took, in microseconds; anything above 71 minutes counts as 71 minutes.
    pub duration_us: u32,
    /// Who made it.
    pub origin: Origin,
}

impl RecordedRequest {
    /// The second in which it arrived, since the epoch.
    pub fn second(&self) -> i64 {
        self.arrived_at.div_euclid(1_000_000)
    }
}

/// Who made a request, as far as the numbers tell requests apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A person or a program that uses the API.
    Real,
    /// The traffic generator. Minutes and longer steps do not know the run.
    Simulated(Option<RunId>),
}

impl From<Origin> for Source {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Real => Self::Real,
            Origin::Simulated { run, .. } => Self::Simulated(Some(run)),
        }
    }
}

/// Whether an answer of this status is an error: 400 and up, as everywhere on the dashboard.
pub fn is_error(status: u16) -> bool {
    status >= 400
}
