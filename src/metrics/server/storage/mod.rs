//! Recorded requests and their roll-ups in the database.

mod log;
pub mod retention;
mod rollups;
mod rows;
pub mod sqlite;
pub mod store;
