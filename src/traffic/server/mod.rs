//! The simulator on the server. A module uses only those of its own group and of the groups above it.

// What the simulator needs, and how a request leaves and arrives.
pub mod arrivals;
pub mod client;
pub mod ports;
pub mod run_headers;
pub mod send_timer;
pub mod shared_gate;

// What is stored of a run.
pub mod client_ledger;
pub mod dropped_rows;
pub mod history_rows;
pub mod ledger_rows;
pub mod older_versions;
mod run_rows;
pub mod store;

// One run: it sends, and it is closed.
mod closing;
mod findings;
pub mod frame;
pub mod live_run;
pub mod recovery;
pub mod run_context;
mod run_state;
mod runner;

// All runs.
mod lifecycle;
pub mod refusals;
pub mod retention;
pub mod run_manager;
pub mod run_totals;
mod runs_in_memory;

// What handlers and server functions answer.
pub mod details_cache;
pub mod export;
pub mod plain_form;
pub mod report;
pub mod rest;
pub mod state;
pub mod stream;

#[cfg(test)]
mod loop_tests;
