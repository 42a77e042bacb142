//! When a page opens the live stream of a run, when it polls instead, and when it closes the stream.
//!
//! Pure: times are arguments, in milliseconds of a steady clock. Nothing is counted in ticks, because browsers slow the
//! timers of hidden tabs down.

/// A stream that delivers nothing for this long is helped out by polling.
const PATIENCE: u64 = 3000;
/// A stream that delivers nothing for this long is closed and opened again.
const GIVE_UP: u64 = 10_000;
/// How long a refused or cut stream stays closed.
const REOPEN_AFTER: u64 = 3000;
/// How long a page waits that found no place for its stream.
const PLACE_AGAIN_AFTER: u64 = 2000;
/// How often a page polls.
const POLL_EVERY: u64 = 1000;
/// How often a hidden page polls. Browsers that slow its timers down let it do so about once a minute.
const HIDDEN_POLL_EVERY: u64 = 10_000;
/// For how long a hidden page keeps its stream, because many are hidden for a glance at another tab only.
const HIDDEN_GRACE: u64 = 5000;
/// By how much a timer may be early.
const EARLY: u64 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StreamState {
    /// There is none; it may be opened from this moment on.
    Closed { until: u64 },
    /// It was opened, or delivered the last event, at this moment.
    Open { heard_at: u64 },
}

/// What the page has to do now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Steps {
    /// Close the stream and give its place away.
    pub close: bool,
    /// Find a place for a stream and open it.
    pub open: bool,
    /// Fetch the state of the run once.
    pub poll: bool,
}

/// The state from which the next steps follow.
#[derive(Debug)]
pub(super) struct ConnectionPolicy {
    stream: StreamState,
    hidden_since: Option<u64>,
    is_polling: bool,
    /// When the last poll began. The page came with a state of the run, so it begins as after a poll.
    polled_at: u64,
}

impl ConnectionPolicy {
    /// A page that has no stream yet. One that is hidden from the start opens none.
    pub(super) fn new(now: u64, hidden: bool) -> Self {
        let hidden_since = hidden.then(|| now.saturating_sub(HIDDEN_GRACE));
        Self { stream: StreamState::Closed { until: now }, hidden_since, is_polling: false, polled_at: now }
    }

    /// What to do at this moment. Called at least twice a second while the browser lets the page.
    pub(super) fn step(&mut self, now: u64, hidden: bool) -> Steps {
        if hidden {
            return self.step_hidden(now);
        }
        self.hidden_since = None;
        let mut steps = Steps::default();
        match self.stream {
            StreamState::Open { heard_at } if now.saturating_sub(heard_at) >= GIVE_UP => {
                self.stream = StreamState::Closed { until: now };
                steps.close = true;
            }
            StreamState::Closed { until } if now >= until => {
                self.stream = StreamState::Open { heard_at: now };
                steps.open = true;
            }
            StreamState::Open { .. } | StreamState::Closed { .. } => {}
        }
        steps.poll = self.begin_poll(now, POLL_EVERY);
        steps
    }

    fn step_hidden(&mut self, now: u64) -> Steps {
        let since = *self.hidden_since.get_or_insert(now);
        let is_open = matches!(self.stream, StreamState::Open { .. });
        let close = is_open && now.saturating_sub(since) >= HIDDEN_GRACE;
        if close {
            self.stream = StreamState::Closed { until: now };
        }
        Steps { close, open: false, poll: self.begin_poll(now, HIDDEN_POLL_EVERY) }
    }

    /// Is it time to poll? Then the poll counts as begun.
    fn begin_poll(&mut self, now: u64, every: u64) -> bool {
        let is_due = now.saturating_sub(self.polled_at) + EARLY >= every;
        if self.is_polling || !is_due || self.delivers(now) {
            return false;
        }
        self.is_polling = true;
        self.polled_at = now;
        true
    }

    /// Does the stream deliver, or may it still begin to?
    pub(super) fn delivers(&self, now: u64) -> bool {
        matches!(self.stream, StreamState::Open { heard_at } if now.saturating_sub(heard_at) < PATIENCE)
    }

    /// Is a stream wanted?
    pub(super) fn wants_stream(&self) -> bool {
        matches!(self.stream, StreamState::Open { .. })
    }

    /// The stream has delivered an event.
    pub(super) fn heard(&mut self, now: u64) {
        if self.wants_stream() {
            self.stream = StreamState::Open { heard_at: now };
        }
    }

    /// A poll has ended, in whatever way.
    pub(super) fn poll_ended(&mut self) {
        self.is_polling = false;
    }

    /// The stream was refused or cut.
    pub(super) fn stream_failed(&mut self, now: u64) {
        self.stream = StreamState::Closed { until: now + REOPEN_AFTER };
    }

    /// Other windows of this browser hold all places for streams, or the browser has no locks.
    pub(super) fn found_no_place(&mut self, now: u64) {
        self.stream = StreamState::Closed { until: now + PLACE_AGAIN_AFTER };
    }

    /// The user leaves the page. If it comes back out of the browser's cache, the stream is opened again.
    pub(super) fn left(&mut self, now: u64) {
        self.stream = StreamState::Closed { until: now };
    }

