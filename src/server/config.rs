//! Settings, read once. Precedence: flag > environment > `Leptos.toml` > default.

use std::net::{Ipv6Addr, SocketAddr};

use leptos::config::LeptosOptions;

use super::assets;
use super::assets::AssetsError;
use super::auth::AdminToken;
pub use super::flags::LogFormat;
use super::flags::{Flags, OtherTask};
use super::settings;
use super::settings::{SettingError, own_url};
use crate::document::Assets;
use crate::metrics::server::storage::retention::KeptRequests;
use crate::traffic::server::retention::KeptRuns;

const FILE: &str = "Leptos.toml";
/// Connections beside the live streams: 40 of the generator, a reserve of 64, and some for pages.
const NOT_STREAMS: u32 = 128;

/// What the program is asked to do.
#[derive(Debug)]
pub enum Task {
    /// Serve.
    Serve(Box<Config>),
    /// Remove all users but the demo users.
    PruneUsers {
        /// `sqlite://PATH`
        database_url: String,
    },
}

impl Task {
    /// Reads flags, environment and `Leptos.toml`. Ends the program after `--help` and `--version`.
    ///
    /// # Errors
    /// [`ConfigError`], which tells the operator what to do.
    pub fn read() -> Result<Self, ConfigError> {
        let flags = Flags::read()?;
        match flags.other_task {
            Some(OtherTask::PruneUsers) => Ok(Self::PruneUsers { database_url: flags.database_url }),
            None => Config::load(flags).map(|config| Self::Serve(Box::new(config))),
        }
    }
}

/// All settings of the server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the files of the pages are, and the address to listen on.
    pub leptos: LeptosOptions,
    /// The addresses of the files that a page loads.
    pub assets: Assets,
    /// `sqlite://PATH`
    pub database_url: String,
    /// Host names that this server answers to, beside those of the loopback.
    pub allowed_hosts: Vec<String>,
    /// The cap on simulated requests per second: 20 or lower.
    pub cap: u32,
    /// The token that opens everything that is not public. Without one, everything is open to this machine.
    pub admin_token: Option<AdminToken>,
    /// How many proxies stand before this server, if any.
    pub behind_proxy: Option<u8>,
    /// How many live streams may be open at once.
    pub max_streams: u32,
    /// How many connections may be open at once.
    pub max_connections: u32,
    /// How many recorded requests are kept, and how long.
    pub kept_requests: KeptRequests,
    /// How many runs are kept, and how long.
    pub kept_runs: KeptRuns,
    /// The format of log lines.
    pub log_format: LogFormat,
    /// For measurements: the generator sends here instead of to this server. The audit of its runs is *wrong*, because
    /// nothing arrives here.
    pub development_target: Option<SocketAddr>,
}

/// Why the settings can't be used. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A setting can't be read, or could never work.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The address is public, and there is no token.
    #[error(
        "{0} can be reached from other machines, and whoever reaches this server can make load: set ADMIN_TOKEN, or listen on 127.0.0.1"
    )]
    Public(SocketAddr),
    /// There is a proxy, and no token.
    #[error("BEHIND_PROXY needs ADMIN_TOKEN, because the proxy lets everybody in who reaches it: set ADMIN_TOKEN")]
    Proxy,
    /// The streams would take all connections.
    #[error(
        "MAX_CONNECTIONS is {connections} and MAX_STREAMS is {streams}: the generator and everybody else need {NOT_STREAMS} connections beside the streams; set MAX_CONNECTIONS to {} or more, or MAX_STREAMS lower", streams + NOT_STREAMS
    )]
    Connections {
        /// The value of `MAX_CONNECTIONS`.
        connections: u32,
        /// The value of `MAX_STREAMS`.
        streams: u32,
    },
    /// The generator would send to another machine.
    #[error("--development-target {0} is not a loopback address; the generator sends to this machine only")]
    Target(SocketAddr),
    /// The files of the pages are missing, or belong to another build.
    #[error(transparent)]
    Assets(#[from] AssetsError),
}

