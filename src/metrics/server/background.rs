//! What the metrics do by themselves: read the vital signs once a second, follow the
//! wall clock when it is set, and remove what is no longer kept.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use super::record::micros;
use super::service::{Metrics, lock};
use super::storage::retention::Removed;
use crate::metrics::engine::gauges::Reading;
use crate::platform::database::StoreError;
use crate::platform::retention::{Ages, Kept, Prune};
use crate::platform::wall_clock::epoch_millis;

/// How often the vital signs are read.
const READING: Duration = Duration::from_secs(1);
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

/// Stores what was not recorded, for ever. Apart from the rows, which must not wait for it.
pub(super) async fn store_lost(metrics: Arc<Metrics>) {
    let mut ticks = tokio::time::interval(READING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        metrics.store_lost().await;
    }
}

/// Makes the windows anew when the wall clock was set, for ever.
pub(super) async fn follow(metrics: Arc<Metrics>, mut steps: watch::Receiver<u32>) {
    while steps.changed().await.is_ok() {
        while let Err(error) = metrics.rebuild().await {
            tracing::warn!(%error, "the stored requests could not be read after the clock was set; trying again");
            tokio::time::sleep(READING).await;
        }
    }
}

#[async_trait]
impl Prune for Metrics {
    async fn prune(&self, ages: &Ages, kept: &Kept) -> Result<(), StoreError> {
        let open = self.attached.get().and_then(|attached| attached.vitals.open_run());
        let mut outdated = self.store.outdated(kept, ages).await?;
        let mut removed = Removed::default();
        loop {
            let chunk = self.store.prune(&mut outdated, open).await?;
            if chunk == Removed::default() {
                break;
            }
            removed = removed.and(chunk);
            tokio::time::sleep(BREATHER).await;
        }
        if removed != Removed::default() {
            let Removed { real, simulated, rollups } = removed;
            tracing::info!(
                real,
                simulated,
                rollups,
                "recorded requests and roll-ups that are no longer kept are removed"
            );
        }
        Ok(())
    }
}
