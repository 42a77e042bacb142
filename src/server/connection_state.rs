//! What one connection is doing, as its bytes, requests and responses show.
//!
//! There is neither a clock nor a socket in here: the current time is an argument.

use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activity {
    /// It has waited for the first byte of a request since this time.
    Waiting(Instant),
    /// A request began at this time, and its head or its body is still incomplete.
    Receiving(Instant),
    /// A request is being answered.
    Answering,
    /// A response is complete, and its last part is being written to the socket.
    Sending,
}

/// The state of one connection.
#[derive(Debug)]
pub(super) struct ConnectionState {
    activity: Mutex<Activity>,
    /// Cancelled when the connection has to be closed.
    pub(super) closed: CancellationToken,
}

impl ConnectionState {
    /// The state of a connection that was accepted just now.
    pub(super) fn new(now: Instant, closed: CancellationToken) -> Self {
        Self { activity: Mutex::new(Activity::Waiting(now)), closed }
    }

    pub(super) fn bytes_received(&self, now: Instant) {
        self.change(|activity| match activity {
            Activity::Waiting(_) => Activity::Receiving(now),
            other => other,
        });
    }

    pub(super) fn head_received(&self, has_body: bool, now: Instant) {
        self.change(|activity| match activity {
            _ if !has_body => Activity::Answering,
            Activity::Receiving(since) => Activity::Receiving(since),
            _ => Activity::Receiving(now),
        });
    }

    pub(super) fn body_received(&self) {
        self.change(|activity| match activity {
            Activity::Receiving(_) => Activity::Answering,
            other => other,
        });
    }

    pub(super) fn response_complete(&self) {
        self.change(|_| Activity::Sending);
    }

    pub(super) fn flushed(&self, now: Instant) {
        self.change(|activity| match activity {
            Activity::Sending => Activity::Waiting(now),
            other => other,
        });
    }

    /// The connection with the smallest value is closed first. `None` while a request is being answered.
    pub(super) fn closing_order(&self) -> Option<(u8, Instant)> {
        match *self.activity.lock() {
            Activity::Waiting(since) => Some((0, since)),
            Activity::Receiving(since) => Some((1, since)),
            Activity::Answering | Activity::Sending => None,
        }
    }

    fn change(&self, change: impl FnOnce(Activity) -> Activity) {
        let mut activity = self.activity.lock();
        *activity = change(*activity);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_activity_follows_from_what_is_seen_of_a_connection() {
        let began = Instant::now();
        let at = |second: u64| began + Duration::from_secs(second);
        let state = ConnectionState::new(at(1), CancellationToken::new());
        let activity = || *state.activity.lock();
        state.flushed(at(2));
        assert_eq!(activity(), Activity::Waiting(at(1)), "nothing was written");
        state.bytes_received(at(2));
        state.bytes_received(at(3));
        state.head_received(true, at(4));
        assert_eq!(activity(), Activity::Receiving(at(2)), "the head's first byte counts");
        state.body_received();
        state.bytes_received(at(5));
        state.flushed(at(5));
        assert_eq!(activity(), Activity::Answering);
        state.response_complete();
        assert_eq!(activity(), Activity::Sending);
        // Two requests in one packet: no byte comes in before the second one.
        state.head_received(true, at(6));
        assert_eq!(activity(), Activity::Receiving(at(6)));
        state.response_complete();
        state.body_received();
        state.flushed(at(7));
        assert_eq!(activity(), Activity::Waiting(at(7)), "answered before its body was complete");
    }
}
