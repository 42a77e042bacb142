//! A short-lived cache: callers that need the same value at the same time share one computation of it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// Values that were computed a moment ago, or are being computed, by key.
#[derive(Debug)]
pub struct SingleFlightCache<K, V> {
    lifetime: Duration,
    capacity: usize,
    entries: Mutex<HashMap<K, (Instant, Arc<OnceCell<V>>)>>,
}

impl<K: Eq + Hash, V: Clone> SingleFlightCache<K, V> {
    /// A value expires `lifetime` after its computation began. When there would be more than `capacity` entries, all
    /// of them are dropped.
    pub fn new(lifetime: Duration, capacity: usize) -> Self {
        Self { lifetime, capacity, entries: Mutex::default() }
    }

    /// The cached value of `key`, or else the result of `compute`. If the caller that computes it is cancelled, the
    /// next one that waits for it starts its own computation.
    pub async fn get(&self, key: K, compute: impl Future<Output = V>) -> V {
        let cell = self.cell(key);
        cell.get_or_init(|| compute).await.clone()
    }

    fn cell(&self, key: K) -> Arc<OnceCell<V>> {
        let mut entries = self.entries.lock();
        let now = Instant::now();
        entries.retain(|_, (since, _)| now.duration_since(*since) < self.lifetime);
        if entries.len() >= self.capacity && !entries.contains_key(&key) {
            entries.clear();
        }
        let (_, cell) = entries.entry(key).or_insert_with(|| (now, Arc::default()));
        Arc::clone(cell)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const LIFETIME: Duration = Duration::from_secs(2);

    #[tokio::test(start_paused = true)]
    async fn callers_at_the_same_moment_share_one_computation() {
        let cache = SingleFlightCache::new(LIFETIME, 4);
        let computed = AtomicU32::new(0);
        let compute = || async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            computed.fetch_add(1, Ordering::Relaxed)
        };
        let twenty = futures_util::future::join_all((0..20).map(|_| cache.get('a', compute()))).await;
        assert_eq!(twenty, vec![0; 20]);
        assert_eq!(cache.get('b', compute()).await, 1, "another key");
        assert_eq!(cache.get('a', compute()).await, 0);
        tokio::time::advance(LIFETIME).await;
        assert_eq!(cache.get('a', compute()).await, 2, "the value has expired");
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_computation_is_taken_over_by_the_next_caller() {
        let cache = SingleFlightCache::new(LIFETIME, 4);
        let cancelled = tokio::time::timeout(Duration::from_millis(10), cache.get('a', std::future::pending::<u32>()));
        assert!(cancelled.await.is_err());
        assert_eq!(cache.get('a', async { 7 }).await, 7);
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_never_more_entries_than_its_capacity() {
        let cache = SingleFlightCache::new(LIFETIME, 4);
        for key in 0..100 {
            cache.get(key, async {}).await;
        }
        assert!(cache.entries.lock().len() <= 4);
    }
}
