//! Keeps the health of simulator and database fresh in the browser, while somebody looks at it.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::error::{AppError, Loaded};
use crate::metrics::health_model::Health;
use crate::metrics::model::Range;
use crate::metrics::server_fns::get_health;
use crate::ui::refresh::{answered, poll};

/// How often it is fetched.
const EVERY: Duration = Duration::from_secs(2);

/// The vital signs as they stand in the browser.
#[derive(Clone, Copy)]
pub struct HealthFeed {
    /// The vital signs.
    pub health: RwSignal<Loaded<Health>>,
    /// Does somebody look at them?
    pub open: RwSignal<bool>,
    range: Signal<Range>,
}

/// The vital signs over a range.
///
/// # Errors
/// The error of the server, or that it can't be reached.
pub async fn fetch_health(range: Range) -> Result<Health, AppError> {
    let answer = get_health(Some(range.wire_name().to_owned())).await?;
    answer.accepted().ok_or(AppError::Malformed)
}

impl HealthFeed {
    /// Follows the vital signs over a range that may change. They are open if the page was rendered with them.
    pub fn new(first: Loaded<Health>, range: Signal<Range>) -> Self {
        let open = RwSignal::new(first.is_some());
        let feed = Self { health: RwSignal::new(first), open, range };
        let every = Memo::new(move |_| open.get().then_some(EVERY));
        let _ = poll(every.into(), move || feed.fetch());
        Effect::watch(move || range.get(), move |_, _, _| feed.refresh(), false);
        feed
    }

    /// Opens or closes them.
    pub fn toggle(self) {
        self.open.update(|open| *open = !*open);
        self.refresh();
    }

    fn refresh(self) {
        if self.open.get_untracked() {
            spawn_local(self.fetch());
        }
    }

    async fn fetch(self) {
        let Some(range) = self.range.try_get_untracked() else { return };
        let answer = answered(fetch_health(range)).await;
        if self.range.try_get_untracked() == Some(range) {
            let _ = self.health.try_set(Some(answer));
        }
    }
}
