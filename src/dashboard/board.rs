//! What the dashboard shows beside and below the card, as data.

use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::metrics::log_model::LogPage;
use crate::metrics::model::Overview;
use crate::origin::RunId;
use crate::traffic::model::RunSummary;

/// The data of the board, fetched at the same time. A part that failed to load takes no other away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BoardData {
    /// The run that is not closed, if there is one.
    pub active: Option<RunId>,
    /// What the server measured in the period.
    pub overview: Result<Overview, AppError>,
    /// The newest requests of the period.
    pub requests: Result<LogPage, AppError>,
    /// The newest runs, and earlier ones that reach into the period, newest first.
    pub runs: Result<Vec<RunSummary>, AppError>,
}

impl BoardData {
    /// Whether something is going on: a run is active, or requests came in the last ten seconds before `now`, in epoch
    /// milliseconds.
    pub fn is_busy(&self, now: i64) -> bool {
        let newest = |overview: &Overview| match overview.open.requests {
            0 => overview.points.last().map(|point| point.at + i64::from(overview.step) * 1000),
            _ => Some(overview.to),
        };
        let newest = self.overview.as_ref().ok().and_then(newest);
        self.active.is_some() || newest.is_some_and(|newest| now - newest < 10_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::model::Point;

    #[test]
    fn a_run_or_recent_requests_make_it_busy() {
        let run = "019b76da-a800-7000-8000-000000000000".parse().ok();
        let data = |active, points: &[i64], open| {
            let points = points.iter().map(|at| Point { at: *at, requests: 1, ..Point::default() }).collect();
            let open = Point { requests: open, ..Point::default() };
            let overview = Overview { step: 1, to: 100_000, points, open, ..Overview::default() };
            BoardData { active, overview: Ok(overview), requests: Ok(LogPage::default()), runs: Ok(Vec::new()) }
        };
        let rows = [
            (data(None, &[], 0), 100_000, false),
            (data(run, &[], 0), 100_000, true),
            (data(None, &[50_000, 98_000], 0), 108_999, true),
            (data(None, &[50_000, 98_000], 0), 109_000, false),
            (data(None, &[], 1), 109_999, true),
            (data(None, &[], 1), 110_000, false),
        ];
        for (data, now, busy) in rows {
            assert_eq!(data.is_busy(now), busy, "{data:?} at {now}");
        }
        let failed = BoardData { overview: Err(AppError::Unavailable), ..data(None, &[], 0) };
        assert!(!failed.is_busy(100_000));
    }
}
