//! What the metrics do by themselves: read the vital signs once a second, store the number of requests that were not recorded, and
//! rebuild the windows when the wall clock is set.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::numbers::Numbers;
use super::ports::ProgramStatus;
use super::recording::micros;
use super::service::Metrics;
use super::storage::store::MetricsStore;
use crate::metrics::engine::gauges::Reading;
use crate::platform::database::StoreError;
use crate::platform::wall_clock::{WallClock, epoch_millis};

/// How often the vital signs are read.
const READING: Duration = Duration::from_secs(1);

/// Starts the background tasks; each ends when `stop` is cancelled.
pub fn start(
    metrics: &Arc<Metrics>,
    program: Arc<dyn ProgramStatus>,
    clock: &WallClock,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    tasks.spawn(stop.clone().run_until_cancelled_owned(read_vital_signs(Arc::clone(metrics), program)));
    tasks.spawn(stop.clone().run_until_cancelled_owned(store_lost(Arc::clone(&metrics.numbers))));
    tasks.spawn(stop.clone().run_until_cancelled_owned(follow(Arc::clone(&metrics.numbers), clock.steps())));
}

/// Measures how long the database makes its writer wait, one measurement at a time. While one is running, the wait is
/// as long as it has lasted so far.
#[derive(Default)]
struct Probe {
    running: Option<(Instant, JoinHandle<Result<Duration, StoreError>>)>,
    last: Duration,
}

impl Probe {
    async fn read(&mut self, store: &Arc<dyn MetricsStore>) -> Duration {
        if let Some((began, task)) = self.running.take() {
            if !task.is_finished() {
                self.last = began.elapsed();
                self.running = Some((began, task));
                return self.last;
            }
            // If the database can't be written at all, the wait for its error counts as well.
            self.last = task.await.ok().and_then(Result::ok).unwrap_or_else(|| began.elapsed());
        }
        let store = Arc::clone(store);
        self.running = Some((Instant::now(), tokio::spawn(async move { store.wait().await })));
        self.last
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        if let Some((_, task)) = &self.running {
            task.abort();
        }
    }
}

/// Reads the vital signs once a second, for ever.
async fn read_vital_signs(metrics: Arc<Metrics>, program: Arc<dyn ProgramStatus>) {
    let mut ticks = tokio::time::interval(READING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut probe = Probe::default();
    loop {
        ticks.tick().await;
        let reading = Reading {
            queue: metrics.recorder.queued(),
            dropped: metrics.recorder.dropped(),
            database_wait: micros(probe.read(&metrics.store).await),
            scheduling_delay: program.scheduling_delay().map(micros),
            streams: program.open_streams(),
        };
        metrics.numbers.gauges.lock().add(reading, epoch_millis() / 1000);
    }
}

/// Stores the number of requests that were not recorded once a second, for ever. It is a task of its own, so that the
/// vital signs are still read while the database makes it wait.
async fn store_lost(numbers: Arc<Numbers>) {
    let mut ticks = tokio::time::interval(READING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        numbers.store_lost().await;
    }
}

/// Rebuilds the windows whenever the wall clock was set, for ever.
async fn follow(numbers: Arc<Numbers>, mut steps: watch::Receiver<u32>) {
    while steps.changed().await.is_ok() {
        while let Err(error) = numbers.rebuild().await {
            tracing::warn!(%error, "the stored requests could not be read after the clock was set; trying again");
            tokio::time::sleep(READING).await;
        }
    }
}
