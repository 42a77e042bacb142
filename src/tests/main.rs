//! Integration tests: the whole server over real HTTP on a port of its own. They mirror the routes.

mod access;
mod architecture;
mod assets;
mod configuration;
mod documentation;
mod history;
mod login;
mod metrics;
mod pages;
mod paths;
mod private_files;
mod program;
mod proxies;
mod raw;
mod recorded;
mod security;
mod server;
mod settings;
mod shutdown;
mod storage;
mod traffic;
mod users;
