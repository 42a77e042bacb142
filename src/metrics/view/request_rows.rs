//! Requests of the log as rows of a table.

use uuid::Uuid;

use crate::metrics::log_model::{FUTURE_COUNTED, LoggedRequest};
use crate::ui::format::{count, millis, time_of_day};
use crate::ui::table::{Cell, push_row};

/// The heads of the columns.
pub const REQUEST_HEADS: [&str; 5] = ["Arrived", "Request", "Status", "Duration", "By"];

/// So many bytes a row of the log has at most, but for unusually long routes.
const LONGEST_ROW: usize = 320;

/// Requests, each of which leads to its own page.
pub fn request_rows(requests: &[LoggedRequest]) -> String {
    let mut html = String::with_capacity(requests.len() * LONGEST_ROW);
    requests.iter().for_each(|request| push_request(&mut html, request));
    html
}

/// What is said of requests that carry times in the future, where there are any: they are not listed, or they would
/// stand in the place of the newest ones for as long as the clock was ahead.
pub fn future_words(future: u32) -> Option<String> {
    let who = match future {
        0 => return None,
        1 => "1 request carries a time".to_owned(),
        FUTURE_COUNTED.. => format!("{} requests or more carry times", count(FUTURE_COUNTED)),
        some => format!("{} requests carry times", count(some)),
    };
    Some(format!(
        "{who} in the future, because the clock was ahead at their arrival. They are not listed before that time."
    ))
}

fn push_request(html: &mut String, request: &LoggedRequest) {
    let arrived = Cell::text(time_of_day(request.at / 1000, true));
    let arrived = match request.request_id {
        Some(id) => arrived.linked(["/requests/", id.hyphenated().encode_lower(&mut Uuid::encode_buffer())].concat()),
        None => arrived,
    };
    let by = match (request.run, request.seq) {
        (Some(run), Some(seq)) => Cell::text(format!("run, #{seq}")).linked(format!("/runs/{run}")),
        (Some(run), None) => Cell::text("run").linked(format!("/runs/{run}")),
        _ => Cell::text("real"),
    };
    let cells = [
        arrived,
        Cell::code([request.method.as_str(), " ", &request.route].concat()),
        Cell::text(request.status.to_string()).bad(request.status >= 400),
        Cell::text(millis(Some(request.duration))),
        by,
    ];
    push_row(html, "", cells);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::RunId;

    #[test]
    fn requests_of_the_future_are_counted_in_words() {
        let words = |future| future_words(future).unwrap_or_default();
        assert_eq!(words(0), "");
        assert!(words(1).starts_with("1 request carries a time in the future, because the clock was ahead"));
        assert!(words(999).starts_with("999 requests carry times in the future"));
        assert!(words(FUTURE_COUNTED).starts_with("1\u{202f}000 requests or more carry times in the future"));
    }

    #[test]
    fn a_row_leads_to_the_request_and_to_its_run() {
        let real = LoggedRequest {
            request_id: Some(Uuid::from_u128(1)),
            at: 1_795_444_565_123_456,
            method: "GET".into(),
            route: "/api/v1/users".into(),
            status: 200,
            duration: 1.25,
            run: None,
            seq: None,
        };
        let html = request_rows(std::slice::from_ref(&real));
        assert!(html.contains("<a href=\"/requests/00000000-0000-0000-0000-000000000001\">14:36:05 UTC</a>"), "{html}");
        assert!(html.ends_with("<td>200</td><td>1.25 ms</td><td>real</td></tr>"), "{html}");
        let run = Some(RunId(Uuid::from_u128(2)));
        let html = request_rows(&[LoggedRequest { status: 503, run, seq: Some(7), request_id: None, ..real }]);
        assert!(html.contains("<td data-tone=\"bad\">503</td>"), "{html}");
        assert!(html.contains("<a href=\"/runs/00000000-0000-0000-0000-000000000002\">run, #7</a>"), "{html}");
    }
}
