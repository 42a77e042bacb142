//! What a run's page shows below its panel, as HTML that the server renders.

use serde::{Deserialize, Serialize};

use super::run_charts::charts_html;
use super::run_sides::sides_html;
use super::run_tables::{SINGLE_FAILURES, endpoints_html, failures_html};
use crate::traffic::engine::sides::Sides;
use crate::traffic::engine::timeline::Timeline;
use crate::traffic::model::Run;
use crate::ui::chart::Rows;

/// The two parts of it, as HTML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDetails(
    /// Charts and tables.
    pub String,
    /// Client beside server, when it was asked for.
    pub Option<String>,
);

/// The parts whose rows are drawn only when they are wanted, as [`Rows`] names them.
pub const DETAILS: [&str; 5] = ["latency", "distribution", "answers", "slowest", SINGLE_FAILURES];

/// Draws it; what is missing is there in words, for those who read the page.
pub fn run_details(
    job: &Run,
    timeline: Result<&Timeline, &str>,
    sides: Option<Result<&Sides, &str>>,
    rows: &Rows,
) -> RunDetails {
    let charts = [charts_html(job, timeline, rows), endpoints_html(job), failures_html(job, rows)].concat();
    RunDetails(charts, sides.map(|sides| sides_html(sides, rows)))
}
