//! The overview that the dashboard shows, kept fresh while somebody looks.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;

use super::address::read_view;
use super::model::{Outcome, Overview, OverviewQuery};
use super::server_fns::get_overview;

/// How often it is asked for: a second is the step of the shortest range.
const REFRESH: Duration = Duration::from_secs(1);

/// Range and origin, as the address has them.
pub fn use_view() -> Memo<OverviewQuery> {
    let query = use_query_map();
    Memo::new(move |_| read_view(|name| query.read().get(name)))
}

/// Asks for an overview: why there is none, in words, if there is none.
///
/// # Errors
/// When the server does not answer, or refuses.
pub async fn ask(view: OverviewQuery) -> Result<Overview, String> {
    match get_overview(Some(view.range.wire_name().to_owned()), Some(view.origin.to_string())).await {
        Ok(Outcome::Found(overview)) => Ok(overview),
        Ok(Outcome::Refused(errors)) => Err(errors.into_iter().map(|error| error.detail).collect::<Vec<_>>().join(" ")),
        Err(error) => Err(error.to_string()),
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
    pub fn follow(view: Memo<OverviewQuery>, first: Result<Overview, String>) -> Self {
        let reachable = RwSignal::new(first.is_ok());
        let live = Self { view, now: RwSignal::new(first), reachable };
        let asked = StoredValue::new(None::<OverviewQuery>);
        let refresh = move || {
            let wanted = view.get_untracked();
            // A question that is still open is not asked twice; another one is.
            if document().hidden() || asked.get_value() == Some(wanted) {
                return;
            }
            asked.set_value(Some(wanted));
            spawn_local(async move {
                let answer = ask(wanted).await;
                // The page may have been left meanwhile, or shows something else now.
                if asked.try_get_value() == Some(Some(wanted)) {
                    asked.set_value(None);
                    live.take(answer);
                }
            });
        };
        Effect::new(move |before: Option<OverviewQuery>| {
            let view = view.get();
            if before.is_some_and(|before| before != view) {
                refresh();
            }
            view
        });
        Effect::new(move |_| {
            if let Ok(timer) = set_interval_with_handle(refresh, REFRESH) {
                on_cleanup(move || timer.clear());
            }
        });
        live
    }

    /// What is there stays when there is no answer.
    fn take(self, answer: Result<Overview, String>) {
        self.reachable.set(answer.is_ok());
        if answer.is_ok() || self.now.with_untracked(Result::is_err) {
            self.now.set(answer);
        }
    }

    /// Asks again at once, because somebody pressed Retry.
    pub fn retry(self) -> Callback<()> {
        Callback::new(move |()| {
            let view = self.view.get_untracked();
            spawn_local(async move { self.take(ask(view).await) });
        })
    }

    /// Something of the newest overview; the default without one.
    pub fn of<T: Default + Send + Sync + 'static>(
        self,
        read: impl Fn(&Overview) -> T + Send + Sync + 'static,
    ) -> Signal<T> {
        Signal::derive(move || self.now.read().as_ref().map(&read).unwrap_or_default())
    }
}
