//! The board: everything on the dashboard except the simulator, as HTML. The server renders it, so the browser loads no code
//! for it.

use serde::{Deserialize, Serialize};

use crate::metrics::address::view_link;
use crate::metrics::log_model::LogPage;
use crate::metrics::model::{Overview, OverviewQuery};
use crate::metrics::view::charts::charts_html;
use crate::metrics::view::endpoint_table::endpoints_html;
use crate::metrics::view::kpi_cards::kpis_html;
use crate::metrics::view::newest_requests::newest_requests_html;
use crate::metrics::view::view_filter::choices_html;
use crate::traffic::model::RunSummary;
use crate::traffic::view::newest_runs::{newest_runs_html, period};
use crate::ui::chart::Rows;

/// The data of the board, fetched at the same time. A part that failed to load is an error message for the page.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The range and the requests that the data cover.
    pub view: OverviewQuery,
    /// The key figures, and the data of the charts.
    pub overview: Result<Overview, String>,
    /// The newest requests.
    pub requests: Result<LogPage, String>,
    /// The newest runs.
    pub runs: Result<Vec<RunSummary>, String>,
}

/// The board as HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// The choices of range and requests; empty if the board could not be loaded.
    pub choices: String,
    /// The key figures.
    pub key_figures: String,
    /// Charts and tables.
    pub details: String,
}

/// Renders the board.
pub fn board(figures: &Figures, rows: &Rows) -> Board {
    let overview = figures.overview.as_ref().map_err(String::as_str);
    let requests = figures.requests.as_ref().map_err(String::as_str);
    let runs = figures.runs.as_deref().map_err(String::as_str);
    let periods: Vec<_> = runs.unwrap_or_default().iter().map(period).collect();
    let details = [
        charts_html(overview, &periods, rows),
        endpoints_html(overview),
        newest_requests_html(figures.view, requests),
        newest_runs_html(runs),
    ];
    Board {
        choices: choices_html(figures.view, |view| view_link("/", &view)),
        key_figures: kpis_html(overview),
        details: details.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_part_takes_no_other_away() {
        let mut figures = Figures {
            view: OverviewQuery::default(),
            overview: Ok(Overview { step: 1, ..Overview::default() }),
            requests: Err("The database is busy.".to_owned()),
            runs: Ok(Vec::new()),
        };
        let Board { choices, key_figures, details } = board(&figures, &Rows::All);
        assert!(choices.contains("1 hour") && key_figures.contains("Current rate"));
        assert_eq!(details.matches("<figure").count(), 4);
        assert!(details.contains("The requests could not be loaded.</strong> The database is busy."));
        assert!(details.contains("No runs yet."));
        figures.overview = Err("It is away.".to_owned());
        let Board { key_figures, details, .. } = board(&figures, &Rows::All);
        assert!(key_figures.contains("The key figures could not be loaded."));
        assert!(details.contains("The charts could not be loaded."));
        assert!(details.contains("No runs yet."));
    }

    #[test]
    fn charts_have_rows_on_request() {
        let point = crate::metrics::model::Point { requests: 1, ..Default::default() };
        let overview = Overview { step: 1, points: vec![point], ..Overview::default() };
        let figures = Figures {
            view: OverviewQuery::default(),
            overview: Ok(overview),
            requests: Ok(LogPage::default()),
            runs: Ok(Vec::new()),
        };
        let rows = |rows| board(&figures, &rows).details.matches("<tr data-at").count();
        assert_eq!(rows(Rows::Of(Vec::new())), 0);
        assert_eq!(rows(Rows::Of(vec!["past-rate".to_owned()])), 1);
        assert_eq!(rows(Rows::All), 3);
    }
}
