//! The three headers by which a simulated request says which request of which run it is.

use std::fmt;

use axum::http::HeaderMap;
use uuid::Uuid;

use crate::origin::RunId;

/// The id of the run.
pub const RUN_HEADER: &str = "x-traffic-run";
/// The number of the request's slot in the plan.
pub const SEQ_HEADER: &str = "x-traffic-seq";
/// The secret of the run, which proves that the other two are true.
pub const KEY_HEADER: &str = "x-traffic-key";

/// 122 random bits that only the generator and the arrivals layer know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(u128);

impl Secret {
    /// A new secret from the operating system's random numbers.
    pub fn random() -> Self {
        Self(Uuid::new_v4().as_u128())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What the headers of a request claim. Nothing of it is checked yet.
pub(super) struct Claim {
    pub(super) run_id: RunId,
    pub(super) seq: u32,
    pub(super) secret: Secret,
}

impl Claim {
    /// `None` when a header is missing or malformed.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Some(Self {
            run_id: text(RUN_HEADER)?.parse().ok()?,
            seq: text(SEQ_HEADER)?.parse().ok()?,
            secret: Secret(u128::from_str_radix(text(KEY_HEADER)?, 16).ok()?),
        })
    }
}
