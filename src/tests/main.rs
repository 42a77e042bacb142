//! Integration tests: the whole server over real HTTP on a port of its own. They mirror the routes.

mod access;
mod architecture;
mod assets;
mod compression;
mod configuration;
mod documentation;
mod history;
mod kept_runs;
mod metrics;
mod pages;
mod program;
mod recorded;
mod security;
mod server;
mod shutdown;
mod storage;
mod traffic;
mod users;
mod viewers;
