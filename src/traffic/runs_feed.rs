//! The newest runs, kept fresh while somebody looks.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::engine::scenario::Shape;
use super::form::RunsForm;
use super::model::{RunSummary, RunsPage};
use super::server_fns::get_runs;
use crate::error::AppError;
use crate::ui::chart::past::Period;

const REFRESH: Duration = Duration::from_secs(2);
/// How many are asked for: as many as can be told apart in a chart of a day.
const NEWEST: u32 = 50;

/// Asks for them.
///
/// # Errors
/// When the server does not answer.
pub async fn ask() -> Result<RunsPage, AppError> {
    get_runs(RunsForm { limit: Some(NEWEST.to_string()), ..RunsForm::default() }).await
}

/// The newest runs, followed.
#[derive(Clone, Copy)]
pub struct RunsFeed {
    /// The newest answer, or why there never was one.
    pub runs: RwSignal<Result<Vec<RunSummary>, AppError>>,
}

impl RunsFeed {
    /// Follows from the first answer on. Nothing happens on the server.
    pub fn follow(first: Result<RunsPage, AppError>) -> Self {
        let feed = Self { runs: RwSignal::new(first.map(|page| page.runs)) };
        let asking = StoredValue::new(false);
        let refresh = move || {
            if document().hidden() || asking.get_value() {
                return;
            }
            asking.set_value(true);
            spawn_local(async move {
                let answer = ask().await;
                // The page may have been left meanwhile.
                if asking.try_set_value(false).is_none() {
                    feed.take(answer);
                }
            });
        };
        Effect::new(move |_| {
            if let Ok(timer) = set_interval_with_handle(refresh, REFRESH) {
                on_cleanup(move || timer.clear());
            }
        });
        feed
    }

    /// What is there stays when there is no answer.
    fn take(self, answer: Result<RunsPage, AppError>) {
        let answer = answer.map(|page| page.runs);
        let news = self.runs.with_untracked(|known| *known != answer && (answer.is_ok() || known.is_err()));
        if news {
            self.runs.set(answer);
        }
    }

    /// Asks again at once, because somebody pressed Retry.
    pub fn retry(self) -> Callback<()> {
        Callback::new(move |()| spawn_local(async move { self.take(ask().await) }))
    }

    /// When they were, and what they had planned.
    pub fn periods(self) -> Signal<Vec<Period>> {
        Signal::derive(move || {
            self.runs.read().as_ref().map(|runs| runs.iter().map(period).collect()).unwrap_or_default()
        })
    }
}

/// A run as a period. One that goes on ends where it is planned to.
fn period(run: &RunSummary) -> Period {
    // Only the slots of Latency Degradation depend on the seed, its rate does not.
    let shape = Shape::new(run.scenario, run.delay, run.duration, run.max_rps, run.cap, 0);
    let planned_end = run.start_time + i64::from(run.duration) * 1000;
    Period { from: run.start_time, to: run.end_time.unwrap_or(planned_end), planned: shape.corners(), cap: run.cap }
}
