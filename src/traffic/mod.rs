//! The traffic simulator: starts runs of the generator, shows them live, and keeps their results.
//!
//! ```text
//! page/card ──► server_fns ─┐                                             ┌─► server/stream (SSE) ─► page/run_feed
//! REST ─────► server/rest ──┴─► server/run_manager ─► server/runner ─► stats ─┘
//!                                                       │ engine: plan → pacer → gate → mix
//!                                                       ▼ server/client: real HTTP on the loopback
//!                                                     server/arrivals → the users API
//! ```
//!
//! From the ground up: [`model`] and [`engine`] are pure; [`start_request`], [`history_query`] and [`naming`] check requests; [`view`] renders data; `server` (only with the feature `ssr`) runs, stores and serves;
//! [`server_fns`] are what the page calls; [`page`] holds the routes and the islands.

pub mod engine;
pub mod history_query;
pub mod model;
pub mod naming;
pub mod outcomes;
pub mod page;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_fns;
pub mod start_request;
pub mod view;
