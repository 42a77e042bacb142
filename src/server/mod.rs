//! The server around the features: configuration, wiring, routes, and the way it starts and ends.

pub mod access;
pub mod api_guard;
pub mod assets;
pub mod batch_writer;
mod clock;
mod compression;
pub mod config;
pub mod database;
pub mod docs;
pub mod entrance;
mod inbox;
pub mod limits;
pub mod moments;
pub mod openapi;
pub mod problem;
pub mod request_id;
pub mod router;
pub mod security;
pub mod serve;
pub mod state;
pub mod wiring;
