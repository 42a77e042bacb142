//! The metrics in memory: the windows that answer every page view, filled by the writer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use serde_json::value::{RawValue, to_raw_value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::background;
use super::counters::Counters;
use super::ports::Vitals;
use super::record::{Batch, Row};
use super::storage::store::{MetricsStore, VisitSample};
use crate::metrics::engine::gauges::Gauges;
use crate::metrics::engine::overview::Period;
use crate::metrics::engine::rollup::{SecondKey, Tally};
use crate::metrics::engine::window::{SECONDS, Sum, Windows};
use crate::metrics::log_model::{LogPage, LogQuery, LoggedRequest};
use crate::metrics::model::{FRESH_MILLIS, Origins, Overview, OverviewQuery, Range, Totals};
use crate::origin::RunId;
use crate::platform::database::{StoreError, epoch_micros, epoch_millis};
use crate::platform::row_writer::{RowWriter, Sink, WriterGauge};
use crate::platform::wall_clock::WallClock;

/// What the metrics look at beside the requests.
pub(super) struct Attached {
    pub(super) writer: WriterGauge,
    pub(super) vitals: Arc<dyn Vitals>,
}

/// Everything about a period.
struct Answer {
    overview: Arc<Overview>,
    /// The same as JSON, once somebody asked for it.
    json: OnceLock<Box<RawValue>>,
}

impl Answer {
    fn new(overview: Overview) -> Arc<Self> {
        Arc::new(Self { overview: Arc::new(overview), json: OnceLock::new() })
    }

    fn json(&self) -> Result<Box<RawValue>, StoreError> {
        if let Some(json) = self.json.get() {
            return Ok(json.clone());
        }
        let json = to_raw_value(&self.overview.as_ref()).map_err(|error| StoreError::Encode(error.into()))?;
        Ok(self.json.get_or_init(|| json).clone())
    }
}

/// The answers of this moment: the same for everybody who asks, until time goes on or a request is counted.
#[derive(Default)]
struct Answers {
    of: (u64, i64),
    /// At most one for each range and each of all, real, simulated.
    answers: Vec<Arc<Answer>>,
}

impl Answers {
    fn at(&mut self, windows: &Windows, now: i64) -> &mut Self {
        let of = (windows.version(), now.div_euclid(FRESH_MILLIS as i64));
        if self.of != of {
            *self = Self { of, ..Self::default() };
        }
        self
    }
}

/// All that was measured.
pub struct Metrics {
    pub(super) store: Arc<dyn MetricsStore>,
    windows: Mutex<Windows>,
    /// Held from storing rows until they are in the windows, and while those are made anew.
    counting: tokio::sync::Mutex<()>,
    /// Locked before the windows, where both are.
    answers: Mutex<Answers>,
    pub(super) gauges: Mutex<Gauges>,
    /// By minute, how many requests were not recorded, as far as that is not stored.
    lost: Mutex<BTreeMap<i64, u32>>,
    pub(super) counters: Mutex<Counters>,
    pub(super) recorded: AtomicU64,
    pub(super) attached: OnceLock<Attached>,
    tasks: TaskTracker,
}

/// The content is consistent after each step, so a panic elsewhere does no harm.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The windows, as the store's rows and roll-ups say they are at this moment.
async fn restored(store: &dyn MetricsStore) -> Result<Windows, StoreError> {
    let mut windows = Windows::default();
    let now = epoch_millis() / 1000;
    store
        .samples_since((now - SECONDS as i64) * 1_000_000, &mut |sample| {
            windows.restore_second(&SecondKey::of(sample), &Tally::of(sample.duration), now);
        })
        .await?;
    let minute = (now - 2 * Range::Day.seconds()).div_euclid(60) - Range::Day.step() / 60;
    store.rollups_since(minute, &mut |key, tally| windows.restore_minute(key, tally, now)).await?;
    if let Some(second) = store.oldest().await? {
        windows.recorded_since(second);
    }
    Ok(windows)
}

