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
}

/// What the wall clock said at `moment`, not long ago, in epoch microseconds. Each thread looks at it once a second:
/// a request reads one clock and not two.
pub(super) fn epoch_micros_at(moment: Instant) -> i64 {
    thread_local! {
        static LAST: Cell<Option<Look>> = const { Cell::new(None) };
    }
    let is_good = |look: &Look| moment.saturating_duration_since(look.steady) < GOOD_FOR;
    let look = LAST.get().filter(is_good).unwrap_or_else(Look::now);
    LAST.set(Some(look));
    match moment.checked_duration_since(look.steady) {
        Some(since) => look.epoch + since.as_micros() as i64,
        // Before the look that it has caused.
        None => look.epoch - look.steady.duration_since(moment).as_micros() as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_wall_clock() {
        for back in [0, 1_500_000, 1000, 2_000_000].map(Duration::from_micros) {
            let before = epoch_micros();
            let told = Instant::now().checked_sub(back).map(epoch_micros_at);
            let after = epoch_micros();
            // A machine that has just started knows no moment so long ago.
            let Some(told) = told else { continue };
            let told = told + back.as_micros() as i64;
            // A millisecond for a thread that is interrupted again and again.
            assert!((before - 1000..=after + 1000).contains(&told), "{before} {told} {after} for {back:?}");
        }
    }
}
