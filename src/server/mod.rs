//! The program around the features: settings, composition, routes, access, start and shutdown. It stands on top of
//! everything else, and nothing but `main.rs`, tests and benches uses it.
//!
//! To read it from the start of the program on: [`config`], [`compose`], [`router`], [`serve`], [`front_service`].

mod adapters;
pub mod api_docs;
pub mod assets;
pub mod attempts;
pub mod auth;
pub mod compose;
mod compression;
pub mod config;
mod connection_state;
mod connection_table;
pub mod connections;
pub mod flags;
pub mod front_service;
pub mod limits;
pub mod login;
mod login_form;
pub mod origin_checks;
pub mod paths;
pub mod peer;
pub mod per_peer;
mod plain_page;
pub mod proxies;
pub mod ready;
pub mod router;
pub mod serve;
pub mod sessions;
pub mod settings;
pub mod site;
mod static_files;
pub mod users_api_layer;
mod watched;
