//! Integration tests: the whole server over real HTTP on a port of its own. They mirror the routes.

mod architecture;
mod configuration;
mod metrics;
mod pages;
mod security;
mod server;
mod shutdown;
mod traffic;
mod users;