    /// Somebody asks to try again at once.
    pub(super) fn retry(&mut self, now: u64) -> Steps {
        self.stream = StreamState::Open { heard_at: now };
        self.polled_at = now;
        let poll = !std::mem::replace(&mut self.is_polling, true);
        Steps { close: true, open: true, poll }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Steps = Steps { close: false, open: false, poll: false };
    const OPEN: Steps = Steps { open: true, ..NOTHING };
    const CLOSE: Steps = Steps { close: true, ..NOTHING };
    const POLL: Steps = Steps { poll: true, ..NOTHING };

    /// The moments between `from` and `to` at which there is something to do, when the page looks every half second and
    /// each poll is answered before the next look.
    fn steps(policy: &mut ConnectionPolicy, from: u64, to: u64, hidden: bool) -> Vec<(u64, Steps)> {
        let mut seen = Vec::new();
        for now in (from..=to).step_by(500) {
            let step = policy.step(now, hidden);
            if step != NOTHING {
                seen.push((now, step));
            }
            policy.poll_ended();
        }
        seen
    }

    #[test]
    fn a_stream_that_delivers_needs_no_poll() {
        let mut policy = ConnectionPolicy::new(0, false);
        assert_eq!(policy.step(0, false), OPEN);
        for now in (500..60_000).step_by(500) {
            policy.heard(now);
            assert_eq!(policy.step(now, false), NOTHING, "at {now}");
        }
    }

    #[test]
    fn a_silent_stream_is_polled_after_three_seconds_and_opened_again_after_ten() {
        let mut policy = ConnectionPolicy::new(0, false);
        let polls = (3000..=9000).step_by(1000).map(|now| (now, POLL));
        let mut expected = vec![(0, OPEN)];
        expected.extend(polls);
        expected.push((10_000, Steps { close: true, open: false, poll: true }));
        expected.push((10_500, OPEN));
        expected.push((13_500, POLL));
        assert_eq!(steps(&mut policy, 0, 13_500, false), expected);
    }

    #[test]
    fn a_refused_stream_is_polled_at_once_and_tried_again_after_three_seconds() {
        let mut policy = ConnectionPolicy::new(0, false);
        assert_eq!(policy.step(0, false), OPEN);
        policy.stream_failed(2000);
        let expected = [(2000, POLL), (3000, POLL), (4000, POLL), (5000, OPEN)];
        assert_eq!(steps(&mut policy, 2000, 5000, false), expected);
    }

    #[test]
    fn a_page_without_a_place_polls_and_takes_over_a_place_that_gets_free() {
        let mut policy = ConnectionPolicy::new(0, false);
        assert_eq!(policy.step(0, false), OPEN);
        policy.found_no_place(1000);
        assert_eq!(steps(&mut policy, 1000, 3000, false), [(1000, POLL), (2000, POLL), (3000, OPEN)]);
    }

    #[test]
    fn polls_do_not_overlap() {
        let mut policy = ConnectionPolicy::new(0, false);
        assert_eq!(policy.step(0, false), OPEN);
        assert_eq!(policy.step(3000, false), POLL);
        assert_eq!((policy.step(4000, false), policy.step(5000, false)), (NOTHING, NOTHING));
        policy.poll_ended();
        assert_eq!(policy.step(5500, false), POLL);
    }

    #[test]
    fn a_hidden_page_gives_its_stream_away_and_polls_slowly() {
        let mut policy = ConnectionPolicy::new(0, false);
        assert_eq!(policy.step(0, false), OPEN);
        for now in (500..=60_000).step_by(500) {
            policy.heard(now);
        }
        // No event comes while it is hidden, so a poll helps out even before the stream is closed.
        assert_eq!(steps(&mut policy, 60_500, 65_000, true), [(63_000, POLL)]);
        assert_eq!(policy.step(65_500, true), CLOSE);
        assert_eq!(steps(&mut policy, 66_000, 83_000, true), [(73_000, POLL), (83_000, POLL)]);
        // With throttled timers every look is a poll.
        assert_eq!((policy.step(143_000, true), policy.is_polling), (POLL, true));
        policy.poll_ended();
        assert_eq!(policy.step(143_500, false), OPEN, "back in sight");
    }

    #[test]
    fn a_page_opened_in_the_background_opens_no_stream() {
        let mut policy = ConnectionPolicy::new(0, true);
        assert_eq!(steps(&mut policy, 0, 20_000, true), [(10_000, POLL), (20_000, POLL)]);
        assert_eq!(policy.step(20_500, false), OPEN);
    }

    #[test]
    fn retry_opens_and_polls_at_once() {
        let mut policy = ConnectionPolicy::new(0, false);
        policy.stream_failed(100);
        assert_eq!(policy.retry(200), Steps { close: true, open: true, poll: true });
        assert_eq!(policy.retry(300), Steps { close: true, open: true, poll: false }, "a poll is under way");
    }

    #[test]
    fn a_page_that_was_left_opens_its_stream_again_when_it_comes_back() {
        let mut policy = ConnectionPolicy::new(0, false);
        assert_eq!(policy.step(0, false), OPEN);
        policy.left(1000);
        policy.heard(1001);
        assert!(!policy.wants_stream(), "an event that was on its way opens nothing");
        assert_eq!(policy.step(90_000, false), OPEN);
    }
}
