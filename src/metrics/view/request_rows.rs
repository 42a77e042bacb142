//! Requests of the log as rows of a table.

use crate::metrics::log_model::{FUTURE_COUNTED, LoggedRequest};
use crate::ui::format::{count, millis, time_of_day};
use crate::ui::table::{TableCell, row};

/// The headers of the columns.
pub const REQUEST_HEADS: [&str; 5] = ["Arrived", "Request", "Status", "Duration", "Origin"];

/// The rows of requests, with links to their pages.
pub fn request_rows(requests: &[LoggedRequest]) -> String {
    requests.iter().map(request_row).collect()
}

/// A note on requests with times in the future, if there are any. They are not listed, because they would take the place of
/// the newest ones for as long as the clock was ahead.
pub fn future_note(future: u32) -> Option<String> {
    let who = match future {
        0 => return None,
        1 => "1 request has a time".to_owned(),
        FUTURE_COUNTED.. => format!("{} requests or more have times", count(FUTURE_COUNTED)),
        some => format!("{} requests have times", count(some)),
    };
    Some(format!(
        "{who} in the future, because the clock was ahead when they arrived. They are listed once that time has come."
    ))
}

fn request_row(request: &LoggedRequest) -> String {
    let origin = match request.run.zip(request.seq) {
        Some((run, seq)) => TableCell::text(format!("run, #{seq}")).linked(format!("/runs/{run}")),
        None => TableCell::text("real"),
    };
    row([
        TableCell::text(time_of_day(request.at / 1000, true)).linked(format!("/requests/{}", request.request_id)),
        TableCell::code(format!("{} {}", request.method, request.route)),
        TableCell::text(request.status.to_string()).bad(request.status >= 400),
        TableCell::text(millis(Some(request.duration))),
        origin,
    ])
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::origin::RunId;

    #[test]
    fn requests_of_the_future_are_counted() {
        let note = |future| future_note(future).unwrap_or_default();
        assert_eq!(note(0), "");
        assert!(note(1).starts_with("1 request has a time in the future, because the clock was ahead"));
        assert!(note(999).starts_with("999 requests have times in the future"));
        assert!(note(FUTURE_COUNTED).starts_with("1\u{202f}000 requests or more have times in the future"));
    }

    #[test]
    fn a_row_links_to_the_request_and_to_its_run() {
        let real = LoggedRequest {
            request_id: Uuid::from_u128(1),
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
        let html = request_rows(&[LoggedRequest { status: 503, run, seq: Some(7), ..real }]);
        assert!(html.contains("<td data-tone=\"bad\">503</td>"), "{html}");
        assert!(html.contains("<a href=\"/runs/00000000-0000-0000-0000-000000000002\">run, #7</a>"), "{html}");
    }
}
