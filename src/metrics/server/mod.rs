//! The server's side of the metrics, in the order of a request's way: recording, storing, the windows
//! in memory, and what is asked of them.

mod background;
mod blocks;
pub mod counters;
pub mod live;
mod log;
mod lookup;
pub mod page;
pub mod ports;
pub mod prometheus;
pub mod record;
pub mod retention;
mod rollups;
mod rows;
pub mod store;
mod stored;
