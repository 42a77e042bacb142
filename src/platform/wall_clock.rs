//! The wall clock beside the steady one.
//!
//! People and programs set a wall clock, by seconds or by years, and it goes on while a machine sleeps. So nobody
//! measures time with it: it is for display, and for the times that stored rows carry. What has to be known of its
//! steps is noted here: which times it has shown during this process, and that it was set.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

/// How often the wall clock is compared with the steady one.
const LOOK: Duration = Duration::from_secs(1);
/// The two may differ by so much between two looks, in microseconds. More means that the wall clock was set, or that
/// the machine slept.
const TOLERANCE: i64 = 2_000_000;
/// A span is as old as its end, so none is longer than this.
const SPAN: Duration = Duration::from_secs(3600);
/// Rows may carry times from so long before a span until so long after it, in microseconds: a request arrives before
/// its row is stored, and the clock may be set between two looks.
const MARGIN: i64 = 60_000_000;

/// In microseconds, as the times of rows are.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A time without a step of the wall clock.
#[derive(Clone, Debug)]
struct Span {
    /// What the wall clock said at its begin, in epoch microseconds.
    from: i64,
    /// What it said at the last look.
    to: i64,
    /// The begin on the steady clock, since the start of the process.
    began: Duration,
    /// The last look on the steady clock.
    seen: Duration,
}

/// The times that the wall clock has shown since the start of the process: the times of all rows that were stored by
/// it, and of hardly any other row.
#[derive(Clone, Debug, Default)]
pub struct Shown(Vec<Span>);

impl Shown {
    /// Notes that the wall clock shows `wall`, in epoch microseconds, so long after the start. Says by how much the
    /// wall clock was set since the last look, in microseconds, if it was.
    pub fn note(&mut self, wall: i64, steady: Duration) -> Option<i64> {
        let apart = |span: &Span| wall - span.to - micros(steady.saturating_sub(span.seen));
        let step = self.0.last().map(apart).filter(|apart| apart.abs() > TOLERANCE);
        match self.0.last_mut() {
            Some(span) if step.is_none() && steady < span.began + SPAN => (span.to, span.seen) = (wall, steady),
            _ => self.0.push(Span { from: wall, to: wall, began: steady, seen: steady }),
        }
        step
    }

    /// What was shown less than `ago` before the moment `steady` after the start.
    pub(crate) fn within(&self, ago: Duration, steady: Duration) -> impl Iterator<Item = Range<i64>> {
        self.0.iter().filter(move |span| steady.saturating_sub(span.seen) < ago).map(|span| {
            let (first, last) = (span.from.min(span.to), span.from.max(span.to));
            first.saturating_sub(MARGIN)..last.saturating_add(MARGIN)
        })
    }
}

/// Looks at the wall clock, for as long as the process runs.
#[derive(Debug)]
pub struct WallClock {
    started: Instant,
    read: fn() -> i64,
    shown: Mutex<Shown>,
    steps: watch::Sender<u32>,
}

impl WallClock {
    /// Looks for the first time. `read` gives the wall clock in epoch microseconds.
    pub fn new(read: fn() -> i64) -> Arc<Self> {
        let mut shown = Shown::default();
        shown.note(read(), Duration::ZERO);
        Arc::new(Self { started: Instant::now(), read, shown: Mutex::new(shown), steps: watch::Sender::new(0) })
    }

    /// Goes on looking, for ever.
    pub async fn watch(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            let (wall, steady) = self.now();
            let step = self.shown.lock().unwrap_or_else(PoisonError::into_inner).note(wall, steady);
            if let Some(step) = step {
                let seconds = step as f64 / 1e6;
                tracing::warn!(seconds, "the wall clock was set, or the machine slept; what is shown is read anew");
                self.steps.send_modify(|steps| *steps += 1);
            }
        }
    }

    /// Changes whenever the wall clock was set.
    pub fn steps(&self) -> watch::Receiver<u32> {
        self.steps.subscribe()
    }

    /// What the wall clock shows, in epoch microseconds, and the steady time since the start.
    pub(crate) fn now(&self) -> (i64, Duration) {
        ((self.read)(), self.started.elapsed())
    }

    /// What it has shown up to now.
    pub(crate) fn shown(&self) -> Shown {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
            let mut shown = Shown::default();
            assert_eq!(shown.note(NOW, Duration::ZERO), None, "the first look");
            assert_eq!(shown.note(NOW + change, seconds(1)), step, "{change}");
            assert_eq!(shown.0.len(), if step.is_some() { 2 } else { 1 }, "{change}");
        }
    }

    #[test]
    fn spans_are_an_hour_long_and_age_by_the_steady_clock() {
        let mut shown = Shown::default();
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
