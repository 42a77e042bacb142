//! The board on the page, kept fresh while somebody looks. Another range or origin is chosen without a new page, so that
//! the simulator beside it stays as it is; the address follows.

use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, MouseEvent, UrlSearchParams};

use super::board::Board;
use super::server_fns::get_board;
use crate::error::AppError;
use crate::metrics::address::read_view;
use crate::metrics::model::OverviewQuery;
use crate::ui::chart::reader::Reader;
use crate::ui::notice::{failed_call_html, here};
use crate::ui::patch::patch;
use crate::ui::poll::poll;

/// How often it is asked for: a second is the step of the shortest range.
const REFRESH: Duration = Duration::from_secs(1);

/// Where the parts of the board stand on the page.
const PLACES: [&str; 3] = [".view-filter", ".figures-now", ".board"];

/// Asks for the board.
///
/// # Errors
/// As the server says, or that it can't be reached.
pub async fn ask(view: OverviewQuery, points: String) -> Result<Board, AppError> {
    get_board(view.range.wire_name().to_owned(), view.origin.to_string(), points).await
}

/// In place of a board that can't be had.
pub fn nothing(why: &AppError) -> Board {
    let words = failed_call_html("The dashboard's figures could not be loaded.", why, &here());
    Board(String::new(), words, String::new())
}

/// Follows the board of the page, and says so when it can't.
#[island]
pub fn LiveBoard() -> impl IntoView {
    let stale = RwSignal::new(None);
    Effect::new(move |_| Live { stale, view: StoredValue::new(chosen()), drawn: StoredValue::new(true) }.begin());
    let way_out = move || {
        let (words, href) = stale.get()?.way_out(&here())?;
        Some(view! { <a href=href>{words}</a> })
    };
    view! {
        <p class="stale-note" hidden=move || stale.read().is_none()>
            {move || stale.read().as_ref().map(stale_words)}
            {way_out}
        </p>
    }
}

/// What is said beside figures that could not be replaced by newer ones.
fn stale_words(why: &AppError) -> String {
    // Else there is a link for what is to be done.
    let next = if why.way_out("").is_none() { "; the page keeps trying." } else { ". " };
    format!("{} These are its last known figures{next}", why.what())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_figures_say_why_they_are_old() {
        assert_eq!(
            stale_words(&AppError::Unreachable),
            "The server can't be reached. These are its last known figures; the page keeps trying."
        );
        assert_eq!(
            stale_words(&AppError::LoggedOut),
            "You are not logged in any more. These are its last known figures. "
        );
        let Board(_, words, _) = nothing(&AppError::LoggedOut);
        assert!(words.contains("<a class=\"button\" href=\"/login?next=\">Log in again</a>"), "{words}");
        let Board(_, words, _) = nothing(&AppError::Internal(None));
        assert!(words.contains("data-retry>Retry</a>"), "{words}");
    }
}

/// Range and origin, as the address has them.
fn chosen() -> OverviewQuery {
    let query = window().location().search().ok().and_then(|query| UrlSearchParams::new_with_str(&query).ok());
    read_view(|name| query.as_ref().and_then(|query| query.get(name)))
}

/// The board as it was last drawn. All of it is of one moment.
#[derive(Clone, Copy)]
struct Live {
    /// Why the last question was not answered, and what was drawn before stays.
    stale: RwSignal<Option<AppError>>,
    /// What is chosen.
    view: StoredValue<OverviewQuery>,
    /// What is drawn is what is chosen.
    drawn: StoredValue<bool>,
}

impl Live {
    fn begin(self) {
        refresh_readers();
        poll(REFRESH, move || Box::pin(self.ask()));
        // As long as the page lives.
        let _listening = window_event_listener(ev::click, move |event| self.clicked(&event));
        let _listening = window_event_listener(ev::popstate, move |_| self.choose());
        // Who begins to read a chart is not made to wait for the next second.
        Reader::on_wish(move || spawn_local(self.ask()));
    }

    /// Takes over what the address says.
    fn choose(self) {
        self.view.set_value(chosen());
        self.drawn.set_value(false);
        spawn_local(self.ask());
    }

    /// What is there stays when there is no answer, unless it is of another choice.
    async fn ask(self) {
        let view = self.view.get_value();
        let answer = ask(view, untrack(Reader::wanted_ids)).await;
        if self.view.get_value() != view {
            return;
        }
        match answer {
            Ok(board) => {
                self.drawn.set_value(true);
                self.stale.set(None);
                draw(&board);
            }
            Err(why) if !self.drawn.get_value() => draw(&nothing(&why)),
            Err(why) => self.stale.set(Some(why)),
        }
    }

    /// A choice, or Retry.
    fn clicked(self, event: &MouseEvent) {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let link = target.and_then(|target| {
            target.closest("a.view-choice, .figures-now [data-retry], .board [data-retry]").ok().flatten()
        });
        let plain =
            event.button() == 0 && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        let Some(link) = link.filter(|_| plain) else { return };
        event.prevent_default();
        if link.has_attribute("data-retry") {
            spawn_local(self.ask());
            return;
        }
        let history = window().history();
        if history.is_ok_and(|history| {
            history.push_state_with_url(&JsValue::NULL, "", link.get_attribute("href").as_deref()).is_ok()
        }) {
            self.choose();
        }
    }
}

fn draw(Board(choices, above, below): &Board) {
    for (place, html) in PLACES.iter().zip([choices, above, below]) {
        // Without choices there is no new board, and the old ones stay.
        if let (Ok(Some(place)), true) = (document().query_selector(place), !html.is_empty() || *place == ".board") {
            patch(&place, html);
        }
    }
    refresh_readers();
}

fn refresh_readers() {
    if let Ok(Some(board)) = document().query_selector(".board") {
        Reader::refresh(&board);
    }
}
