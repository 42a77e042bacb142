//! The server's side of the traffic simulator, in the order of a request's way.

pub mod arrivals;
pub mod client;
pub mod closing;
pub mod dropped_rows;
pub mod export;
pub mod findings;
pub mod live_run;
pub mod plain_form;
pub mod ports;
pub mod recovery;
pub mod report;
pub mod rest;
pub mod retention;
pub mod run_manager;
pub mod runner;
pub mod send_timer;
pub mod shared_gate;
pub mod state;
pub mod store;
pub mod stream;
pub mod tally;

#[cfg(test)]
mod loop_tests;
