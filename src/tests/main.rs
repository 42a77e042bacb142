//! Integration tests: the whole server over real HTTP on a port of its own. They mirror the routes.

mod access;
mod architecture;
mod assets;
mod bounds;
mod configuration;
mod database_file;
mod documentation;
mod history;
mod metrics;
mod pages;
mod program;
mod recorded;
mod security;
mod server;
mod shutdown;
mod signals;
mod starts;
mod storage;
mod storing;
mod time;
mod traffic;
mod undo;
mod users;
mod verdict;
