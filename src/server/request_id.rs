//! A UUIDv7 for every request: in its log lines, in the answer's `x-request-id`, in every problem.

use std::fmt;

use uuid::Uuid;

/// Names one request. Drawn by the server; what a client sends under that name is ignored.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(pub Uuid);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}