impl Metrics {
    /// With the windows as the store's rows and roll-ups say they were.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn open(store: Arc<dyn MetricsStore>) -> Result<Arc<Self>, StoreError> {
        let older = store.roll_up_older_version().await?;
        if older > 0 {
            tracing::info!(rows = older, "the requests of an older version are rolled up");
        }
        let windows = restored(store.as_ref()).await?;
        let metrics = Self {
            store,
            windows: Mutex::new(windows),
            counting: tokio::sync::Mutex::default(),
            answers: Mutex::default(),
            gauges: Mutex::default(),
            lost: Mutex::default(),
            counters: Mutex::default(),
            recorded: AtomicU64::new(0),
            attached: OnceLock::new(),
            tasks: TaskTracker::new(),
        };
        metrics.restore_lost().await?;
        Ok(Arc::new(metrics))
    }

    /// Begins to read the vital signs and to follow the clock, until `stop`.
    pub fn start(
        self: &Arc<Self>,
        writer: &RowWriter<Row>,
        vitals: Arc<dyn Vitals>,
        clock: &WallClock,
        stop: &CancellationToken,
    ) {
        if self.attached.set(Attached { writer: writer.gauge(), vitals }).is_err() {
            return;
        }
        self.tasks.spawn(stop.clone().run_until_cancelled_owned(background::sample(Arc::clone(self))));
        self.tasks.spawn(stop.clone().run_until_cancelled_owned(background::store_lost(Arc::clone(self))));
        self.tasks.spawn(stop.clone().run_until_cancelled_owned(background::follow(Arc::clone(self), clock.steps())));
    }

    /// Makes the windows anew of what is stored. For a clock that was set: steps that it had shown before may be those of
    /// another time, and what was stored may belong to other steps than it did.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn rebuild(&self) -> Result<(), StoreError> {
        let _nothing_is_stored_meanwhile = self.counting.lock().await;
        let fresh = restored(self.store.as_ref()).await?;
        lock(&self.windows).renew(fresh);
        self.restore_lost().await
    }

    /// Counts anew what was not recorded, as the store says.
    async fn restore_lost(&self) -> Result<(), StoreError> {
        let now = epoch_millis() / 1000;
        let stored = self.store.lost_since((now - Range::Day.seconds()).div_euclid(60)).await?;
        let unstored = lock(&self.lost).clone();
        let mut gauges = lock(&self.gauges);
        gauges.forget_lost();
        stored.into_iter().chain(unstored).for_each(|(minute, requests)| gauges.lose(minute * 60, requests, now));
        Ok(())
    }

    /// Stores what was not recorded, as far as that is not stored. What can't be written is tried again.
    pub(super) async fn store_lost(&self) {
        let lost = std::mem::take(&mut *lock(&self.lost));
        if lost.is_empty() {
            return;
        }
        if let Err(error) = self.store.count_lost(&lost).await {
            tracing::warn!(%error, "the number of requests that were not recorded could not be stored");
            let mut unstored = lock(&self.lost);
            lost.into_iter().for_each(|(minute, requests)| *unstored.entry(minute).or_default() += requests);
        }
    }

    /// Waits until nothing of the metrics uses the database any more.
    pub async fn stopped(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.store_lost().await;
    }

    /// A request was served whose row was dropped.
    pub fn lost(&self, row: &Row) {
        lock(&self.counters).add(row);
        let second = row.sample().second();
        *lock(&self.lost).entry(second.div_euclid(60)).or_default() += 1;
        lock(&self.gauges).lose(second, 1, epoch_millis() / 1000);
    }

    /// Everything about a period that ends now.
    ///
    /// # Errors
    /// When the store is needed and can't be read.
    pub async fn overview(&self, query: &OverviewQuery) -> Result<Arc<Overview>, StoreError> {
        Ok(Arc::clone(&self.answer(query).await?.overview))
    }

    /// The same as JSON, written once for all who ask in the same moment.
    ///
    /// # Errors
    /// When the store is needed and can't be read.
    pub async fn overview_as_json(&self, query: &OverviewQuery) -> Result<Box<RawValue>, StoreError> {
        self.answer(query).await?.json()
    }

    async fn answer(&self, query: &OverviewQuery) -> Result<Arc<Answer>, StoreError> {
        let now = epoch_millis();
        let overview = match query.origin {
            Origins::Run(run) => self.overview_of_run(run, now).await?,
            _ => return Ok(self.answer_for_all(query, now)),
        };
        Ok(Answer::new(self.with_vital_signs(overview)))
    }

    fn answer_for_all(&self, query: &OverviewQuery, now: i64) -> Arc<Answer> {
        let (mut answers, mut windows) = (lock(&self.answers), lock(&self.windows));
        let known = answers.at(&windows, now);
        let is_asked_for =
            |answer: &&Arc<Answer>| (answer.overview.range, answer.overview.origin) == (query.range, query.origin);
        known.answers.iter().find(is_asked_for).cloned().unwrap_or_else(|| {
            let made = Answer::new(self.with_vital_signs(windows.overview(query, now)));
            known.answers.push(Arc::clone(&made));
            made
        })
    }

    fn with_vital_signs(&self, overview: Overview) -> Overview {
        let (from, to) = (overview.from / 1000, overview.to / 1000 + 1);
        let gauges = lock(&self.gauges);
        let dropped = gauges.lost(overview.range, from, to);
        Overview { gauges: gauges.points(overview.range, from, to), dropped, ..overview }
    }

    /// A run is shown in its own time, second by second, and nothing else: from its rows, which an index knows and of
    /// which there are twelve thousand at most. Its numbers are those of all rows, also where a clock that was set
    /// between them spread them over more time than can be drawn.
    async fn overview_of_run(&self, run: RunId, now: i64) -> Result<Overview, StoreError> {
        let query = OverviewQuery { range: Range::Minutes5, origin: Origins::Run(run) };
        let overview = match self.store.seconds_of_run(run).await? {
            None => Windows::default().overview(&query, now),
            Some((first, last)) => {
                let period = Period::of_run(first.max(last - SECONDS as i64 + 1), last, now);
                let end = now.clamp(period.from * 1000, period.to * 1000);
                let (mut windows, mut sum) = (Windows::default(), Sum::default());
                let visit: VisitSample<'_> = &mut |sample| {
                    let (key, tally) = (SecondKey::of(sample), Tally::of(sample.duration));
                    windows.restore_second(&key, &tally, last);
                    sum.add(key.status, &tally);
                };
                self.store.samples_of_run(run, first * 1_000_000, visit).await?;
                let totals = sum.totals((end - period.from * 1000) as f64 / 1000.0);
                Overview { totals, ..windows.overview_of(&query, period, end, now) }
            }
        };
        let all = overview.totals.requests;
        Ok(Overview { all, simulated: all, real: 0, trend: None, ..overview })
    }

    /// The numbers of a run, by the dashboard's own query.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn totals_of_run(&self, run: RunId) -> Result<Totals, StoreError> {
        Ok(self.overview_of_run(run, epoch_millis()).await?.totals)
    }

    /// One page of the request log.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn log(&self, query: &LogQuery) -> Result<LogPage, StoreError> {
        let now = epoch_micros();
        let from = match query.origin {
            // All of the run, however long ago.
            Origins::Run(_) => 0,
            _ => now - query.range.seconds() * 1_000_000,
        };
        self.store.log(query, from..now + 1).await
    }

    /// The request with this id.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn request(&self, id: Uuid) -> Result<Option<LoggedRequest>, StoreError> {
        self.store.request(id).await
    }

    /// Rows that were dropped since the start.
    pub(super) fn dropped(&self) -> u64 {
        self.attached.get().map_or(0, |attached| attached.writer.dropped())
    }
}

#[async_trait]
impl Sink<Row> for Arc<Metrics> {
    /// First the database, then the windows: they show what is stored and nothing else.
    async fn write(&self, rows: &[Row]) -> Result<(), StoreError> {
        let batch = Batch::of(rows);
        let _not_while_they_are_made_anew = self.counting.lock().await;
        self.store.insert(&batch).await?;
        self.recorded.fetch_add(rows.len() as u64, Ordering::Relaxed);
        let now = epoch_millis() / 1000;
        {
            let mut windows = lock(&self.windows);
            batch.seconds().iter().for_each(|(key, tally)| windows.add(key, tally, now));
        }
        let mut counters = lock(&self.counters);
        batch.durations().iter().for_each(|(key, durations)| counters.count(key, durations));
        Ok(())
    }
}
