//! What the metrics do by themselves: read the vital signs once a second, and prune once a minute.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use super::live::{Metrics, lock};
use super::record::micros;
use super::retention::Kept;
use super::store::MetricsStore;
use crate::metrics::engine::gauges::Reading;
use crate::server::database::{StoreError, epoch_micros, epoch_millis};

/// How often the vital signs are read.
const READING: Duration = Duration::from_secs(1);
/// How often is looked for what is no longer kept.
const PRUNING: Duration = Duration::from_secs(60);
/// The rest between two chunks, in which those who wait for the database have their turn.
const BREATHER: Duration = Duration::from_millis(10);

/// A look at how long the database makes its writer wait. One at a time: while it has no answer, the
/// wait is as long as it has been asked for.
#[derive(Default)]
struct Probe {
    running: Option<(Instant, JoinHandle<Result<Duration, StoreError>>)>,
    last: Duration,
}

impl Probe {
    async fn read(&mut self, metrics: &Arc<Metrics>) -> Duration {
        if let Some((asked, task)) = self.running.take() {
            if !task.is_finished() {
                self.last = asked.elapsed();
                self.running = Some((asked, task));
                return self.last;
            }
            // A database that can't be written at all made us wait for that answer, too.
            self.last = task.await.ok().and_then(Result::ok).unwrap_or_else(|| asked.elapsed());
        }
        let store = Arc::clone(&metrics.store);
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

/// Reads the vital signs, for ever.
pub(super) async fn sample(metrics: Arc<Metrics>) {
    let mut ticks = tokio::time::interval(READING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut probe = Probe::default();
    loop {
        ticks.tick().await;
        let Some(attached) = metrics.attached.get() else { return };
        let reading = Reading {
            queue: attached.writer.queued(),
            dropped: attached.writer.dropped(),
            database_wait: micros(probe.read(&metrics).await),
            lag: attached.vitals.pacer_lag().map(micros),
            streams: attached.vitals.open_streams(),
        };
        lock(&metrics.gauges).add(reading, epoch_millis() / 1000);
    }
}

/// Removes what is no longer kept, for ever.
pub(super) async fn prune(metrics: Arc<Metrics>) {
    let mut ticks = tokio::time::interval(PRUNING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match prune_once(metrics.store.as_ref()).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "requests that are no longer kept are removed"),
            Err(error) => tracing::warn!(%error, "old requests could not be removed; the next minute tries again"),
        }
    }
}

async fn prune_once(store: &dyn MetricsStore) -> Result<u64, StoreError> {
    let outdated = store.outdated(&Kept::default(), epoch_micros()).await?;
    let mut removed = 0;
    loop {
        match store.prune(&outdated).await? {
            0 => return Ok(removed),
            some => removed += some,
        }
        tokio::time::sleep(BREATHER).await;
    }
}
