//! The overview that the dashboard shows, kept fresh while somebody looks.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;
use serde::de::DeserializeOwned;

use super::address::read_view;
use super::model::{Outcome, Overview, OverviewQuery};
use super::server_fns::get_overview;
use crate::error::AppError;
use crate::packed::Packed;
use crate::ui::erased::live;
use crate::ui::notice::Failed;
use crate::ui::poll::poll;

/// How often it is asked for: a second is the step of the shortest range.
const REFRESH: Duration = Duration::from_secs(1);

/// Range and origin, as the address has them.
pub fn use_view() -> Memo<OverviewQuery> {
    let query = use_query_map();
    Memo::new(move |_| read_view(|name| query.read().get(name)))
}

/// Asks for an overview.
///
/// # Errors
/// When the server does not answer.
pub async fn ask(view: OverviewQuery) -> Result<Packed, AppError> {
    get_overview(Some(view.range.wire_name().to_owned()), Some(view.origin.to_string())).await
}

/// What was found, or in words why nothing was.
///
/// # Errors
/// When the server did not answer, or refused.
pub fn found<T: DeserializeOwned>(answer: &Result<Packed, AppError>) -> Result<T, String> {
    let outcome = answer.as_ref().map_err(ToString::to_string)?.unpack();
    match outcome.map_err(|error| error.to_string())? {
        Outcome::Found(found) => Ok(found),
        Outcome::Refused(errors) => Err(errors.into_iter().map(|error| error.detail).collect::<Vec<_>>().join(" ")),
    }
}

/// An overview, followed. Everything on the dashboard reads this one, so that no two numbers are of
/// different moments.
#[derive(Clone, Copy)]
pub struct LiveOverview {
    /// What is asked for.
    pub view: Memo<OverviewQuery>,
    /// The newest answer, or why there never was one.
    pub now: RwSignal<Result<Overview, String>>,
    /// The last question was answered.
    pub reachable: RwSignal<bool>,
}

impl LiveOverview {
    /// Follows from its first answer on. Nothing happens on the server.
    pub fn follow(view: Memo<OverviewQuery>, first: &Result<Packed, AppError>) -> Self {
        let first = found::<Overview>(first);
        let reachable = RwSignal::new(first.is_ok());
        let live = Self { view, now: RwSignal::new(first), reachable };
        poll(REFRESH, move || Box::pin(live.ask()));
        // Another choice is not made to wait for the next second.
        Effect::new(move |before: Option<OverviewQuery>| {
            let view = view.get();
            if before.is_some_and(|before| before != view) {
                spawn_local(live.ask());
            }
            view
        });
        live
    }

    /// What is there stays when there is no answer.
    async fn ask(self) {
        // The page may have been left, also while the answer was under way.
        let Some(wanted) = self.view.try_get_untracked() else { return };
        let answer = found::<Overview>(&ask(wanted).await);
        if self.view.try_get_untracked() != Some(wanted) {
            return;
        }
        self.reachable.set(answer.is_ok());
        if answer.is_ok() || self.now.with_untracked(Result::is_err) {
            self.now.set(answer);
        }
    }

    /// Something of the newest overview; the default without one.
    pub fn of<T: Default + Send + Sync + 'static>(
        self,
        read: impl Fn(&Overview) -> T + Send + Sync + 'static,
    ) -> Signal<T> {
        Signal::derive(move || self.now.read().as_ref().map(&read).unwrap_or_default())
    }

    /// `content`, or why there is nothing to show and a way to try again.
    pub fn or_failure(self, what: &'static str, content: impl Fn() -> AnyView + Send + 'static) -> AnyView {
        let failure = Memo::new(move |_| self.now.read().as_ref().err().cloned());
        let retry = Callback::new(move |()| spawn_local(self.ask()));
        live(move || match failure.get() {
            Some(why) => view! { <Failed what why retry /> }.into_any(),
            None => content(),
        })
    }
}
