//! The numbers in memory: the windows that every page view is made of, the counters and the vital signs. The one writer
//! fills them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;

use super::served::ServedRequests;
use super::storage::store::MetricsStore;
use crate::metrics::engine::gauges::Gauges;
use crate::metrics::engine::overview::Period;
use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::metrics::engine::window::{SECONDS, Windows};
use crate::metrics::health_model::Health;
use crate::metrics::model::{Overview, OverviewQuery, Range};
use crate::platform::database::StoreError;
use crate::platform::row_writer::Sink;
use crate::platform::wall_clock::epoch_millis;

/// What is known of the recorded requests without reading the database.
pub struct Numbers {
    store: Arc<dyn MetricsStore>,
    windows: Mutex<Windows>,
    /// Held from inserting rows until they are in the windows, and while the windows are rebuilt.
    counting: tokio::sync::Mutex<()>,
    /// How many requests of each minute were not recorded, and are not in the store as such yet.
    lost: Mutex<BTreeMap<i64, u32>>,
    pub(super) gauges: Mutex<Gauges>,
    /// What was served since the start of the process.
    pub served: ServedRequests,
    pub(super) recorded: AtomicU64,
}

/// Computes the windows from the stored rows and roll-ups, as they are now.
async fn stored_windows(store: &dyn MetricsStore) -> Result<Windows, StoreError> {
    let mut windows = Windows::default();
    let now = epoch_millis() / 1000;
    let first = (now - SECONDS as i64) * 1_000_000;
    store.visit_since(first, &mut |request| windows.add_to_seconds(request, now)).await?;
    let minute = (now - 2 * Range::Day.seconds()).div_euclid(60) - Range::Day.step() / 60;
    for (key, tally) in store.rollups_since(minute).await? {
        windows.add_rollup(&key, &tally, now);
    }
    if let Some(second) = store.oldest().await? {
        windows.recorded_since(second);
    }
    Ok(windows)
}

impl Numbers {
    /// Reads the stored requests into the windows.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(super) async fn read(store: Arc<dyn MetricsStore>, served: ServedRequests) -> Result<Self, StoreError> {
        let numbers = Self {
            windows: Mutex::new(stored_windows(store.as_ref()).await?),
            store,
            counting: tokio::sync::Mutex::default(),
            lost: Mutex::default(),
            gauges: Mutex::default(),
            served,
            recorded: AtomicU64::new(0),
        };
        numbers.restore_lost().await?;
        Ok(numbers)
    }

    /// Reads the stored requests again after the clock was set: the steps that the windows hold may be those of another
    /// time, and stored rows may belong to other steps than before.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn rebuild(&self) -> Result<(), StoreError> {
        // Nothing is stored meanwhile.
        let _guard = self.counting.lock().await;
        let windows = stored_windows(self.store.as_ref()).await?;
        *self.windows.lock() = windows;
        self.restore_lost().await
    }

    /// Reads again from the store how many requests were not recorded.
    async fn restore_lost(&self) -> Result<(), StoreError> {
        let now = epoch_millis() / 1000;
        let stored = self.store.lost_since((now - Range::Day.seconds()).div_euclid(60)).await?;
        let unstored = self.lost.lock().clone();
        let mut gauges = self.gauges.lock();
        gauges.clear_lost();
        stored.into_iter().chain(unstored).for_each(|(minute, requests)| gauges.add_lost(minute * 60, requests, now));
        Ok(())
    }

    /// Counts a request that was served and not recorded, because its row was dropped.
    pub fn count_dropped(&self, request: &RecordedRequest) {
        let second = request.second();
        self.served.add(request);
        *self.lost.lock().entry(second.div_euclid(60)).or_default() += 1;
        self.gauges.lock().add_lost(second, 1, epoch_millis() / 1000);
    }

    /// Stores how many requests were not recorded since the last call. What can't be written now is retried by the next
    /// call.
    pub async fn store_lost(&self) {
        let lost = std::mem::take(&mut *self.lost.lock());
        if lost.is_empty() {
            return;
        }
        if let Err(error) = self.store.count_lost(&lost).await {
            tracing::warn!(%error, "the number of requests that were not recorded could not be stored");
            let mut unstored = self.lost.lock();
            lost.into_iter().for_each(|(minute, requests)| *unstored.entry(minute).or_default() += requests);
        }
    }

    /// Everything about the period that ends now, in epoch milliseconds.
    pub(super) fn overview(&self, query: &OverviewQuery, now: i64) -> Overview {
        let overview = self.windows.lock().overview(query, now);
        self.with_dropped(overview)
    }

    /// Adds the number of requests of its period that were not recorded to an overview.
    pub(super) fn with_dropped(&self, overview: Overview) -> Overview {
        let (from, to) = (overview.from / 1000, overview.to / 1000 + 1);
        let dropped = self.gauges.lock().lost(overview.range, from, to);
        Overview { dropped, ..overview }
    }

    /// The vital signs of the range that ends now, in epoch milliseconds.
    pub(super) fn health(&self, range: Range, now: i64) -> Health {
        let Period { from, over, .. } = Period::until(now, range);
        Health { range, now, points: self.gauges.lock().points(range, from, over) }
    }

    /// Method and route of each endpoint that was called lately, in no particular order.
    pub(super) fn endpoints(&self) -> Vec<(String, String)> {
        self.windows.lock().endpoints().to_vec()
    }
}

#[async_trait]
impl Sink<RecordedRequest> for Arc<Numbers> {
    /// First the database, then the windows: they show what is stored and nothing else.
    async fn write(&self, requests: &[RecordedRequest]) -> Result<(), StoreError> {
        let _guard = self.counting.lock().await;
        self.store.insert(requests).await?;
        self.recorded.fetch_add(requests.len() as u64, Ordering::Relaxed);
        let now = epoch_millis() / 1000;
        {
            let mut windows = self.windows.lock();
            requests.iter().for_each(|request| windows.add(request, now));
        }
        requests.iter().for_each(|request| self.served.add(request));
        Ok(())
    }
}
