//! The wall clock, for those who ask it thousands of times a second.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use super::database::epoch_micros;

/// For how long a look at the wall clock is good: so long it may take until a clock that was set is noticed.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// How often both clocks are read for one look: what lies between the two is its error, and a thread can be interrupted.
const ATTEMPTS: usize = 4;

/// The same moment on the steady clock and on the wall clock, the latter in epoch microseconds.
#[derive(Clone, Copy)]
struct Look {
    steady: Instant,
    epoch: i64,
}

impl Look {
    /// At both clocks, as close to each other as it goes.
    fn now() -> Self {
        let read = || {
            let (steady, epoch) = (Instant::now(), epoch_micros());
            (steady.elapsed(), Self { steady, epoch })
        };
        let closest = (1..ATTEMPTS).fold(read(), |best, _| {
            let next = read();
            if next.0 < best.0 { next } else { best }
        });
        closest.1
    }

    /// What the wall clock said at `moment`, in epoch microseconds; `None` when that is too far from this look.
    fn epoch_at(self, moment: Instant) -> Option<i64> {
        let (since, before) = (moment.checked_duration_since(self.steady), self.steady.checked_duration_since(moment));
        let near = |apart: &Duration| *apart < GOOD_FOR;
        let later = since.filter(near).map(|since| self.epoch + since.as_micros() as i64);
        later.or_else(|| before.filter(near).map(|before| self.epoch - before.as_micros() as i64))
    }
}

/// What the wall clock said at `moment`, which is now, in epoch microseconds. Each thread looks at it once a second:
/// a request reads one clock and not two.
pub(super) fn epoch_micros_at(moment: Instant) -> i64 {
    thread_local! {
        static LAST: Cell<Option<Look>> = const { Cell::new(None) };
    }
    if let Some(epoch) = LAST.get().and_then(|look| look.epoch_at(moment)) {
        return epoch;
    }
    let look = Look::now();
    LAST.set(Some(look));
    look.epoch_at(moment).unwrap_or(look.epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_good_for_a_second_around_it() {
        let look = Look { steady: Instant::now() + Duration::from_secs(10), epoch: 1_767_225_600_000_000 };
        for (micros, expected) in [(0, Some(0)), (999_999, Some(999_999)), (1_000_000, None), (5_000_000, None)] {
            let apart = Duration::from_micros(micros);
            assert_eq!(look.epoch_at(look.steady + apart), expected.map(|micros| look.epoch + micros));
            assert_eq!(look.epoch_at(look.steady - apart), expected.map(|micros| look.epoch - micros));
        }
    }

    #[test]
    fn it_is_the_wall_clock() {
        for _ in 0..3 {
            let (before, told, after) = (epoch_micros(), epoch_micros_at(Instant::now()), epoch_micros());
            // A millisecond for a thread that is interrupted at each attempt.
            assert!((before - 1000..=after + 1000).contains(&told), "{before} {told} {after}");
        }
    }
}
