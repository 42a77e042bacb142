//! The ages of stored rows, and the task that removes those that are no longer kept.
//!
//! A wall clock may be wrong by years, and a removed row is gone. So a row is removed only if it is too old by the
//! earlier of two clocks: the wall clock, and the newest row of an earlier process plus the steady time since the start.
//! It must also have been stored before this start, or that long ago by the steady clock.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::MissedTickBehavior;

use super::database::StoreError;
use super::wall_clock::{ShownTimes, WallClock, micros};

/// How often rows are pruned.
const PRUNING_INTERVAL: Duration = Duration::from_secs(60);
/// How long after the start nothing is removed, because a wrong clock may still be corrected.
const GRACE_PERIOD: Duration = Duration::from_secs(600);

const DAY: u64 = 86_400;

/// What is known about the age of stored rows.
#[derive(Clone, Debug)]
pub struct Ages {
    /// The earlier of the two clocks, in epoch microseconds.
    now: i64,
    /// The steady time since the start of the process.
    steady: Duration,
    shown: ShownTimes,
}

impl Ages {
    /// The ages at the moment `steady` after the start, when the wall clock shows `wall`. `newest` is the time of the
    /// newest row that was stored before the start, if there was one. Times are in epoch microseconds. `None` shortly
    /// after the start, when nothing may be removed.
    pub fn new(wall: i64, steady: Duration, newest: Option<i64>, shown: ShownTimes) -> Option<Self> {
        let now = newest.map_or(wall, |newest| wall.min(newest.saturating_add(micros(steady))));
        (steady >= GRACE_PERIOD).then_some(Self { now, steady, shown })
    }

    /// The times of all rows that are older than this many days, in epoch microseconds.
    pub fn older_than(&self, days: u32) -> Vec<Range<i64>> {
        let limit = Duration::from_secs(u64::from(days) * DAY);
        without(i64::MIN..self.now.saturating_sub(micros(limit)), self.shown.within(limit, self.steady))
    }

    /// All times in the order in which their rows were stored: first the times of rows that this process has not stored,
    /// and then those of its own rows.
    pub fn in_order(&self) -> Vec<Range<i64>> {
        let own = || self.shown.within(Duration::MAX, self.steady);
        let mut order = without(i64::MIN..i64::MAX, own());
        let others = order.len();
        for (place, times) in own().enumerate() {
            for times in without(times, own().take(place)) {
                match order[others..].last_mut() {
                    Some(last) if last.end == times.start => last.end = times.end,
                    _ => order.push(times),
                }
            }
        }
        order
    }
}

/// What is left of `all` without `cuts`, in ascending order.
fn without(all: Range<i64>, cuts: impl Iterator<Item = Range<i64>>) -> Vec<Range<i64>> {
    let mut cuts: Vec<Range<i64>> = cuts.collect();
    cuts.sort_unstable_by_key(|cut| cut.start);
    let mut left = Vec::new();
    let mut start = all.start;
    for cut in cuts {
        left.push(start..cut.start.min(all.end));
        start = start.max(cut.end);
    }
    left.push(start..all.end);
    left.retain(|times| !times.is_empty());
    left
}

/// A store that removes rows which are no longer kept.
#[async_trait]
pub trait Prune: Send + Sync + 'static {
    /// Removes the rows that are no longer kept, and logs how many they were.
    async fn prune(&self, ages: &Ages) -> Result<(), StoreError>;
}

