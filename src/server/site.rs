//! What the program's own routes need beside the features: pages, login, checks.

use std::net::SocketAddr;
use std::sync::Arc;

use leptos::config::LeptosOptions;
use tokio_util::sync::CancellationToken;

use super::auth::Access;
use super::config::Config;
use super::origin_checks::Hosts;
use super::ready::Readiness;
use crate::document::Assets;
use crate::platform::database::Database;

/// The settings and checks of the program's own routes.
pub struct Site {
    /// Where the files of the pages are.
    pub leptos: LeptosOptions,
    /// The addresses of the files that a page loads.
    pub assets: Assets,
    /// Who may use the routes that are not public.
    pub access: Access,
    /// The host names that this server answers to.
    pub hosts: Hosts,
    /// Whether the process can do its work.
    pub readiness: Readiness,
}

impl Site {
    /// The site of a server that listens on `address`. It is not ready any more after `shutdown`.
    pub fn new(config: &Config, database: &Database, address: SocketAddr, shutdown: &CancellationToken) -> Self {
        Self {
            leptos: config.leptos.clone(),
            assets: config.assets.clone(),
            access: Access::new(config.admin_token.clone(), config.behind_proxy, Arc::clone(&config.assets.style)),
            hosts: Hosts::new(&config.allowed_hosts, address.ip()),
            readiness: Readiness { database: database.clone(), shutdown: shutdown.clone() },
        }
    }
}
