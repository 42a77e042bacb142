//! What a run's page shows below the panel: charts and tables, as HTML that the server renders.

use serde::{Deserialize, Serialize};

use super::run_charts::charts_html;
use super::run_sides::sides_html;
use super::run_tables::{SINGLE_FAILURES, endpoints_html, failures_html};
use crate::traffic::engine::sides::Sides;
use crate::traffic::engine::timeline::Timeline;
use crate::traffic::model::Run;
use crate::ui::chart::Rows;

/// The details of a run, as HTML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDetails {
    /// Charts and tables.
    pub charts: String,
    /// Client and server compared, if requested.
    pub sides: Option<String>,
}

/// The charts and tables whose rows are rendered on request only, as [`Rows`] names them.
pub const DETAILS: [&str; 5] = ["latency", "distribution", "answers", "slowest", SINGLE_FAILURES];

/// Renders the details. A part that failed to load becomes an error message.
pub fn run_details(
    run: &Run,
    timeline: Result<&Timeline, &str>,
    sides: Option<Result<&Sides, &str>>,
    rows: &Rows,
) -> RunDetails {
    RunDetails {
        charts: [charts_html(run, timeline, rows), endpoints_html(run), failures_html(run, rows)].concat(),
        sides: sides.map(|sides| sides_html(sides, rows)),
    }
}
