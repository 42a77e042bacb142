//! The list of the request log: how many requests match, the requests, and what is shown in place of them.

use leptos::prelude::*;
use web_sys::MouseEvent;

use super::log_feed::{COUNT_ID, LogFeed};
use crate::error::AppError;
use crate::metrics::log_form::LogForm;
use crate::metrics::log_model::LogPage;
use crate::metrics::model::QueryOutcome;
use crate::metrics::view::log_words::{future_note, newer_words, page_number, page_words};
use crate::metrics::view::request_table::RequestTable;
use crate::ui::dom::is_plain_click;
use crate::ui::notice::{Empty, Failed, WayOut};

/// What the list is.
#[derive(Clone, Debug, PartialEq)]
enum ListContent {
    Requests,
    Nothing,
    Refused,
    Failure(AppError),
}

/// The list.
#[component]
pub fn LogList(
    /// The state of the log.
    feed: LogFeed,
) -> impl IntoView {
    let page = Memo::new(move |_| {
        feed.answer.with(|answer| match answer {
            Ok(QueryOutcome::Found(page)) => page.clone(),
            _ => LogPage::default(),
        })
    });
    let content = Memo::new(move |_| {
        feed.answer.with(|answer| match answer {
            Ok(QueryOutcome::Found(page)) if page.requests.is_empty() => ListContent::Nothing,
            Ok(QueryOutcome::Found(_)) => ListContent::Requests,
            Ok(QueryOutcome::Refused(_)) => ListContent::Refused,
            Err(error) => ListContent::Failure(error.clone()),
        })
    });
    let retry = Callback::new(move |()| feed.load());
    let content = move || {
        match content.get() {
        ListContent::Requests => view! {
            <RequestTable label="Requests as a table" page with_ids=true />
            <Pages feed page />
        }
        .into_any(),
        ListContent::Nothing => view! { <NothingFound feed /> }.into_any(),
        ListContent::Refused => {
            view! { <Empty>"The filter can't be used as it is. Correct the field that is marked, or clear the filters."</Empty> }
                .into_any()
        }
        ListContent::Failure(error) => view! { <Failed what="The requests could not be loaded." error retry /> }.into_any(),
    }
    };
    let note = Memo::new(move |_| page.with(|page| future_note(page.future)));
    view! {
        <ListHead feed page />
        {move || note.get().map(|note| view! { <p class="future-note">{note}</p> })}
        {content}
    }
    .into_any()
}

/// How many requests match, a link to all of them, and an offer to show those that came since.
#[component]
fn ListHead(feed: LogFeed, page: Memo<LogPage>) -> impl IntoView {
    // The words belong to the list, and not to a filter that is being typed.
    let count = Memo::new(move |_| page.with(|page| page_words(page, &feed.form.read_untracked())));
    let newer = Memo::new(move |_| feed.newer.with(|newer| newer.as_ref().map_or(0, |newer| *newer)));
    let failure = Memo::new(move |_| feed.newer.with(|newer| newer.as_ref().err().cloned()));
    let first = move || feed.form.read().link_to_page(1);
    let on_click = move |event: MouseEvent| {
        if is_plain_click(&event) {
            event.prevent_default();
            feed.show_newest();
        }
    };
    let on_clear = move |event: MouseEvent| {
        if is_plain_click(&event) {
            event.prevent_default();
            feed.follow(|form| *form = LogForm::default());
        }
    };
    let failure = move || {
        failure.get().map(|error| {
            view! { <p class="stale-note">{error.what()} " New requests are not counted. " <WayOut error /></p> }
        })
    };
    view! {
        <div class="log-head">
            <p class="log-count" id=COUNT_ID role="status" tabindex="-1">
                {count}
            </p>
            <a class="log-clear" href="/requests" hidden=move || !feed.form.read().is_filtered() on:click=on_clear>
                "Clear filters"
            </a>
            <a class="button log-newer" href=first hidden=move || newer.get() == 0 on:click=on_click>
                {move || newer_words(newer.get())}
            </a>
            {failure}
        </div>
    }
    .into_any()
}

/// Links to the pages before and after.
#[component]
fn Pages(feed: LogFeed, page: Memo<LogPage>) -> impl IntoView {
    let number = Memo::new(move |_| feed.form.with(page_number));
    let link = move |label: &'static str, target: Signal<u32>, shown: Signal<bool>| {
        let on_click = move |event: MouseEvent| {
            if is_plain_click(&event) {
                event.prevent_default();
                feed.turn_to(target.get_untracked());
            }
        };
        let href = move || feed.form.read().link_to_page(target.get());
        view! {
            <a class="button" href=href hidden=move || !shown.get() on:click=on_click>
                {label}
            </a>
        }
    };
    let before = Signal::derive(move || number.get().saturating_sub(1).max(1));
    let after = Signal::derive(move || number.get().saturating_add(1));
    view! {
        <nav class="actions" aria-label="Pages of the list">
            {link("Previous page", before, Signal::derive(move || number.get() > 1))}
            {link("Next page", after, Signal::derive(move || page.read().more))}
        </nav>
    }
    .into_any()
}

