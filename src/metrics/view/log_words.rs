//! The numbers of the request log in words.

use crate::metrics::log_form::LogForm;
use crate::metrics::log_model::{FUTURE_COUNTED, LOG_PAGE, LogPage, MOST_COUNTED, MOST_NEWER, last_page};
use crate::ui::format::count;

/// A number of requests: `1 request`, `7 024 requests`, `More than 10 000 requests`.
pub fn matching_words(matching: u32) -> String {
    match matching {
        0 => "No requests".to_owned(),
        1 => "1 request".to_owned(),
        more if more > MOST_COUNTED => format!("More than {} requests", count(MOST_COUNTED)),
        some => format!("{} requests", count(some)),
    }
}

/// How many requests match, and which of them a page of the list shows: `7 024 requests, page 2 of 141`.
pub fn page_words(page: &LogPage, form: &LogForm) -> String {
    let Some(matching) = page.matching else { return "Nothing is listed".to_owned() };
    let number = page_number(form);
    let slowest = form.order.as_deref() == Some("slowest");
    let pages = matching.min(MOST_COUNTED).div_ceil(LOG_PAGE).min(last_page(slowest));
    let of = match (matching > MOST_COUNTED, page.more || number > 1) {
        (_, false) => String::new(),
        (false, true) => format!(", page {} of {}", count(number), count(pages)),
        (true, true) if number <= pages => format!(", page {} of more than {}", count(number), count(pages)),
        (true, true) => format!(", page {}", count(number)),
    };
    matching_words(matching) + &of
}

/// The page that a filter asks for.
pub fn page_number(form: &LogForm) -> u32 {
    form.page.as_ref().and_then(|page| page.parse().ok()).unwrap_or(1)
}

/// The offer to show the requests that came since the list was loaded; empty if there are none.
pub fn newer_words(newer: u32) -> String {
    match newer {
        0 => String::new(),
        1 => "1 new request, show".to_owned(),
        MOST_NEWER.. => format!("More than {} new requests, show", count(MOST_NEWER - 1)),
        some => format!("{} new requests, show", count(some)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requests_are_counted_as_far_as_that_is_worth_it() {
        let rows = [
            (0, false, "", "No requests"),
            (1, false, "", "1 request"),
            (50, false, "", "50 requests"),
            (51, true, "", "51 requests, page 1 of 2"),
            (51, false, "2", "51 requests, page 2 of 2"),
            (10_000, true, "3", "10\u{202f}000 requests, page 3 of 200"),
            (10_001, true, "3", "More than 10\u{202f}000 requests, page 3 of more than 200"),
            (10_001, true, "201", "More than 10\u{202f}000 requests, page 201"),
        ];
        for (matching, more, number, words) in rows {
            let page = LogPage { matching: Some(matching), more, ..LogPage::default() };
            let form = LogForm { page: Some(number.to_owned()), ..LogForm::default() };
            assert_eq!(page_words(&page, &form), words);
        }
        let page = LogPage { matching: Some(9_000), more: true, ..LogPage::default() };
        let slowest = LogForm { order: Some("slowest".to_owned()), ..LogForm::default() };
        assert_eq!(page_words(&page, &slowest), "9\u{202f}000 requests, page 1 of 100");
        assert_eq!(page_words(&LogPage::default(), &slowest), "Nothing is listed", "there is no answer to count");
    }

    #[test]
    fn new_requests_are_offered() {
        let rows = [
            (0, ""),
            (1, "1 new request, show"),
            (999, "999 new requests, show"),
            (1000, "More than 999 new requests, show"),
        ];
        for (newer, words) in rows {
            assert_eq!(newer_words(newer), words);
        }
    }

    #[test]
    fn requests_of_the_future_are_counted() {
        let note = |future| future_note(future).unwrap_or_default();
        assert_eq!(note(0), "");
        assert!(note(1).starts_with("1 request has a time in the future, because the clock was ahead"));
        assert!(note(999).starts_with("999 requests have times in the future"));
        assert!(note(FUTURE_COUNTED).starts_with("1\u{202f}000 requests or more have times in the future"));
    }
}
