//! The metrics, as the rest of the program uses them.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::numbers::Numbers;
use super::served::ServedRequests;
use super::storage::store::MetricsStore;
use crate::error::AppError;
use crate::metrics::engine::overview::Period;
use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::metrics::engine::window::{SECONDS, Sum, Windows};
use crate::metrics::health_model::Health;
use crate::metrics::model::{FRESH_MILLIS, Origins, Overview, OverviewQuery, Range, Totals};
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::problem::inside;
use crate::platform::row_writer::RowWriter;
use crate::platform::single_flight::SingleFlightCache;
use crate::platform::wall_clock::epoch_millis;

/// The most overviews that are shared at the same time. With more queries at once, some are computed again.
const SHARED: usize = 16;

/// Records requests, and answers queries about them.
pub struct Metrics {
    /// The stored requests and roll-ups.
    pub store: Arc<dyn MetricsStore>,
    /// The numbers in memory.
    pub numbers: Arc<Numbers>,
    /// Takes the rows of all requests.
    pub recorder: RowWriter<RecordedRequest>,
    /// The overviews that were computed a moment ago.
    overviews: SingleFlightCache<OverviewQuery, Result<Overview, AppError>>,
}

impl Metrics {
    /// Reads the stored requests and starts the writer, which calls `on_drop` with each request that it can't record.
    /// Once `hurry` is cancelled, it does not wait long for a database that can't be written.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn open(
        store: Arc<dyn MetricsStore>,
        served: ServedRequests,
        hurry: CancellationToken,
        on_drop: impl Fn(&RecordedRequest) + Send + Sync + 'static,
    ) -> Result<Arc<Self>, StoreError> {
        let older = store.roll_up_older_version().await?;
        if older > 0 {
            tracing::info!(rows = older, "the requests of an older version are rolled up");
        }
        let numbers = Arc::new(Numbers::read(Arc::clone(&store), served).await?);
        let losses = Arc::clone(&numbers);
        let recorder = RowWriter::start("requests", Arc::clone(&numbers), hurry, move |request| {
            losses.count_dropped(request);
            on_drop(request);
        });
        let overviews = SingleFlightCache::new(Duration::from_millis(FRESH_MILLIS), SHARED);
        Ok(Arc::new(Self { store, numbers, recorder, overviews }))
    }

    /// [`Metrics::overview`], computed once for all who ask the same within [`FRESH_MILLIS`].
    ///
    /// # Errors
    /// When the store is needed and can't be read.
    pub async fn shared_overview(&self, query: OverviewQuery) -> Result<Overview, AppError> {
        self.overviews.get(query, async { self.overview(&query).await.map_err(inside) }).await
    }

    /// Everything about a period that ends now, or about a run.
    ///
    /// # Errors
    /// When the store is needed and can't be read.
    pub async fn overview(&self, query: &OverviewQuery) -> Result<Overview, StoreError> {
        let now = epoch_millis();
        match query.origin {
            Origins::Run(run) => Ok(self.numbers.with_dropped(self.overview_of_run(run, now).await?)),
            _ => Ok(self.numbers.overview(query, now)),
        }
    }

    /// The vital signs of the program over a range that ends now.
    pub fn health(&self, range: Range) -> Health {
        self.numbers.health(range, epoch_millis())
    }

    /// A run is shown second by second over its own period, from its rows, of which there are at most twelve thousand.
    /// Its totals are those of all its rows, even if a clock that was set during the run spread them over more time than
    /// can be shown.
    async fn overview_of_run(&self, run: RunId, now: i64) -> Result<Overview, StoreError> {
        let query = OverviewQuery { range: Range::Minutes5, origin: Origins::Run(run) };
        let requests = self.store.requests_of_run(run).await?;
        let mut windows = Windows::default();
        let overview = match requests.first().zip(requests.last()) {
            None => windows.overview(&query, now),
            Some((first, last)) => {
                let last = last.second();
                let period = Period::of_run(first.second().max(last - SECONDS as i64 + 1), last, now);
                let end = now.clamp(period.from * 1000, period.to * 1000);
                let mut sum = Sum::default();
                for request in &requests {
                    windows.add_to_seconds(request, last);
                    sum.add(request);
                }
                let totals = sum.totals((end - period.from * 1000) as f64 / 1000.0);
                Overview { totals, ..windows.overview_of(&query, period, end, now) }
            }
        };
        let all = overview.totals.requests;
        Ok(Overview { all, simulated: all, real: 0, trend: None, ..overview })
    }

    /// The totals of a run, by the dashboard's own query.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn totals_of_run(&self, run: RunId) -> Result<Totals, StoreError> {
        Ok(self.overview_of_run(run, epoch_millis()).await?.totals)
    }
}
