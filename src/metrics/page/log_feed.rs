//! What the request log shows, and how it changes in the browser.

use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use uuid::Uuid;
use web_sys::UrlSearchParams;
use web_sys::wasm_bindgen::JsValue;

use crate::error::AppError;
use crate::metrics::log_form::LogForm;
use crate::metrics::log_model::LogPage;
use crate::metrics::model::QueryOutcome;
use crate::metrics::server_fns::{count_newer, get_log};
use crate::ui::dom::focus_id;

/// How often the requests that came since are counted.
const INTERVAL: Duration = Duration::from_secs(2);
/// How long somebody has to stop typing before the filter acts.
const TYPING: Duration = Duration::from_millis(400);

/// The id of the element that says how many requests match.
pub(super) const COUNT_ID: &str = "log-count";

/// What the server said to a filter.
pub type LogAnswer = Result<QueryOutcome<LogPage>, AppError>;

/// The one request that was searched by its id, if it was found.
pub(super) fn found_by_id(form: &LogForm, answer: &LogAnswer) -> Option<Uuid> {
    let Ok(QueryOutcome::Found(page)) = answer else { return None };
    form.id.as_ref()?;
    page.requests.first().map(|request| request.request_id)
}

/// The filter in the address of the browser.
fn form_in_address() -> LogForm {
    let query = window().location().search().ok().and_then(|query| UrlSearchParams::new_with_str(&query).ok());
    LogForm::read(|name| query.as_ref().and_then(|query| query.get(name)))
}

/// What becomes of the page before in the browser's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Back leads to it.
    Kept,
    /// It is replaced, because each letter that is typed is no step of its own.
    Replaced,
}

/// The state of the request log.
#[derive(Clone, Copy, Debug)]
pub struct LogFeed {
    /// The filter, as its controls show it.
    pub(super) form: RwSignal<LogForm>,
    /// What was found with the last filter that was answered.
    pub(super) answer: RwSignal<LogAnswer>,
    /// Is an answer under way?
    pub(super) is_loading: RwSignal<bool>,
    /// How many matching requests came since, or why that is not known.
    pub(super) newer: RwSignal<Result<u32, AppError>>,
    /// The number of the last load, by which an answer that comes late is told from the one that is awaited.
    load: StoredValue<u32>,
    /// The number of the last change by typing.
    typed: StoredValue<u32>,
    /// Are the requests that came since being counted?
    is_counting: StoredValue<bool>,
}

impl LogFeed {
    pub(super) fn new(form: LogForm, answer: LogAnswer) -> Self {
        Self {
            form: RwSignal::new(form),
            answer: RwSignal::new(answer),
            is_loading: RwSignal::new(false),
            newer: RwSignal::new(Ok(0)),
            load: StoredValue::new(0),
            typed: StoredValue::new(0),
            is_counting: StoredValue::new(false),
        }
    }

    /// Follows the address and counts new requests, as long as the page lives. Called in the browser only.
    pub(super) fn start(self) {
        let _ = window_event_listener(ev::popstate, move |_| {
            self.form.set(form_in_address());
            self.load();
        });
        set_interval(move || self.count_newer(), INTERVAL);
    }

    /// Changes the filter by a choice, and shows the first page of what matches.
    pub(super) fn choose(self, change: impl FnOnce(&mut LogForm)) {
        self.change(change);
        self.show(Before::Kept);
    }

    /// Changes the filter by typing. It acts when nothing was typed for a moment.
    pub(super) fn type_in(self, change: impl FnOnce(&mut LogForm)) {
        self.change(change);
        let number = self.typed.get_value() + 1;
        self.typed.set_value(number);
        set_timeout(
            move || {
                if self.typed.get_value() == number {
                    self.show(Before::Replaced);
                }
            },
            TYPING,
        );
    }

    /// Changes the filter by a link. The link may go away with what it changes, so the focus moves to the head of the list.
    pub(super) fn follow(self, change: impl FnOnce(&mut LogForm)) {
        self.choose(change);
        focus_id(COUNT_ID);
    }

