//! The guard: the receiver's own check of the cap, which does not depend on the gate.

use std::collections::VecDeque;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Remembers the last `cap` admitted arrivals; one more within the same second is a violation of the cap.
#[derive(Debug)]
pub struct Guard {
    cap: usize,
    recent: VecDeque<Duration>,
}

impl Guard {
    /// A guard that admits at most `cap` arrivals in any half-open second.
    pub fn new(cap: u32) -> Self {
        Self { cap: cap as usize, recent: VecDeque::with_capacity(cap as usize) }
    }

    /// Is a request that arrives at `now` within the cap? Calls must be in the order of time.
    pub fn admits(&mut self, now: Duration) -> bool {
        if self.recent.len() == self.cap {
            if self.recent.front().is_some_and(|first| now.saturating_sub(*first) < SECOND) {
                return false;
            }
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        true
    }
}

/// The largest number of these times within one half-open second `[t, t + 1 s)`, for any t. Sorts the times.
pub fn most_in_any_second(times: &mut [Duration]) -> u32 {
    times.sort_unstable();
    let mut first = 0;
    let mut most = 0;
    for (last, time) in times.iter().enumerate() {
        while *time - times[first] >= SECOND {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_twenty_first_within_a_second_is_refused() {
        let mut guard = Guard::new(20);
        assert!((0..20).all(|i| guard.admits(at(i * 10))));
        assert!(!guard.admits(at(999)));
        assert!(guard.admits(at(1000)), "the first one is a second ago");
        assert!(!guard.admits(at(1009)));
        assert!(guard.admits(at(1010)));
    }

    #[test]
    fn most_in_any_second_counts_half_open_windows() {
        let rows: [(&[u64], u32, &str); 5] = [
            (&[], 0, "nothing"),
            (&[5], 1, "one"),
            (&[0, 1000], 1, "exactly a second apart: two windows"),
            (&[0, 999, 1000], 2, "999 ms apart: one window"),
            (&[2000, 0, 500, 999, 1400], 3, "unsorted input: 500, 999, 1400"),
        ];
        for (times, most, why) in rows {
            let mut times: Vec<Duration> = times.iter().map(|t| at(*t)).collect();
            assert_eq!(most_in_any_second(&mut times), most, "{why}");
        }
    }

    #[test]
    fn a_metronome_of_50_ms_holds_20_and_one_of_49_ms_holds_21() {
        let mut even: Vec<Duration> = (0..100).map(|i| at(50 * i)).collect();
        assert_eq!(most_in_any_second(&mut even), 20);
        let mut fast: Vec<Duration> = (0..100).map(|i| at(49 * i)).collect();
        assert_eq!(most_in_any_second(&mut fast), 21);
    }
}
