//! In what order the history lists runs, and where a page of it begins. The address of the page and the REST route both
//! carry these as text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::model::Run;
use crate::origin::RunId;
use crate::wire_name::wire_name;

/// What the history is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The start of the run.
    #[default]
    Started,
    /// Requests that left.
    Sent,
    /// Requests that failed.
    Failed,
    /// 95th percentile of the service time of the ok requests.
    P95,
}

impl Order {
    /// All orders, in the order of the columns.
    pub const ALL: [Self; 4] = [Self::Started, Self::Sent, Self::Failed, Self::P95];

    /// The name on the wire.
    pub fn wire_name(self) -> &'static str {
        wire_name(&self)
    }

    /// The heading of its column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Sent => "Sent",
            Self::Failed => "Failed",
            Self::P95 => "p95",
        }
    }

    /// What a run is ordered by, as a whole number, so that it survives the way through an address. Runs of the same
    /// rank are ordered by their start, so in the order by start all runs have the rank 0. A p95 is in microseconds,
    /// and -1 if the run has none.
    pub fn rank(self, run: &Run) -> i64 {
        match self {
            Self::Started => 0,
            Self::Sent => run.stats.sent.into(),
            Self::Failed => run.stats.failed_requests.into(),
            Self::P95 => run.stats.service.ok.p95.map_or(-1, |p95| (p95 * 1000.0) as i64),
        }
    }
}

/// The last run of a page. The next page begins after it, even if that run was deleted in the meantime. On the wire it
/// is the run's id, preceded by its rank and a tilde if the rank is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The run's rank: see [`Order::rank`].
    pub rank: i64,
    /// The run's id.
    pub id: RunId,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rank {
            0 => self.id.fmt(f),
            rank => write!(f, "{rank}~{}", self.id),
        }
    }
}

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let (rank, id) = text.split_once('~').unwrap_or(("0", text));
        let digits = rank.strip_prefix('-').unwrap_or(rank);
        if digits.len() > 15 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoCursor);
        }
        Ok(Self { rank: rank.parse().map_err(|_| NoCursor)?, id: id.parse().map_err(|_| NoCursor)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_wire() {
        let id: RunId = "019b76da-a800-7000-8000-000000000000".parse().expect("an id");
        for (rank, text) in [(0, id.to_string()), (12, format!("12~{id}")), (-1, format!("-1~{id}"))] {
            let cursor = Cursor { rank, id };
            assert_eq!((cursor.to_string(), text.parse()), (text.clone(), Ok(cursor)));
        }
        for wrong in ["", "17", "~", "12~"] {
            assert_eq!(wrong.parse::<Cursor>(), Err(NoCursor), "{wrong}");
        }
        for rank in ["", "x", "+1", "1.5", "1234567890123456"] {
            assert_eq!(format!("{rank}~{id}").parse::<Cursor>(), Err(NoCursor), "{rank}");
        }
    }
}
