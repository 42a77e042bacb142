//! Answers that are worked out once for all who ask in the same moment.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

/// Answers of a moment ago, by what was asked.
#[derive(Debug)]
pub struct Moments<K, V> {
    fresh: Duration,
    places: usize,
    answers: Mutex<HashMap<K, (Instant, Arc<OnceCell<V>>)>>,
}

impl<K: Eq + Hash, V: Clone> Moments<K, V> {
    /// An answer is good for `fresh` from the moment on in which it was begun. At most `places` of them are kept; with
    /// more questions at once, all are answered anew.
    pub fn new(fresh: Duration, places: usize) -> Self {
        Self { fresh, places, answers: Mutex::default() }
    }

    /// The answer to `key`, worked out by `answer` unless somebody has asked the same a moment ago. When the one who
    /// began goes away, the next one who waits begins anew.
    pub async fn get(&self, key: K, answer: impl Future<Output = V>) -> V {
        let place = self.place(key);
        place.get_or_init(|| answer).await.clone()
    }

    fn place(&self, key: K) -> Arc<OnceCell<V>> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        answers.retain(|_, (since, _)| now.duration_since(*since) < self.fresh);
        if answers.len() >= self.places && !answers.contains_key(&key) {
            answers.clear();
        }
        Arc::clone(&answers.entry(key).or_insert_with(|| (now, Arc::default())).1)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const FRESH: Duration = Duration::from_secs(2);

    #[tokio::test(start_paused = true)]
    async fn who_asks_the_same_in_the_same_moment_shares_the_answer() {
        let (moments, made) = (Moments::new(FRESH, 4), AtomicU32::new(0));
        let make = || async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            made.fetch_add(1, Ordering::Relaxed)
        };
        let twenty = futures_util::future::join_all((0..20).map(|_| moments.get('a', make()))).await;
        assert_eq!(twenty, vec![0; 20]);
        assert_eq!(moments.get('b', make()).await, 1, "another question");
        assert_eq!(moments.get('a', make()).await, 0);
        tokio::time::advance(FRESH).await;
        assert_eq!(moments.get('a', make()).await, 2, "another moment");
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_leaves_the_question_to_the_next() {
        let moments = Moments::new(FRESH, 4);
        let left = tokio::time::timeout(Duration::from_millis(10), moments.get('a', std::future::pending::<u32>()));
        assert!(left.await.is_err());
        assert_eq!(moments.get('a', async { 7 }).await, 7);
    }

    #[tokio::test(start_paused = true)]
    async fn many_questions_take_no_more_places_than_there_are() {
        let moments = Moments::new(FRESH, 4);
        for key in 0..100 {
            moments.get(key, async {}).await;
        }
        assert!(moments.answers.lock().expect("not poisoned").len() <= 4);
    }
}
