//! The server's side of the metrics: recording and reading back.

pub mod record;
pub mod store;
