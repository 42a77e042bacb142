//! What the dashboard shows beside the simulator, as HTML that the server makes: the browser needs
//! no code that knows it.

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

/// What it is made of, all of one moment; or in words, for those who read the page, why a part of it is missing.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Range and origin that the figures are of.
    pub view: OverviewQuery,
    /// The numbers.
    pub overview: Result<Overview, String>,
    /// The newest requests.
    pub requests: Result<LogPage, String>,
    /// The newest runs.
    pub runs: Result<Vec<RunSummary>, String>,
}

/// The parts of the dashboard that stand around the simulator, as HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board(
    /// The choice of range and requests.
    pub String,
    /// The key figures.
    pub String,
    /// Charts and tables.
    pub String,
);

/// Draws it.
pub fn board(figures: &Figures, rows: &Rows) -> Board {
    let overview = figures.overview.as_ref().map_err(String::as_str);
    let requests = figures.requests.as_ref().map_err(String::as_str);
    let runs = figures.runs.as_deref().map_err(String::as_str);
    let periods: Vec<_> = runs.unwrap_or_default().iter().map(period).collect();
    // The charts are nearly all of it, and are not copied for the rest.
    let mut parts = charts_html(overview, &periods, rows);
    parts.extend([endpoints_html(overview), newest_requests_html(figures.view, requests), newest_runs_html(runs)]);
    let choices = choices_html(figures.view, |view| view_link("/", &view));
    Board(choices, kpis_html(overview), parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_missing_takes_no_other_away() {
        let mut figures = Figures {
            view: OverviewQuery::default(),
            overview: Ok(Overview { step: 1, ..Overview::default() }),
            requests: Err("The database is busy.".to_owned()),
            runs: Ok(Vec::new()),
        };
        let Board(choices, kpis, rest) = board(&figures, &Rows::All);
        assert!(choices.contains("1 hour") && kpis.contains("Current rate"));
        assert_eq!(rest.matches("<figure").count(), 4);
        assert!(rest.contains("The requests could not be loaded.</strong> The database is busy."));
        assert!(rest.contains("No run yet."));
        figures.overview = Err("It is away.".to_owned());
        let Board(_, kpis, rest) = board(&figures, &Rows::All);
        assert!(
            kpis.contains("The key figures could not be loaded.") && rest.contains("The charts could not be loaded.")
        );
        assert!(rest.contains("No run yet."));
    }

    #[test]
    fn rows_of_the_charts_are_there_for_those_who_ask() {
        let point = crate::metrics::model::Point { requests: 1, ..Default::default() };
        let overview = Overview { step: 1, points: vec![point], ..Overview::default() };
        let figures = Figures {
            view: OverviewQuery::default(),
            overview: Ok(overview),
            requests: Ok(LogPage::default()),
            runs: Ok(Vec::new()),
        };
        let rows = |rows| board(&figures, &rows).2.matches("<tr data-at").count();
        assert_eq!(rows(Rows::Of(Vec::new())), 0);
        assert_eq!(rows(Rows::Of(vec!["past-rate".to_owned()])), 1);
        assert_eq!(rows(Rows::All), 3);
    }
}
