//! The newest runs, kept fresh while somebody looks.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::engine::scenario::Shape;
use super::form::RunsForm;
use super::model::{RunSummary, RunsPage};
use super::server_fns::get_runs;
use crate::error::AppError;
use crate::packed::Packed;
use crate::ui::chart::past::Period;
use crate::ui::poll::poll;

const REFRESH: Duration = Duration::from_secs(2);
/// How many are asked for: as many as can be told apart in a chart of a day.
const NEWEST: u32 = 50;

/// Asks for them.
///
/// # Errors
/// When the server does not answer.
pub async fn ask() -> Result<Packed, AppError> {
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
    pub fn follow(first: &Result<Packed, AppError>) -> Self {
        let feed = Self { runs: RwSignal::new(runs(first)) };
        poll(REFRESH, move || Box::pin(async move { feed.take(&ask().await) }));
        feed
    }

    /// What is there stays when there is no answer.
    fn take(self, answer: &Result<Packed, AppError>) {
        let answer = runs(answer);
        let is_news = |known: &Result<Vec<_>, _>| *known != answer && (answer.is_ok() || known.is_err());
        // The page may have been left meanwhile.
        if self.runs.try_with_untracked(is_news) == Some(true) {
            self.runs.set(answer);
        }
    }

    /// Asks again at once, because somebody pressed Retry.
    pub fn retry(self) -> Callback<()> {
        Callback::new(move |()| spawn_local(async move { self.take(&ask().await) }))
    }

    /// When they were, and what they had planned.
    pub fn periods(self) -> Signal<Vec<Period>> {
        Signal::derive(move || {
            self.runs.read().as_ref().map(|runs| runs.iter().map(period).collect()).unwrap_or_default()
        })
    }
}

fn runs(answer: &Result<Packed, AppError>) -> Result<Vec<RunSummary>, AppError> {
    answer.as_ref().map_err(Clone::clone)?.unpack::<RunsPage>().map(|page| page.runs)
}

/// A run as a period. One that goes on ends where it is planned to.
fn period(run: &RunSummary) -> Period {
    // Only the slots of Latency Degradation depend on the seed, its rate does not.
    let shape = Shape::new(run.scenario, run.delay, run.duration, run.max_rps, run.cap, 0);
    let planned_end = run.start_time + i64::from(run.duration) * 1000;
    Period { from: run.start_time, to: run.end_time.unwrap_or(planned_end), planned: shape.corners(), cap: run.cap }
}
