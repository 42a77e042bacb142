//! The board on the page, kept fresh while somebody looks.

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;
use web_sys::wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent};

use super::board::Board;
use super::server_fns::get_board;
use crate::error::AppError;
use crate::metrics::address::read_view;
use crate::metrics::model::OverviewQuery;
use crate::ui::chart::reader::Reader;
use crate::ui::notice::failed_html;
use crate::ui::patch::{is_drawn_already, patch};
use crate::ui::poll::poll;

/// How often it is asked for: a second is the step of the shortest range.
const REFRESH: Duration = Duration::from_secs(1);

/// Range and origin, as the address has them.
pub fn use_view() -> Memo<OverviewQuery> {
    let query = use_query_map();
    Memo::new(move |_| read_view(|name| query.read().get(name)))
}

async fn ask(view: OverviewQuery, points: String) -> Result<Board, AppError> {
    get_board(view.range.wire_name().to_owned(), view.origin.to_string(), points).await
}

/// What is on the page first: nothing needs to be asked for that the server has drawn.
pub async fn first_board(view: OverviewQuery) -> Result<Board, AppError> {
    if is_drawn_already(".board") { Ok(Board::default()) } else { ask(view, "all".to_owned()).await }
}

/// The board as it was last drawn, followed. All of it is of one moment.
#[derive(Clone, Copy)]
pub struct LiveBoard {
    view: Memo<OverviewQuery>,
    reader: Option<Reader>,
    /// Where the key figures are.
    pub above: NodeRef<html::Div>,
    /// Where the rest is.
    pub below: NodeRef<html::Div>,
    /// The last question was answered.
    pub reachable: RwSignal<bool>,
    /// Something was drawn at least once.
    drawn: StoredValue<bool>,
}

impl LiveBoard {
    /// Follows from its first answer on. Nothing happens on the server.
    pub fn follow(view: Memo<OverviewQuery>, drawn: bool) -> Self {
        let live = Self {
            view,
            reader: use_context(),
            above: NodeRef::new(),
            below: NodeRef::new(),
            reachable: RwSignal::new(drawn),
            drawn: StoredValue::new(drawn),
        };
        poll(REFRESH, move || Box::pin(live.ask()));
        // Another choice is not made to wait for the next second, and neither is who begins to read a chart.
        Effect::new(move |before: Option<(OverviewQuery, Vec<String>)>| {
            let now = (view.get(), live.wanted());
            let is_new = before.as_ref().is_some_and(|before| now.0 != before.0 || now.1.len() > before.1.len());
            if is_new {
                spawn_local(live.ask());
            } else if before.is_none() {
                live.refresh_readers();
            }
            now
        });
        live
    }

    fn wanted(self) -> Vec<String> {
        let all = self.reader.map(Reader::wanted).unwrap_or_default();
        all.into_iter().filter(|name| name.starts_with("past-")).collect()
    }

    /// What is there stays when there is no answer.
    async fn ask(self) {
        // The page may have been left, also while the answer was under way.
        let Some(view) = self.view.try_get_untracked() else { return };
        let answer = ask(view, untrack(|| self.wanted()).join(",")).await;
        if self.view.try_get_untracked() != Some(view) {
            return;
        }
        self.reachable.set(answer.is_ok());
        match answer {
            Ok(board) => {
                self.drawn.set_value(true);
                self.draw(&board);
            }
            Err(why) if !self.drawn.get_value() => self.draw(&nothing(&why)),
            Err(_) => {}
        }
    }

    fn draw(self, board: &Board) {
        for (place, html) in [(self.above, &board.0), (self.below, &board.1)] {
            if let Some(place) = place.get_untracked() {
                patch(&place, html);
            }
        }
        self.refresh_readers();
    }

    fn refresh_readers(self) {
        if let (Some(reader), Some(below)) = (self.reader, self.below.get_untracked()) {
            reader.refresh(&below);
        }
    }

    /// Asks again at once when the click was on Retry.
    pub fn clicked(self, event: &MouseEvent) {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if target.is_some_and(|target| target.has_attribute("data-retry")) {
            spawn_local(self.ask());
        }
    }
}

/// In place of a board that can't be had.
pub fn nothing(why: &AppError) -> Board {
    Board(failed_html("The dashboard's figures could not be loaded.", &why.to_string()), String::new())
}