/// A note that nothing matches, with the next step.
#[component]
fn NothingFound(feed: LogFeed) -> impl IntoView {
    let form = feed.form.get_untracked();
    // Without the other filters: all of the run, or of the period.
    let wider = LogForm { range: form.range.clone(), origin: form.origin.clone(), ..LogForm::default() };
    let all = LogForm { range: Some("24h".to_owned()), ..LogForm::default() };
    let (words, next, label) = if form.id.is_some() {
        (
            "No recorded request has this id. Requests are kept for a limited time, and only those to /api/v1 are recorded.",
            all,
            "Show all requests",
        )
    } else if page_number(&form) > 1 {
        ("The list has fewer pages.", LogForm { page: None, ..form.clone() }, "Show the first page")
    } else if wider.link() != form.link() {
        ("No requests match this filter.", wider, "Show all requests of this period or run")
    } else if form.link() != all.link() {
        ("No requests match this filter.", all, "Show all requests of the last 24 hours")
    } else {
        return view! {
            <Empty>
                "No requests in the last 24 hours. Call the API at /api/v1/users, or " <a href="/">"start a run"</a> "."
            </Empty>
        }
        .into_any();
    };
    let href = next.link();
    let on_click = move |event: MouseEvent| {
        if is_plain_click(&event) {
            event.prevent_default();
            feed.follow(|form| *form = next.clone());
        }
    };
    view! {
        <Empty>
            {words} " " <a href=href on:click=on_click>
                {label}
            </a>
        </Empty>
    }
    .into_any()
}

#[cfg(test)]
mod tests {

    use super::super::log_feed::LogAnswer;
    use super::*;
    use crate::metrics::view::fixture;

    fn html(form: LogForm, answer: LogAnswer) -> String {
        Owner::new().with(|| {
            let feed = LogFeed::new(form, answer);
            view! { <LogList feed /> }.to_html().replace("<!>", "")
        })
    }

    fn found(count: u128, matching: u32, more: bool) -> LogAnswer {
        let requests = (0..count).map(fixture::request).collect();
        Ok(QueryOutcome::Found(LogPage { requests, matching: Some(matching), more, ..LogPage::default() }))
    }

    #[test]
    fn the_list_is_counted_and_its_pages_are_links() {
        let form = LogForm { status: Some("5xx".to_owned()), page: Some("2".to_owned()), ..LogForm::default() };
        let text = html(form, found(3, 153, true));
        for part in [
            "153 requests, page 2 of 4",
            "<a href=\"/requests?status=5xx\" class=\"button\">Previous page</a>",
            "<a href=\"/requests?status=5xx&amp;page=3\" class=\"button\">Next page</a>",
            "<a href=\"/requests\" class=\"log-clear\">Clear filters</a>",
            "hidden",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        let text = html(LogForm::default(), found(3, 3, false));
        assert!(text.contains("3 requests") && !text.contains("page 1"), "{text}");
        assert_eq!(text.matches(" hidden").count(), 4, "no filter, no other pages, and nothing new: {text}");
    }

    #[test]
    fn an_empty_list_says_what_to_do_next() {
        let with = |change: fn(&mut LogForm)| {
            let mut form = LogForm::default();
            change(&mut form);
            html(form, found(0, 0, false))
        };
        let rows: [(String, &str, &str); 5] = [
            (with(|form| form.id = Some("7".to_owned())), "No recorded request has this id.", "/requests?range=24h"),
            (with(|form| form.page = Some("9".to_owned())), "The list has fewer pages.", "/requests"),
            (with(|form| form.status = Some("5xx".to_owned())), "No requests match this filter.", "/requests"),
            (with(|_| {}), "No requests match this filter.", "/requests?range=24h"),
            (with(|form| form.range = Some("24h".to_owned())), "No requests in the last 24 hours.", "/"),
        ];
        for (text, words, href) in rows {
            assert!(text.contains(words) && text.contains(&format!("<a href=\"{href}\">")), "{words} {href}: {text}");
            assert!(text.contains("No requests"), "the count says so, too: {text}");
        }
    }

    #[test]
    fn a_refusal_and_each_failure_are_told_apart() {
        assert!(html(LogForm::default(), Ok(QueryOutcome::Refused(Vec::new()))).contains("Correct the field"));
        let errors = [
            (AppError::LoggedOut, "Log in again"),
            (AppError::Forbidden, "Go to the dashboard"),
            (AppError::Internal(Some("7f".to_owned())), "request id 7f"),
            (AppError::Unreadable, "Reload the page"),
            (AppError::Unreachable, "Retry"),
        ];
        for (error, words) in errors {
            let text = html(LogForm::default(), Err(error));
            assert!(text.contains("The requests could not be loaded.") && text.contains(words), "{words}: {text}");
        }
    }
}
