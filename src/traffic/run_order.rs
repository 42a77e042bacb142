//! In what order the history lists runs, and where a page of it begins. Both the address of the page and the REST
//! route carry them as text.

use serde::{Deserialize, Serialize};

use super::model::Job;
use crate::origin::RunId;

/// By what the history is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// When it was started.
    #[default]
    Started,
    /// Requests that left.
    Sent,
    /// Requests that failed.
    Failed,
    /// 95th percentile of the latency.
    P95,
}

impl Order {
    /// All of them, in the order of the columns.
    pub const ALL: [Self; 4] = [Self::Started, Self::Sent, Self::Failed, Self::P95];

    /// The name on the wire.
    pub fn wire_name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::P95 => "p95",
        }
    }

    /// The head of its column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Sent => "Sent",
            Self::Failed => "Failed",
            Self::P95 => "p95",
        }
    }

    /// What a run is ordered by, as a whole number, so that it survives the way through an address; runs of the same
    /// rank are ordered by their start. By their start alone, all have the same rank. p95 is in microseconds, and -1
    /// where there is none.
    pub fn rank(self, job: &Job) -> i64 {
        match self {
            Self::Started => 0,
            Self::Sent => job.stats.sent.into(),
            Self::Failed => job.stats.failed_requests.into(),
            Self::P95 => job.stats.service.ok.p95.map_or(-1, |p95| (p95 * 1000.0) as i64),
        }
    }
}

/// The last run of a page; the next page begins behind it, also when that run is deleted meanwhile. On the wire it is
/// the run's id, with its rank and a tilde before it where the order is not by start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// See [`Order::rank`].
    pub rank: i64,
    /// The run.
    pub id: RunId,
}

impl Cursor {
    /// Behind this run.
    pub fn behind(order: Order, job: &Job) -> Self {
        Self { rank: order.rank(job), id: job.job_id }
    }

    /// Reads a cursor of this order. Absent when it is none.
    pub fn parse(order: Order, text: &str) -> Option<Self> {
        let (rank, id) = match order {
            Order::Started => (0, text),
            _ => text.split_once('~').and_then(|(rank, id)| Some((rank.parse().ok()?, id)))?,
        };
        Some(Self { rank, id: id.parse().ok()? })
    }

    /// As [`Cursor::parse`] reads it.
    pub fn text(self, order: Order) -> String {
        match order {
            Order::Started => self.id.to_string(),
            _ => format!("{}~{}", self.rank, self.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_wire_and_fits_its_order_only() {
        let id: RunId = "019b76da-a800-7000-8000-000000000000".parse().expect("an id");
        for order in Order::ALL {
            let rank = if order == Order::Started { 0 } else { -1 };
            let cursor = Cursor { rank, id };
            assert_eq!(Cursor::parse(order, &cursor.text(order)), Some(cursor));
        }
        let of_sent = Cursor { rank: 12, id }.text(Order::Sent);
        assert_eq!(of_sent, "12~019b76da-a800-7000-8000-000000000000");
        assert_eq!(Cursor::parse(Order::Started, &of_sent), None);
        for wrong in ["", "17", "~", "x~019b76da-a800-7000-8000-000000000000", &id.to_string()] {
            assert_eq!(Cursor::parse(Order::Sent, wrong), None, "{wrong}");
        }
    }
}
