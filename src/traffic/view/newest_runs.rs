//! The newest runs, for the dashboard.

use super::run_badge::badge;
use super::settings_text::in_a_list;
use super::verdict::{Tone, short};
use crate::traffic::engine::scenario::Shape;
use crate::traffic::model::RunSummary;
use crate::ui::chart::past::ChartPeriod;
use crate::ui::format::{count, millis, utc};
use crate::ui::notice::{empty_html, failed_html};
use crate::ui::table::{TableCell, row, table_html};

const LISTED: usize = 5;

/// The newest runs as a card, with a link to all of them.
pub fn newest_runs_html(runs: Result<&[RunSummary], &str>) -> String {
    let content = match runs {
        Err(why) => failed_html("The runs could not be loaded.", why),
        Ok(runs) => {
            let rows: String = runs.iter().take(LISTED).map(run_row).collect();
            let nothing = "No runs yet. Start one above: its numbers and its audit stay here.";
            empty_html(rows.is_empty().then_some(nothing))
                + &table_html(
                    "Newest runs as a table",
                    ["Started", "Scenario", "State", "Sent", "Failed", "p95", "Verdict"],
                    &rows,
                    "",
                )
        }
    };
    format!(
        "<section class=\"card newest\" aria-labelledby=\"newest-title\"><div class=\"card-head\">\
         <h2 id=\"newest-title\" class=\"card-title\">Newest runs</h2><a href=\"/runs\">All runs</a></div>{content}</section>"
    )
}

fn run_row(run: &RunSummary) -> String {
    let verdict = short(run);
    row([
        TableCell::text(utc(run.start_time)).linked(format!("/runs/{}", run.job_id)),
        TableCell::text(in_a_list(run)),
        TableCell::badge(badge(run.status, run.closed, run.unstored)),
        TableCell::text(count(run.sent)),
        TableCell::text(count(run.failed_requests)).bad(run.failed_requests > 0),
        TableCell::text(millis(run.p95)),
        TableCell::text(verdict.text()).bad(verdict.tone == Tone::Bad),
    ])
}

/// A run as a period of a chart.
pub fn period(run: &RunSummary) -> ChartPeriod {
    // The seed moves slots, but not the rate.
    let shape = Shape::new(run.scenario, run.delay, run.duration, run.max_rps, run.cap, 0);
    let planned_end = run.start_time + i64::from(run.duration) * 1000;
    ChartPeriod {
        from: run.start_time,
        to: run.end_time.unwrap_or(planned_end),
        planned: shape.corners(),
        cap: run.cap,
    }
}
