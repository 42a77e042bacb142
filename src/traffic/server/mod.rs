//! The server's side of the traffic simulator, in the order of a request's way.

pub mod api;
pub mod arrivals;
pub mod client;
pub mod clock;
pub mod closing;
pub mod dropped_rows;
pub mod export;
pub mod findings;
pub mod gatekeeper;
pub mod job;
pub mod jobs;
pub mod page;
pub mod ports;
pub mod recovery;
pub mod report;
pub mod retention;
pub mod runner;
pub mod store;
pub mod stream;
pub mod tally;

#[cfg(test)]
mod loop_tests;
