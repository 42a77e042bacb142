//! The wall clock beside the steady one.
//!
//! People and programs set a wall clock, by seconds or by years, and it runs on while a machine sleeps. So nothing
//! measures time with it: it is for display, and for the times that stored rows carry. This file keeps track of its
//! steps: which times it has shown during this process, and when it was set.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

/// How often the wall clock is compared with the steady one.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// By how much the two clocks may differ between two checks, in microseconds. More means that the wall clock was set,
/// or that the machine slept.
const TOLERANCE: i64 = 2_000_000;
/// The longest span. All of a span is taken to be as old as its end, so this is how exactly ages are known.
const LONGEST_SPAN: Duration = Duration::from_secs(3600);
/// Rows may carry times from this long before a span until this long after it, in microseconds: a request arrives
/// before its row is stored, and the clock may be set between two checks.
const MARGIN: i64 = 60_000_000;

/// The current wall-clock time in epoch milliseconds.
pub fn epoch_millis() -> i64 {
    epoch_micros() / 1000
}

/// The current wall-clock time in epoch microseconds.
pub fn epoch_micros() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}

/// A duration in microseconds, the unit of the times of rows.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A time in which the wall clock made no step.
#[derive(Clone, Debug)]
struct Span {
    /// The wall clock at the beginning, in epoch microseconds.
    from: i64,
    /// The wall clock at the last check, in epoch microseconds.
    to: i64,
    /// The steady time from the start of the process to the beginning.
    began: Duration,
    /// The steady time from the start of the process to the last check.
    seen: Duration,
}

/// The times that the wall clock has shown since the start of the process. All rows that this process has stored carry
/// such a time, and hardly any other row does.
#[derive(Clone, Debug, Default)]
pub struct ShownTimes(Vec<Span>);

impl ShownTimes {
    /// Notes that the wall clock shows `wall` (epoch microseconds) when `steady` has passed since the start of the
    /// process. If the wall clock was set since the last check, the result is by how many microseconds.
    pub fn note(&mut self, wall: i64, steady: Duration) -> Option<i64> {
        let difference = |span: &Span| wall - span.to - micros(steady.saturating_sub(span.seen));
        let step = self.0.last().map(difference).filter(|difference| difference.abs() > TOLERANCE);
        match self.0.last_mut() {
            Some(span) if step.is_none() && steady < span.began + LONGEST_SPAN => {
                span.to = wall;
                span.seen = steady;
            }
            _ => self.0.push(Span { from: wall, to: wall, began: steady, seen: steady }),
        }
        step
    }

    /// The times that were shown less than `age` before the moment `steady` after the start of the process.
    pub(crate) fn within(&self, age: Duration, steady: Duration) -> impl Iterator<Item = Range<i64>> {
        self.0.iter().filter(move |span| steady.saturating_sub(span.seen) < age).map(|span| {
            let first = span.from.min(span.to);
            let last = span.from.max(span.to);
            first.saturating_sub(MARGIN)..last.saturating_add(MARGIN)
        })
    }
}

/// Follows the wall clock for as long as the process runs.
#[derive(Debug)]
pub struct WallClock {
    started: Instant,
    read: fn() -> i64,
    shown: Mutex<ShownTimes>,
    steps: watch::Sender<u32>,
}

impl WallClock {
    /// Reads the wall clock for the first time. `read` returns it in epoch microseconds.
    pub fn new(read: fn() -> i64) -> Arc<Self> {
        let mut shown = ShownTimes::default();
        shown.note(read(), Duration::ZERO);
        Arc::new(Self { started: Instant::now(), read, shown: Mutex::new(shown), steps: watch::Sender::new(0) })
    }

    /// Checks the wall clock every second, and never returns.
    pub async fn watch(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(CHECK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            let (wall, steady) = self.now();
            let step = self.shown.lock().note(wall, steady);
            if let Some(step) = step {
                let seconds = step as f64 / 1e6;
                tracing::warn!(seconds, "the wall clock was set, or the machine slept");
                self.steps.send_modify(|steps| *steps += 1);
            }
        }
    }

    /// A counter that changes whenever the wall clock was set.
    pub fn steps(&self) -> watch::Receiver<u32> {
        self.steps.subscribe()
    }

    /// The wall clock in epoch microseconds, and the steady time since the start of the process.
    pub(crate) fn now(&self) -> (i64, Duration) {
        ((self.read)(), self.started.elapsed())
    }

    /// The times that it has shown until now.
    pub(crate) fn shown(&self) -> ShownTimes {
        self.shown.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    const SECOND: i64 = 1_000_000;
    const NOW: i64 = 1_795_000_000 * SECOND;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_step_is_told_from_time_that_goes_by() {
        // What the wall clock does in a second of steady time, and the step that it is.
        let rows = [
            (SECOND, None),
            (SECOND + 500_000, None),
            (0, None),
            (-3600 * SECOND, Some(-3601 * SECOND)),
            (3600 * SECOND, Some(3599 * SECOND)),
            (40 * 86_400 * SECOND, Some((40 * 86_400 - 1) * SECOND)),
            (-NOW, Some(-NOW - SECOND)),
        ];
        for (change, step) in rows {
            let mut shown = ShownTimes::default();
            assert_eq!(shown.note(NOW, Duration::ZERO), None, "the first look");
            assert_eq!(shown.note(NOW + change, seconds(1)), step, "{change}");
            assert_eq!(shown.0.len(), if step.is_some() { 2 } else { 1 }, "{change}");
        }
    }

    #[test]
    fn spans_are_an_hour_long_and_age_by_the_steady_clock() {
        let mut shown = ShownTimes::default();
        for second in 0..3 * 3600 {
            shown.note(NOW + second * SECOND, seconds(second.unsigned_abs()));
        }
        let within = |ago| shown.within(seconds(ago), seconds(3 * 3600)).map(|times| times.start).collect::<Vec<_>>();
        let starts = [0, 1, 2].map(|hour| NOW + hour * 3600 * SECOND - MARGIN);
        assert_eq!(within(86_400), starts);
        assert_eq!(within(3600), starts[2..]);
        assert!(within(1).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_wants_to_know_is_told_of_a_step_within_a_second_and_of_nothing_else() {
        static WALL: AtomicI64 = AtomicI64::new(NOW);
        let clock = WallClock::new(|| WALL.load(Ordering::Relaxed));
        let mut steps = clock.steps();
        let looking = tokio::spawn(Arc::clone(&clock).watch());
        let pass = async |set: i64| {
            for _ in 0..5 {
                tokio::time::sleep(seconds(1)).await;
                WALL.fetch_add(SECOND, Ordering::Relaxed);
            }
            WALL.fetch_add(set, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(1500)).await;
            WALL.fetch_add(1_500_000, Ordering::Relaxed);
        };
        pass(0).await;
        assert!(!steps.has_changed().expect("it looks"));
        for set in [-3600 * SECOND, 3600 * SECOND, -1_700_000_000 * SECOND, 1_700_000_000 * SECOND] {
            pass(set).await;
            assert!(steps.has_changed().expect("it looks"), "{set}");
            assert!(*steps.borrow_and_update() > 0);
        }
        looking.abort();
    }
}
