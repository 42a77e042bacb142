//! The server around the features: configuration, wiring, routes, and the way it starts and ends.

pub mod access;
pub mod api_guard;
pub mod assets;
pub mod batch_writer;
pub mod config;
pub mod connections;
pub mod database;
pub mod database_file;
pub mod docs;
pub mod entrance;
mod inbox;
pub mod limits;
pub mod openapi;
pub mod per_peer;
pub mod problem;
pub mod ready;
pub mod request_id;
pub mod retention;
pub mod router;
pub mod security;
pub mod serve;
pub mod state;
pub mod wall_clock;
mod watched;
pub mod wiring;
