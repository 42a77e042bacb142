//! The users API: an ordinary REST API, the thing that the traffic hits and the dashboard watches.
//!
//! It knows nothing of the traffic generator. All it knows is an [`crate::origin::Origin`]: who
//! made a request, so that what a run created can be found and removed.

pub mod model;
#[cfg(feature = "ssr")]
pub mod server;
