//! What the server measured: a row for every request to `/api/v1`, and the numbers made of them.
//!
//! It records `/api/v1` and nothing else, so that watching the dashboard never moves it. It knows
//! an [`crate::origin::Origin`], never the traffic generator.

pub mod engine;
pub mod input;
pub mod kpi_cards;
pub mod model;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_fns;
