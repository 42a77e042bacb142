//! Data that a page fetches again and again, and that cross the wire only when they have changed.

use serde::{Deserialize, Serialize};

/// The answer to a page that says which version of the data it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refreshed<T> {
    /// Names the data by their content: equal data have the same version, whatever the time.
    pub version: u64,
    /// The moment that the data describe, in epoch milliseconds.
    pub now: i64,
    /// The data; `None` if the page has this version.
    pub data: Option<T>,
}

impl<T: Clone> Refreshed<T> {
    /// The answer to a page that has the version `known`, if it has any.
    #[must_use]
    pub fn since(&self, known: Option<u64>) -> Self {
        let is_known = known == Some(self.version);
        Self { data: if is_known { None } else { self.data.clone() }, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_has_is_not_sent_again() {
        let fresh = Refreshed { version: 7, now: 1000, data: Some("x".to_owned()) };
        assert_eq!(fresh.since(None), fresh);
        assert_eq!(fresh.since(Some(6)), fresh);
        assert_eq!(fresh.since(Some(7)), Refreshed { data: None, ..fresh.clone() });
    }
}
