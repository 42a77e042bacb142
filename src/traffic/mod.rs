//! The traffic simulator: the reason for this program.
//!
//! ```text
//! card ──► server_fns ──┐                                    ┌─► stream (SSE) ─► run_feed ─► card, run page
//! REST ──► server/rest ─┴─► run_manager ─► runner ─► live_run ┘
//!                                            │ plan → pacer → gate → mix → client
//!                                            ▼ real HTTP on the loopback
//!                                  server/arrivals → the users API
//! ```

pub mod engine;
pub mod history_query;
pub mod model;
pub mod outcomes;
pub mod page;
pub mod run_order;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_fns;
pub mod start_request;
pub mod validation;
pub mod view;
