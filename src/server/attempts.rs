//! Limits failed log-ins, so that nobody can try a list of tokens.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::peer::Peer;

/// How many log-ins of one peer may fail within [`PERIOD`].
const FAILURES: usize = 10;
const PERIOD: Duration = Duration::from_secs(60);
/// How many peers are remembered. If there would be more, all of them are forgotten.
const PEERS: usize = 4096;

/// The failed log-ins of the last minute.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<Peer, VecDeque<Instant>>>);

/// The result of an attempt to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The secret was right.
    Right,
    /// The secret was wrong.
    Wrong {
        /// Whether further attempts of this peer are refused for now.
        last: bool,
    },
    /// The secret was not compared. The next attempt is possible after this many seconds.
    Refused(u32),
}

impl Attempts {
    /// Makes an attempt of `peer`. Attempts are made one after the other, so that simultaneous ones count as well.
    pub fn make(&self, peer: Peer, is_right: impl FnOnce() -> bool) -> Attempt {
        let now = Instant::now();
        let mut failed = self.0.lock();
        failed.retain(|_, times| {
            times.retain(|time| now.duration_since(*time) < PERIOD);
            !times.is_empty()
        });
        if let Some(first) = failed.get(&peer).filter(|times| times.len() >= FAILURES).and_then(VecDeque::front) {
            let wait = PERIOD.saturating_sub(now.duration_since(*first));
            return Attempt::Refused(wait.as_millis().div_ceil(1000) as u32);
        }
        if is_right() {
            failed.remove(&peer);
            return Attempt::Right;
        }
        if failed.len() >= PEERS {
            failed.clear();
        }
        let times = failed.entry(peer).or_default();
        times.push_back(now);
        Attempt::Wrong { last: times.len() >= FAILURES }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_may_fail_in_a_minute_and_others_are_not_concerned() {
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|address| Peer::of(address.parse().expect("an address")));
        let attempts = Attempts::default();
        for number in 1..=FAILURES {
            assert_eq!(attempts.make(one, || false), Attempt::Wrong { last: number == FAILURES });
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(attempts.make(one, || true), Attempt::Refused(50), "also with the right token");
        assert_eq!(attempts.make(other, || true), Attempt::Right);
        tokio::time::advance(Duration::from_secs(50)).await;
        assert_eq!(attempts.make(one, || false), Attempt::Wrong { last: true }, "the first one is a minute ago");
        assert_eq!(attempts.make(one, || false), Attempt::Refused(1));
        tokio::time::advance(PERIOD).await;
        assert_eq!(attempts.make(one, || true), Attempt::Right);
        assert!(attempts.0.lock().is_empty(), "nothing is remembered of a minute that is over");
    }
}
