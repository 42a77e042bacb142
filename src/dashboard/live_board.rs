//! Keeps the board on the page fresh. Another range or origin is chosen without loading a new page, so that the simulator
//! beside the board keeps its state; the address follows.

use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::wasm_bindgen::JsValue;
use web_sys::{MouseEvent, UrlSearchParams};

use super::board::Board;
use super::server_fns::get_board;
use crate::error::AppError;
use crate::metrics::address::read_view;
use crate::metrics::model::OverviewQuery;
use crate::ui::chart::reader::Reader;
use crate::ui::dom::target;
use crate::ui::notice::{failed_call_html, here};
use crate::ui::refresh::{keep_fresh, replace};

/// A second is the step of the shortest range.
const INTERVAL: Duration = Duration::from_secs(1);

/// Fetches the board. `points` are the charts whose tables get their rows.
///
/// # Errors
/// The error of the server, or that it can't be reached.
pub async fn fetch_board(view: OverviewQuery, points: String) -> Result<Board, AppError> {
    get_board(view.range.wire_name().to_owned(), view.origin.to_string(), points).await
}

/// An error message in place of a board that could not be loaded.
pub fn failed_board(why: &AppError) -> Board {
    let key_figures = failed_call_html("The dashboard's figures could not be loaded.", why, &here());
    Board { key_figures, ..Board::default() }
}

/// Keeps the board of the page fresh, and says so while it can't.
#[island]
pub fn LiveBoard() -> impl IntoView {
    let stale = RwSignal::new(None);
    Effect::new(move |_| BoardFeed::new(stale).start());
    let way_out = move || {
        let (words, href) = stale.get()?.way_out(&here())?;
        Some(view! { <a href=href>{words}</a> })
    };
    view! {
        <p class="stale-note" hidden=move || stale.read().is_none()>
            {move || stale.read().as_ref().map(stale_note)}
            {way_out}
        </p>
    }
}

/// The note beside figures that could not be refreshed.
fn stale_note(why: &AppError) -> String {
    // Otherwise a link follows that says what to do.
    let next = if why.way_out("").is_none() { "; the page keeps trying." } else { ". " };
    format!("{} These are the last known figures{next}", why.what())
}

fn view_in_address() -> OverviewQuery {
    let query = window().location().search().ok().and_then(|query| UrlSearchParams::new_with_str(&query).ok());
    read_view(|name| query.as_ref().and_then(|query| query.get(name)))
}

/// Follows the board from the browser.
#[derive(Clone, Copy)]
struct BoardFeed {
    /// Why the last fetch failed, while the page still shows the figures from before.
    stale: RwSignal<Option<AppError>>,
    /// The chosen range and origin.
    view: StoredValue<OverviewQuery>,
    /// Does the page show the chosen view? Otherwise its figures are those of another one.
    shows_view: StoredValue<bool>,
}

impl BoardFeed {
    fn new(stale: RwSignal<Option<AppError>>) -> Self {
        Self { stale, view: StoredValue::new(view_in_address()), shows_view: StoredValue::new(true) }
    }

    fn start(self) {
        keep_fresh(INTERVAL, move |_| self.refresh());
        // Both listeners live as long as the page.
        let _ = window_event_listener(ev::click, move |event| self.on_click(&event));
        let _ = window_event_listener(ev::popstate, move |_| self.follow_address());
    }

    /// Shows the view that the address names.
    fn follow_address(self) {
        self.view.set_value(view_in_address());
        self.shows_view.set_value(false);
        spawn_local(self.refresh());
    }

    /// Fetches the board and shows it. If that fails, the old figures stay, unless they are those of another view.
    async fn refresh(self) {
        let view = self.view.get_value();
        let fetched = fetch_board(view, untrack(Reader::wanted_ids)).await;
        if self.view.get_value() != view {
            return;
        }
        match fetched {
            Ok(board) => {
                self.shows_view.set_value(true);
                self.stale.set(None);
                show(&board);
            }
            Err(why) if !self.shows_view.get_value() => show(&failed_board(&why)),
            Err(why) => self.stale.set(Some(why)),
        }
    }

    /// Handles plain clicks on a choice or on Retry.
    fn on_click(self, event: &MouseEvent) {
        let has_modifier = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
        if event.button() != 0 || has_modifier {
            return;
        }
        const LINKS: &str = "a.view-choice, .figures-now [data-retry], .board [data-retry]";
        let Some(link) = target(event).and_then(|target| target.closest(LINKS).ok()?) else { return };
        event.prevent_default();
        if link.has_attribute("data-retry") {
            spawn_local(self.refresh());
            return;
        }
        let href = link.get_attribute("href");
        let history = window().history();
        if history.is_ok_and(|history| history.push_state_with_url(&JsValue::NULL, "", href.as_deref()).is_ok()) {
            self.follow_address();
        }
    }
}

fn show(board: &Board) {
    // An error message comes without choices; those on the page stay.
    if !board.choices.is_empty() {
        replace(".view-filter", &board.choices);
    }
    replace(".figures-now", &board.key_figures);
    replace(".board", &board.details);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_figures_say_why_they_are_old() {
        assert_eq!(
            stale_note(&AppError::Unreachable),
            "The server can't be reached. These are the last known figures; the page keeps trying."
        );
        assert_eq!(
            stale_note(&AppError::LoggedOut),
            "You are not logged in any more. These are the last known figures. "
        );
        let html = failed_board(&AppError::LoggedOut).key_figures;
        assert!(html.contains("<a class=\"button\" href=\"/login?next=\">Log in again</a>"), "{html}");
        let html = failed_board(&AppError::Internal(None)).key_figures;
        assert!(html.contains("data-retry>Retry</a>"), "{html}");
    }
}
