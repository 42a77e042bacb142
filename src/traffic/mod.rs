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
mod choices;
pub mod compare_page;
pub mod comparison;
pub mod draft;
pub mod engine;
pub mod exchange_card;
pub mod form;
pub mod input;
pub mod live;
pub mod model;
pub mod newest_runs;
mod panel_html;
pub mod run_actions;
pub mod run_badge;
pub mod run_charts;
pub mod run_details;
pub mod run_order;
pub mod run_page;
pub mod run_panel;
pub mod run_sides;
pub mod run_tables;
pub mod run_title;
pub mod runs_page;
pub mod runs_query;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_fns;
pub mod settings_words;
mod setup_html;
pub mod start_form;
pub mod verdict;
