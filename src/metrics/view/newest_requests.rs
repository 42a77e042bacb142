//! The newest requests, for the dashboard.

use super::request_rows::{REQUEST_HEADS, future_note, request_rows};
use crate::metrics::address::LogAddress;
use crate::metrics::log_model::LogPage;
use crate::metrics::model::OverviewQuery;
use crate::ui::notice::{empty_html, failed_html};
use crate::ui::table::{escaped, table_html};

/// The number of requests in the list.
const LISTED: usize = 8;

/// The newest of the chosen requests as a card, with a link to all of them.
pub fn newest_requests_html(view: OverviewQuery, newest: Result<&LogPage, &str>) -> String {
    let all = LogAddress { view, page: 1, ..LogAddress::default() }.link();
    let content = match newest {
        Err(why) => failed_html("The requests could not be loaded.", why),
        Ok(LogPage { requests, future, .. }) => {
            let rows = request_rows(&requests[..requests.len().min(LISTED)]);
            let note = future_note(*future).map(|note| format!("<p class=\"future-note\">{note}</p>"));
            let note = format!("<div data-part=\"future\">{}</div>", note.unwrap_or_default());
            note + &empty_html(rows.is_empty().then_some("No requests in this period."))
                + &table_html("Newest requests", REQUEST_HEADS, &rows, "texts")
        }
    };
    format!(
        "<section class=\"card\" aria-labelledby=\"newest-requests-title\"><div class=\"card-head\">\
         <h2 class=\"card-title\" id=\"newest-requests-title\">Newest requests</h2>\
         <a data-part=\"all\" href=\"{}\">All requests</a></div>{content}</section>",
        escaped(&all)
    )
}
