//! Makes the board of what the features' server functions return, once for all who request it within a short time.

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use super::board::BoardData;
use crate::error::AppError;
use crate::metrics::log_model::LogPage;
use crate::metrics::model::{FRESH_MILLIS, Overview, OverviewQuery, QueryOutcome, Range};
use crate::metrics::server_fns::{get_newest_requests, get_overview};
use crate::platform::single_flight::SingleFlightCache;
use crate::platform::wall_clock::epoch_millis;
use crate::refreshed::Refreshed;
use crate::traffic::history_query::HistoryForm;
use crate::traffic::model::RunSummary;
use crate::traffic::server_fns::{get_card_state, get_runs};

/// The number of runs to fetch: as many as can be told apart in a chart of a day.
const RUNS: u32 = 50;
/// The number of runs that the board lists, however long ago they were.
const LISTED_RUNS: usize = 5;
/// The number of boards to keep. With more views at once, some are made again.
const VIEWS: usize = 16;

/// The boards that were made a short time ago, shared by all viewers of the same view. Cheap to clone.
#[derive(Clone)]
pub struct Boards(Arc<SingleFlightCache<OverviewQuery, Arc<Refreshed<BoardData>>>>);

impl Default for Boards {
    fn default() -> Self {
        Self(Arc::new(SingleFlightCache::new(Duration::from_millis(FRESH_MILLIS), VIEWS)))
    }
}

impl Boards {
    /// The board of a view for a page that has the version `known` of it, if it has any. A part that failed to load is an
    /// error in the data.
    pub async fn get(&self, view: OverviewQuery, known: Option<u64>) -> Refreshed<BoardData> {
        self.0.get(view, async { Arc::new(fetch(view).await) }).await.since(known)
    }
}

async fn fetch(view: OverviewQuery) -> Refreshed<BoardData> {
    let range = |range: Range| Some(range.wire_name().to_owned());
    let origin = Some(view.origin.to_string());
    // The requests of a minute are seldom enough for a list.
    let listed = if view.range == Range::Minute { Range::Minutes5 } else { view.range };
    let runs = HistoryForm { limit: Some(RUNS.to_string()), ..HistoryForm::default() };
    let (overview, requests, runs, card) = tokio::join!(
        get_overview(range(view.range), origin.clone()),
        get_newest_requests(range(listed), origin),
        get_runs(runs),
        get_card_state(true)
    );
    let overview = accepted(overview);
    // The overview ends at the moment at which it was made.
    let now = overview.as_ref().map_or_else(|_| epoch_millis(), |overview| overview.to);
    let since = now - view.range.seconds() * 1000;
    let data = BoardData {
        active: card.ok().and_then(|card| card.active).filter(|run| !run.closed).map(|run| run.job_id),
        overview,
        requests: accepted(requests),
        runs: runs.map(|page| on_board(page.runs, since)),
    };
    Refreshed { version: version(&data), now, data: Some(data) }
}

/// What a query found. The board's own queries are valid.
fn accepted<T>(outcome: Result<QueryOutcome<T>, AppError>) -> Result<T, AppError> {
    outcome?.accepted().ok_or(AppError::Malformed)
}

/// The newest runs, and those of the others that reach into the period that begins at `since`, in epoch milliseconds.
fn on_board(runs: Vec<RunSummary>, since: i64) -> Vec<RunSummary> {
    let reaches = |run: &RunSummary| run.end_time.is_none_or(|end| end >= since);
    let listed = runs.into_iter().enumerate().filter(|(index, run)| *index < LISTED_RUNS || reaches(run));
    listed.map(|(_, run)| run).collect()
}

/// Names the data by their content, without what changes by time alone.
fn version(data: &BoardData) -> u64 {
    let mut data = data.clone();
    data.overview = data.overview.map(Overview::without_time);
    data.requests = data.requests.map(|page| LogPage { to: 0, seen: 0, ..page });
    let mut hasher = DefaultHasher::new();
    // Plain data with names as keys: that never fails.
    hasher.write(&serde_json::to_vec(&data).unwrap_or_default());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use uuid::Uuid;

    use super::*;
    use crate::metrics::engine::recorded_request::RecordedRequest;
    use crate::metrics::engine::window::Windows;
    use crate::origin::Origin;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture::run;

    /// A moment in epoch milliseconds.
    const NOW: i64 = 1_000_000_031_400;

    /// The board at `now` after 20 real requests in each of the first `seconds` of the last five minutes.
    fn board(seconds: i64, now: i64) -> BoardData {
        let mut windows = Windows::default();
        for number in 0..seconds * 20 {
            let request = RecordedRequest {
                id: Uuid::nil(),
                arrived_at: (NOW - 300_000) * 1000 + number * 50_000,
                method: "GET".into(),
                route: "/api/v1/users".into(),
                status: if number % 7 == 0 { 503 } else { 200 },
                duration_us: (number * 7919 % 3000) as u32 + 200,
                origin: Origin::Real,
            };
            windows.add(&request, NOW / 1000);
        }
        let overview = Ok(windows.overview(&OverviewQuery::default(), now));
        let requests = Ok(LogPage { to: now, seen: now, ..LogPage::default() });
        BoardData { active: None, overview, requests, runs: Ok(Vec::new()) }
    }

    fn compressed(answer: &Refreshed<BoardData>) -> usize {
        let json = serde_json::to_vec(answer).expect("JSON");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&json).expect("written");
        encoder.finish().expect("compressed").len()
    }

    #[test]
    fn time_alone_makes_no_new_version() {
        for seconds in [0, 30] {
            assert_eq!(version(&board(seconds, NOW - 3_000)), version(&board(seconds, NOW - 2_500)), "{seconds}");
        }
        assert_ne!(version(&board(30, NOW)), version(&board(31, NOW)), "another request");
        assert_ne!(version(&board(30, NOW)), version(&board(30, NOW + 10_000)), "the oldest leave the period");
        let active = BoardData { active: Some(run(Status::Running, false).job_id), ..board(0, NOW) };
        assert_ne!(version(&active), version(&board(0, NOW)));
    }

    #[test]
    fn an_answer_is_small() {
        let data = board(300, NOW);
        let full = Refreshed { version: version(&data), now: NOW, data: Some(data) };
        assert!(compressed(&full) < 14_000, "{} bytes for 6,000 requests", compressed(&full));
        let idle = full.since(Some(full.version));
        let bytes = serde_json::to_vec(&idle).expect("JSON").len();
        assert!(bytes < 100, "{bytes} bytes when nothing has changed");
    }

    #[test]
    fn runs_are_there_if_they_are_listed_or_on_the_axis() {
        let run = |number: i64, end_time: Option<i64>| RunSummary {
            start_time: number,
            end_time,
            ..RunSummary::from(&run(Status::Completed, true))
        };
        let runs: Vec<RunSummary> =
            (0..8).map(|number| run(number, Some(1000 - number * 100))).chain([run(8, None)]).collect();
        let shown = |since| on_board(runs.clone(), since).iter().map(|run| run.start_time).collect::<Vec<_>>();
        assert_eq!(shown(5_000), [0, 1, 2, 3, 4, 8]);
        assert_eq!(shown(400), [0, 1, 2, 3, 4, 5, 6, 8]);
    }
}
