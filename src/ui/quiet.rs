//! For how long a page has had no data.

use std::time::Duration;

use leptos::prelude::*;

use super::clock::now;

/// How often a page looks. Not a second, so that a silence is noticed within half a second.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A page that looks later than this was away: hidden, or asleep with the computer. In milliseconds.
const WAS_AWAY: u64 = 2500;

/// When data came, and since when the page could have received any. Times are milliseconds of a steady clock.
#[derive(Clone, Copy, Debug)]
struct Silence {
    heard_at: u64,
    back_since: u64,
    looked_at: u64,
}

impl Silence {
    fn new(now: u64) -> Self {
        Self { heard_at: now, back_since: now, looked_at: now }
    }

    /// Looks at the clock, and returns the seconds without data if these are too many. After a page was away, data gets
    /// the time to arrive; but when it does not, the time away counts, too.
    fn look(&mut self, now: u64, hidden: bool, allowed: Duration) -> Option<u32> {
        if hidden || now.saturating_sub(self.looked_at) > WAS_AWAY {
            self.back_since = now;
        }
        self.looked_at = now;
        let waited = now.saturating_sub(self.heard_at.max(self.back_since));
        let seconds = (now.saturating_sub(self.heard_at) + 500) / 1000;
        (u128::from(waited) >= allowed.as_millis()).then(|| u32::try_from(seconds).unwrap_or(u32::MAX))
    }
}

/// Watches whether data comes.
#[derive(Clone, Copy, Debug)]
pub struct Quiet {
    silence: StoredValue<Option<Silence>>,
    seconds: RwSignal<Option<u32>>,
}

impl Quiet {
    /// Watches from now on, as long as `expected` says that data should come. A silence longer than `allowed` is reported.
    /// Does nothing on the server.
    pub fn new(allowed: Duration, expected: Signal<bool>) -> Self {
        let quiet = Self { silence: StoredValue::new(None), seconds: RwSignal::new(None) };
        Effect::new(move |_| {
            quiet.heard();
            if expected.get()
                && let Ok(timer) = set_interval_with_handle(move || quiet.look(allowed), LOOK_EVERY)
            {
                on_cleanup(move || timer.clear());
            }
        });
        quiet
    }

    /// Notes that data has come.
    pub fn heard(self) {
        self.silence.try_update_value(|silence| *silence = Some(Silence::new(now())));
        self.show(None);
    }

    /// The whole seconds without data, while that is longer than allowed.
    pub fn seconds(self) -> Signal<Option<u32>> {
        self.seconds.into()
    }

    fn look(self, allowed: Duration) {
        let silence = |silence: &mut Option<Silence>| silence.as_mut()?.look(now(), document().hidden(), allowed);
        if let Some(seconds) = self.silence.try_update_value(silence) {
            self.show(seconds);
        }
    }

    fn show(self, seconds: Option<u32>) {
        if self.seconds.try_get_untracked().is_some_and(|shown| shown != seconds) {
            let _ = self.seconds.try_set(seconds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: Duration = Duration::from_millis(2500);

    /// Looks at these moments, of which some are hidden, and lists what is shown.
    fn shown(moments: &[(u64, bool)]) -> Vec<Option<u32>> {
        let mut silence = Silence::new(0);
        moments.iter().map(|(now, hidden)| silence.look(*now, *hidden, ALLOWED)).collect()
    }

    #[test]
    fn a_silence_is_reported_within_three_seconds_and_counted_by_the_clock() {
        let seen = shown(&[500, 1000, 1500, 2000, 2490, 2510, 3000, 4000].map(|now| (now, false)));
        assert_eq!(seen, [None, None, None, None, None, Some(3), Some(3), Some(4)]);
    }

    #[test]
    fn a_page_that_was_away_first_waits_for_data_and_then_counts_the_time_away() {
        // Hidden for a minute, with timers that the browser throttled.
        let hidden = [(500, true), (60_500, true), (61_000, false), (62_500, false), (63_000, false), (63_500, false)];
        assert_eq!(shown(&hidden), [None, None, None, None, Some(63), Some(64)]);
        // The computer was suspended.
        let suspended = [(500, false), (3_600_000, false), (3_601_000, false), (3_602_600, false)];
        assert_eq!(shown(&suspended), [None, None, None, Some(3603)]);
    }
}
