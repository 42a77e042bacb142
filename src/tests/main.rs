//! Integration tests: the whole server over real HTTP on a port of its own. They mirror the routes.

mod access;
mod architecture;
mod assets;
mod call_errors;
mod configuration;
mod documentation;
mod folded_users;
mod history;
mod history_order;
mod metrics;
mod one_run;
mod pages;
mod plain_forms;
mod program;
mod readiness;
mod recorded;
mod security;
mod server;
mod shutdown;
mod storage;
mod traffic;
mod users;
