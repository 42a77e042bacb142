//! A UUIDv7 for every request: in its log lines, in the response's `x-request-id`, in every problem.

use std::fmt;

use uuid::timestamp::context::{ContextV7, ThreadLocalContext};
use uuid::{Timestamp, Uuid};

thread_local! {
    /// Orders the ids of one thread within a millisecond.
    static CONTEXT: ContextV7 = ContextV7::new().with_additional_precision();
}

/// The id of one request. The server generates it; what a client sends under that name is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// Generates the id of a request that arrives now.
    pub fn generate() -> Self {
        Self(Uuid::new_v7(Timestamp::now(ThreadLocalContext::new(&CONTEXT))))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_of_version_7_in_the_order_in_which_they_were_drawn() {
        let ids: Vec<RequestId> = (0..1000).map(|_| RequestId::generate()).collect();
        assert!(ids.is_sorted_by(|earlier, later| earlier.0 < later.0));
        for id in ids {
            assert_eq!((id.0.get_version_num(), id.0.get_variant()), (7, uuid::Variant::RFC4122));
        }
    }
}