impl Config {
    fn load(flags: Flags) -> Result<Self, ConfigError> {
        let leptos = settings::leptos_options(FILE, flags.addr)?;
        let given = flags.admin_token.map(|token| settings::token(&token, "ADMIN_TOKEN"));
        let token = given.or_else(|| flags.admin_token_file.as_deref().map(settings::token_of_file)).transpose()?;
        let config = Self {
            assets: assets::find(&leptos)?,
            leptos,
            database_url: flags.database_url,
            allowed_hosts: settings::hosts(&flags.allowed_hosts)?,
            cap: flags.cap,
            admin_token: token,
            behind_proxy: flags.behind_proxy,
            max_streams: flags.max_streams,
            max_connections: flags.max_connections,
            kept_requests: flags.kept_requests,
            kept_runs: flags.kept_runs,
            log_format: flags.log_format,
            development_target: flags.development_target,
        };
        config.check()?;
        Ok(config)
    }

    /// The URL that a browser opens, if the server listens on `address`: behind a proxy with the first allowed name.
    pub fn url(&self, address: SocketAddr) -> String {
        match (self.behind_proxy, self.allowed_hosts.first()) {
            (Some(_), Some(name)) if name.parse::<Ipv6Addr>().is_ok() => format!("https://[{name}]"),
            (Some(_), Some(name)) => format!("https://{name}"),
            _ => own_url(address),
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let address = self.leptos.site_addr;
        if !address.ip().is_loopback() && self.admin_token.is_none() {
            return Err(ConfigError::Public(address));
        }
        if self.behind_proxy.is_some() && self.admin_token.is_none() {
            return Err(ConfigError::Proxy);
        }
        let connections = self.max_connections;
        let streams = self.max_streams;
        if connections < streams + NOT_STREAMS {
            return Err(ConfigError::Connections { connections, streams });
        }
        if let Some(target) = self.development_target.filter(|target| !target.ip().is_loopback()) {
            return Err(ConfigError::Target(target));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_needs_a_long_token() {
        let config = |address: &str, token: Option<&str>, target: Option<&str>| Config {
            leptos: LeptosOptions::builder()
                .output_name("x")
                .site_addr(address.parse::<SocketAddr>().expect("an address"))
                .build(),
            assets: Assets::new(String::new(), String::new(), String::new()),
            database_url: String::new(),
            allowed_hosts: Vec::new(),
            cap: 20,
            admin_token: token.map(|token| AdminToken(token.to_owned())),
            behind_proxy: None,
            max_streams: 1,
            max_connections: 1 + NOT_STREAMS,
            kept_requests: KeptRequests::default(),
            kept_runs: KeptRuns::default(),
            log_format: LogFormat::Pretty,
            development_target: target.map(|target| target.parse().expect("an address")),
        };
        let long = Some("sixteen-letters.");
        for public in ["0.0.0.0:3000", "192.168.0.1:3000", "[::]:3000"] {
            assert!(matches!(config(public, None, None).check(), Err(ConfigError::Public(_))), "{public}");
        }
        let elsewhere = config("127.0.0.1:3000", long, Some("10.0.0.1:80"));
        assert!(matches!(elsewhere.check(), Err(ConfigError::Target(_))));
        let behind = Config { behind_proxy: Some(1), ..config("127.0.0.1:3000", None, None) };
        assert!(matches!(behind.check(), Err(ConfigError::Proxy)));
        let too_few = Config { max_connections: NOT_STREAMS, ..config("127.0.0.1:3000", None, None) };
        assert!(matches!(too_few.check(), Err(ConfigError::Connections { .. })));
        for good in [config("[::1]:3000", None, None), config("0.0.0.0:3000", long, None)] {
            assert!(good.check().is_ok(), "{:?}", good.leptos.site_addr);
        }
        assert!(!format!("{:?}", config("[::1]:3000", long, None)).contains("sixteen"), "no log ever shows it");
        let named = Config {
            behind_proxy: Some(1),
            allowed_hosts: vec!["dash.example".to_owned()],
            ..config("127.0.0.1:3000", long, None)
        };
        assert_eq!(named.url(named.leptos.site_addr), "https://dash.example");
    }
}
