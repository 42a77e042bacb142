//! Recorded requests and their roll-ups in the database.

pub mod blocks;
pub mod log;
pub mod lookup;
pub mod retention;
pub mod rollups;
pub mod rows;
pub mod store;
pub mod stored;
