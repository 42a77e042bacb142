//! The server's side of the metrics, in the order of a request's way: recording, storing, the windows
//! in memory, and what is asked of them.

mod background;
pub mod counters;
pub mod ports;
pub mod prometheus;
pub mod record;
pub mod service;
pub mod storage;
