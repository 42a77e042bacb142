//! The newest requests, for the dashboard.

use leptos::prelude::*;

use super::log_words::future_note;
use super::request_table::RequestTable;
use crate::error::AppError;
use crate::metrics::address::LogAddress;
use crate::metrics::log_model::{LogPage, NEWEST};
use crate::metrics::model::OverviewQuery;
use crate::ui::card::Card;
use crate::ui::notice::{Empty, Failed};

/// What the card shows.
#[derive(Clone, Debug, PartialEq)]
enum NewestContent {
    Requests,
    Nothing,
    Failure(AppError),
}

/// The newest requests of a scope as a card, with a link to all of them.
#[component]
pub fn NewestRequests(
    /// The requests; only the first ones are shown.
    #[prop(into)]
    requests: Signal<Result<LogPage, AppError>>,
    /// The scope.
    view: Signal<OverviewQuery>,
) -> impl IntoView {
    let page = Memo::new(move |_| {
        let mut page = requests.with(|requests| requests.as_ref().ok().cloned().unwrap_or_default());
        page.requests.truncate(NEWEST as usize);
        page
    });
    let content = Memo::new(move |_| {
        requests.with(|requests| match requests {
            Err(error) => NewestContent::Failure(error.clone()),
            Ok(page) if page.requests.is_empty() => NewestContent::Nothing,
            Ok(_) => NewestContent::Requests,
        })
    });
    let content = move || match content.get() {
        NewestContent::Requests => view! { <RequestTable label="Newest requests" page /> }.into_any(),
        NewestContent::Nothing => {
            view! { <Empty>"No requests in this period. Start a run, or call the API at /api/v1/users."</Empty> }
                .into_any()
        }
        NewestContent::Failure(error) => view! { <Failed what="The requests could not be loaded." error /> }.into_any(),
    };
    let future = Memo::new(move |_| page.with(|page| future_note(page.future)));
    let href = move || LogAddress { view: view.get(), ..LogAddress::default() }.link();
    let all = view! { <a href=href>"All requests"</a> }.into_any();
    view! {
        <Card id="newest-requests-title" title="Newest requests" class="newest-requests" aside=all>
            {move || future.get().map(|note| view! { <p class="future-note">{note}</p> })}
            {content}
        </Card>
    }
    .into_any()
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::metrics::model::{Origins, Range};
    use crate::metrics::view::fixture;

    fn html(requests: Result<LogPage, AppError>) -> String {
        Owner::new().with(|| {
            let view = Signal::stored(OverviewQuery { range: Range::Hour, origin: Origins::Real });
            view! { <NewestRequests requests=Signal::stored(requests) view /> }.to_html().replace("<!>", "")
        })
    }

    #[test]
    fn the_first_eight_are_listed_and_all_are_linked_with_the_same_scope() {
        let page = LogPage { requests: (0..9).map(fixture::request).collect(), future: 2, ..LogPage::default() };
        let text = html(Ok(page));
        assert_eq!(text.matches("<tr>").count(), 9, "with the row of the heads: {text}");
        assert!(text.contains("<a href=\"/requests?range=1h&amp;origin=real\">All requests</a>"), "{text}");
        assert!(text.contains("2 requests have times in the future"), "{text}");
    }

    #[test]
    fn nothing_and_a_failure_say_what_to_do() {
        assert!(html(Ok(LogPage::default())).contains("Start a run, or call the API"));
        let text = html(Err(AppError::LoggedOut));
        assert!(text.contains("The requests could not be loaded.") && text.contains("Log in again"), "{text}");
    }
}
