//! The server around the features: configuration, wiring, routes, and the way it starts and ends.

pub mod api_docs;
pub mod assets;
pub mod attempts;
pub mod auth;
pub mod compose;
mod compression;
pub mod config;
pub mod connections;
pub mod front_service;
pub mod limits;
pub mod login;
mod login_form;
pub mod origin_checks;
pub mod paths;
pub mod peer;
pub mod per_peer;
pub mod plain_page;
pub mod proxies;
pub mod ready;
pub mod router;
pub mod serve;
pub mod sessions;
pub mod settings;
pub mod state;
pub mod users_api_layer;
mod watched;
