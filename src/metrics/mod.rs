//! What the server measured: one row for every request to `/api/v1`, and the numbers made of the rows.
//!
//! The record layer hands each [`engine::recorded_request::RecordedRequest`] to a bounded channel and never waits.
//! One writer inserts them into the database, with their roll-ups by minute in the same transaction, and then adds
//! them to the windows in memory that answer every page view. What the channel can't take is dropped, counted and
//! shown.
//!
//! Nothing but `/api/v1` is recorded, so that watching the dashboard never moves it. The metrics know an
//! [`crate::origin::Origin`], never the traffic generator.

pub mod address;
pub mod engine;
pub mod health_model;
pub mod log_form;
pub mod log_model;
pub mod model;
pub mod page;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_fns;
pub mod validation;
pub mod view;