    /// Shows another page of the same list.
    pub(super) fn turn_to(self, page: u32) {
        self.follow(|form| form.page = Some(page.to_string()));
    }

    /// Shows the newest requests that match.
    pub(super) fn show_newest(self) {
        self.change(|_| {});
        self.show(Before::Replaced);
        focus_id(COUNT_ID);
    }

    fn change(self, change: impl FnOnce(&mut LogForm)) {
        self.form.update(|form| {
            form.page = None;
            change(form);
        });
    }

    /// Brings the filter into the address and fetches what matches.
    fn show(self, before: Before) {
        // What is typed and has not acted yet acts now.
        self.typed.update_value(|typed| *typed += 1);
        self.write_address(before);
        self.load();
    }

    fn write_address(self, before: Before) {
        let link = self.form.read_untracked().link();
        let written = window().history().and_then(|history| match before {
            Before::Kept => history.push_state_with_url(&JsValue::NULL, "", Some(&link)),
            Before::Replaced => history.replace_state_with_url(&JsValue::NULL, "", Some(&link)),
        });
        // Browsers refuse too many changes in a short time; the list is right all the same.
        written.ok();
    }

    /// Fetches what matches the filter.
    pub(super) fn load(self) {
        let number = self.load.get_value() + 1;
        self.load.set_value(number);
        self.is_loading.set(true);
        let form = self.form.get_untracked();
        spawn_local(async move {
            let answer = get_log(form.clone()).await;
            if self.load.get_value() != number {
                return;
            }
            self.is_loading.set(false);
            if let Some(id) = found_by_id(&form, &answer) {
                self.leave_for(id);
                return;
            }
            self.newer.set(Ok(0));
            self.answer.set(answer);
        });
    }

    /// Goes to the page of a request that was searched by its id. The search does not stay in the history, so that Back
    /// leads to the list, and not to the search, which would lead here again.
    fn leave_for(self, id: Uuid) {
        self.form.update(|form| form.id = None);
        self.write_address(Before::Replaced);
        // A browser that refuses stays at the list.
        let _ = window().location().assign(&format!("/requests/{id}"));
    }

    /// Counts the requests that came since the list was fetched, while somebody may see it.
    fn count_newer(self) {
        let seen = self.answer.with_untracked(|answer| match answer {
            Ok(QueryOutcome::Found(page)) => Some(page.seen),
            _ => None,
        });
        let Some(seen) = seen.filter(|_| !document().hidden()) else { return };
        if self.is_loading.get_untracked() || self.is_counting.get_value() {
            return;
        }
        self.is_counting.set_value(true);
        let number = self.load.get_value();
        let form = self.form.get_untracked();
        spawn_local(async move {
            let newer = match count_newer(form, seen).await {
                Ok(QueryOutcome::Found(newer)) => Ok(newer),
                // Somebody is typing something that is no filter yet.
                Ok(QueryOutcome::Refused(_)) => Ok(0),
                Err(error) => Err(error),
            };
            self.is_counting.set_value(false);
            if self.load.get_value() == number && self.newer.with_untracked(|known| *known != newer) {
                self.newer.set(newer);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::view::fixture;

    #[test]
    fn only_a_search_by_id_leads_to_the_request() {
        let request = fixture::request(7);
        let found = |requests| Ok(QueryOutcome::Found(LogPage { requests, ..LogPage::default() }));
        let by_id = LogForm { id: Some("7".to_owned()), ..LogForm::default() };
        assert_eq!(found_by_id(&by_id, &found(vec![request.clone()])), Some(Uuid::from_u128(7)));
        assert_eq!(found_by_id(&LogForm::default(), &found(vec![request])), None);
        assert_eq!(found_by_id(&by_id, &found(Vec::new())), None);
        assert_eq!(found_by_id(&by_id, &Err(AppError::Unreachable)), None);
    }
}
