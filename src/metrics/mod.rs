//! What the server measured: a row for every request to `/api/v1`, and the numbers made of them.
//!
//! The record layer hands each row to a bounded channel and never waits; one writer adds them to the
//! database, with their roll-ups by minute in the same transaction, and then to the windows in memory
//! that answer every page view. What the channel can't take is dropped, counted and shown.
//!
//! It records `/api/v1` and nothing else, so that watching the dashboard never moves it. It knows
//! an [`crate::origin::Origin`], never the traffic generator.

pub mod address;
pub mod charts;
pub mod endpoint_table;
pub mod engine;
pub mod input;
pub mod kpi_cards;
pub mod log_model;
pub mod log_page;
pub mod model;
pub mod newest_requests;
pub mod request_page;
pub mod request_rows;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_fns;
pub mod view_filter;
