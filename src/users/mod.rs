//! The users API: an ordinary REST API, which the traffic hits and the dashboard watches.
//!
//! It knows nothing about the traffic generator. All it knows is the [`crate::origin::Origin`] of a request, so that what
//! a run created can be found and removed.

pub mod model;
#[cfg(feature = "ssr")]
pub mod server;