/// Prunes all these stores every minute, and never returns. `newest` is the time of the newest row that was stored before
/// the start, in epoch microseconds, if there was one.
pub async fn prune(clock: Arc<WallClock>, newest: Option<i64>, stores: Vec<Arc<dyn Prune>>) {
    let mut ticks = tokio::time::interval(PRUNING_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (wall, steady) = clock.now();
        let Some(ages) = Ages::new(wall, steady, newest, clock.shown()) else { continue };
        for store in &stores {
            if let Err(error) = store.prune(&ages).await {
                tracing::warn!(%error, "rows that are no longer kept could not be removed; it is tried again in a minute");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use tokio::time::Instant;

    use super::*;

    const SECOND: i64 = 1_000_000;
    const DAYS: i64 = DAY as i64 * SECOND;
    /// 2026-11-29 09:00 UTC, and a process that has been up for an hour.
    const NOW: i64 = 1_795_942_800 * SECOND;
    const HOUR: Duration = Duration::from_secs(3600);

    /// The wall clock's times since the start, each held for so many seconds.
    fn shown(times: &[(i64, u64)]) -> ShownTimes {
        let mut shown = ShownTimes::default();
        let mut steady = 0;
        for (wall, held) in times {
            for second in 0..*held {
                shown.note(wall + second as i64 * SECOND, Duration::from_secs(steady));
                steady += 1;
            }
        }
        shown
    }

    fn goes(ages: &Ages, time: i64) -> bool {
        ages.older_than(7).iter().any(|times| times.contains(&time))
    }

    #[test]
    fn a_row_goes_when_it_is_old_by_both_clocks() {
        // What the clock shows at the start, the newest row before it, and which rows go, by their age in days.
        let rows: [(&str, i64, Option<i64>, [bool; 4]); 7] = [
            ("a correct clock", NOW, Some(NOW - SECOND), [false, false, true, true]),
            ("after three days off", NOW, Some(NOW - 3 * DAYS), [false, false, false, true]),
            ("40 days ahead", NOW + 40 * DAYS, Some(NOW - SECOND), [false, false, true, true]),
            ("an hour behind", NOW - 3600 * SECOND, Some(NOW - SECOND), [false, false, true, true]),
            ("1970", 0, Some(NOW - SECOND), [false, false, false, false]),
            ("an earlier one was ahead", NOW, Some(NOW + 40 * DAYS), [false, false, true, true]),
            ("no rows", NOW, None, [false, false, true, true]),
        ];
        for (name, wall, newest, expected) in rows {
            let wall_now = wall + micros(HOUR);
            let ages = Ages::new(wall_now, HOUR, newest, shown(&[(wall, 3600)])).expect("after ten minutes");
            let gone = [-30, 0, 8, 11].map(|days| goes(&ages, NOW - days * DAYS));
            assert_eq!(gone, expected, "{name}");
        }
    }

    #[test]
    fn the_limit_is_exact_and_nothing_goes_in_the_first_ten_minutes() {
        let ages = |steady| Ages::new(NOW, Duration::from_secs(steady), Some(NOW), ShownTimes::default());
        assert!(ages(0).is_none() && ages(599).is_none());
        let ages = ages(600).expect("ten minutes");
        assert!(goes(&ages, NOW - 7 * DAYS - 1) && !goes(&ages, NOW - 7 * DAYS));
    }

    #[test]
    fn what_this_process_stored_is_as_old_as_the_steady_clock_says() {
        // Ten minutes of 1970, then ten days of a clock that was set right.
        let mut shown = shown(&[(0, 600)]);
        let up = |second: u64| Duration::from_secs(600 + second);
        for minute in 0..10 * 1440 {
            shown.note(NOW + minute as i64 * 60 * SECOND, up(minute * 60));
        }
        let at = |days: u64| Ages::new(NOW + days as i64 * DAYS, up(days * DAY), Some(NOW), shown.clone());
        for (days, gone) in [(6, false), (7, true)] {
            let ages = at(days).expect("after ten minutes");
            assert_eq!(goes(&ages, 300 * SECOND), gone, "a row of 1970, after {days} days");
            assert!(goes(&ages, 86_400 * SECOND), "a row of 1970 that was there before");
        }
        let ages = at(9).expect("after ten minutes");
        for (days, gone) in [(1, true), (3, false), (9, false)] {
            assert_eq!(goes(&ages, NOW + days * DAYS), gone, "a row of day {days}, on day 9");
        }
    }

    #[test]
    fn rows_are_in_the_order_in_which_they_were_stored() {
        let place = |order: &[Range<i64>], time: i64| {
            order.iter().position(|times| times.contains(&time)).expect("every time has a place")
        };
        let ages = Ages::new(NOW, HOUR, None, shown(&[(NOW, 4000), (0, 100), (NOW - 2000 * SECOND, 3000)]));
        let order = ages.expect("after ten minutes").in_order();
        let stored =
            [86_400 * SECOND, NOW - DAYS, NOW + 30 * DAYS, NOW + 5, NOW + 3999 * SECOND, 50, NOW - 1999 * SECOND];
        let places = stored.map(|time| place(&order, time));
        assert_eq!(places, [1, 1, 2, 3, 3, 4, 5], "{order:?}");
        assert!(order.iter().map(|times| times.end.abs_diff(times.start)).sum::<u64>() == u64::MAX, "each time once");
    }

    #[derive(Default)]
    struct TestStore(Mutex<Vec<Duration>>, Option<Instant>);

    #[async_trait]
    impl Prune for TestStore {
        async fn prune(&self, _ages: &Ages) -> Result<(), StoreError> {
            self.0.lock().push(self.1.expect("a start").elapsed());
            Err(StoreError::PoolClosed)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_removed_for_ten_minutes_and_then_each_minute_whatever_goes_wrong() {
        let store = Arc::new(TestStore(Mutex::default(), Some(Instant::now())));
        let clock = WallClock::new(|| NOW);
        let pruning = tokio::spawn(prune(clock, None, vec![Arc::clone(&store) as Arc<dyn Prune>]));
        tokio::time::sleep(Duration::from_secs(725)).await;
        pruning.abort();
        assert_eq!(*store.0.lock(), [600, 660, 720].map(Duration::from_secs));
    }
}
