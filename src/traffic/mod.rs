//! The traffic simulator: the reason for this program.
//!
//! ```text
//! card ──► server_fns ─┐                         ┌─► stream (SSE) ─► live ─► card, run page
//! REST ──► server/api ─┴─► server/jobs ─► runner ─► stats ─► frames ┘
//!                                          │ plan → pacer → gate → mix → server/client
//!                                          ▼ real HTTP on the loopback
//!                               server/arrivals → the users API
//! ```

pub mod card;
pub mod engine;
pub mod form;
pub mod input;
pub mod live;
pub mod model;
pub mod run_page;
pub mod run_panel;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_fns;
pub mod start_form;
