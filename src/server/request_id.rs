//! A UUIDv7 for every request: in its log lines, in the answer's `x-request-id`, in every problem.

use std::fmt;

use uuid::{Builder, Uuid};

use super::database::epoch_millis;

/// Names one request. Drawn by the server; what a client sends under that name is ignored.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// A new one. Not a secret, so that its random bits need no call of the system.
    pub fn draw() -> Self {
        let mut random = [0; 10];
        random.copy_from_slice(&fastrand::u128(..).to_ne_bytes()[..10]);
        Self(Builder::from_unix_timestamp_millis(epoch_millis().unsigned_abs(), &random).into_uuid())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}
