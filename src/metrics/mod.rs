//! What the server measured: a row for every request to `/api/v1`, and the numbers made of them.
//!
//! The record layer hands each row to a bounded channel and never waits; one writer adds them to the
//! database, with their roll-ups by minute in the same transaction, and then to the windows in memory
//! that answer every page view. What the channel can't take is dropped, counted and shown.
//!
//! It records `/api/v1` and nothing else, so that watching the dashboard never moves it. It knows
//! an [`crate::origin::Origin`], never the traffic generator.

pub mod address;
pub mod engine;
pub mod log_model;
pub mod model;
pub mod page;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_fns;
pub mod validation;
pub mod view;
