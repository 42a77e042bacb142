//! Settings, read once. Precedence: flag > environment > `Leptos.toml` > default.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use leptos::config::LeptosOptions;

use super::assets;
use super::assets::AssetsError;
use super::auth::AdminToken;
use super::settings;
use super::settings::{SettingError, own_url};
use crate::document::Assets;
use crate::platform::retention::Kept;
use crate::traffic::engine::CAP;

const FILE: &str = "Leptos.toml";
/// Connections beside the live streams: 40 of the generator, a reserve of 64, and some for pages.
const NOT_STREAMS: u32 = 128;

/// An API with a live dashboard and a safe, honest traffic simulator.
#[derive(Debug, Parser)]
#[command(name = "traffic-simulator", version)]
struct Flags {
    /// Address to listen on; one that other machines can reach needs an admin token [default: 127.0.0.1:3000]
    #[arg(long, env = "LEPTOS_SITE_ADDR", value_name = "IP:PORT", value_parser = settings::address)]
    addr: Option<SocketAddr>,
    /// The embedded database; created when missing
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "URL",
        default_value = "sqlite://data/traffic-simulator.db",
        global = true
    )]
    database_url: String,
    /// More names by which this server may be addressed, separated by commas
    #[arg(long, env = "ALLOWED_HOSTS", value_name = "NAMES", value_delimiter = ',')]
    allowed_hosts: Vec<String>,
    /// Lowers the cap on simulated requests per second; nothing raises it above 20
    #[arg(long, env = "MAX_RPS", value_name = "N", default_value_t = CAP, value_parser = clap::value_parser!(u32).range(1..=i64::from(CAP)))]
    max_rps: u32,
    /// Whoever shows it may use what makes load; 16 characters or more. Needed on a public address
    #[arg(long, env = "ADMIN_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// A file with the token, when it is not given itself; a missing one is made, with a token drawn into it
    #[arg(long, env = "ADMIN_TOKEN_FILE", value_name = "PATH")]
    admin_token_file: Option<PathBuf>,
    /// How many proxies stand before this server, each of which adds to X-Forwarded-For. Needs an admin token
    #[arg(long, env = "BEHIND_PROXY", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    behind_proxy: Option<u8>,
    /// How many live streams may be open at once
    #[arg(long, env = "MAX_STREAMS", value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max_streams: u32,
    /// How many connections may be open at once: at least 128 more than live streams
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_connections: u32,
    #[command(flatten)]
    kept: Kept,
    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Pretty, ignore_case = true)]
    log_format: LogFormat,
    /// For measurements: the generator sends here instead of to this server. Loopback only
    #[arg(long, value_name = "IP:PORT", hide = true)]
    development_target: Option<SocketAddr>,
    #[command(subcommand)]
    other_task: Option<OtherTask>,
}

/// What the program does instead of serving.
#[derive(Clone, Copy, Debug, Subcommand)]
enum OtherTask {
    /// Removes all users but the demo users from the database; the server that uses it has to be stopped
    PruneUsers,
}

/// What the program is asked to do.
#[derive(Debug)]
pub enum Task {
    /// To serve.
    Serve(Box<Config>),
    /// To remove all users but the demo users.
    PruneUsers {
        /// `sqlite://PATH`
        database_url: String,
    },
}

impl Task {
    /// Reads flags, environment and `Leptos.toml`. Ends the program for `--help`.
    ///
    /// # Errors
    /// [`ConfigError`], in words for the operator.
    pub fn read() -> Result<Self, ConfigError> {
        let flags = Flags::from_arg_matches(&settings::matches(Flags::command())?)
            .map_err(|error| SettingError::Flag(error.to_string()))?;
        match flags.other_task {
            Some(OtherTask::PruneUsers) => Ok(Self::PruneUsers { database_url: flags.database_url }),
            None => Config::load(flags).map(|config| Self::Serve(Box::new(config))),
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// All settings of the server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the page's files are, and the address to listen on.
    pub leptos: LeptosOptions,
    /// What the page's files are called.
    pub assets: Assets,
    /// `sqlite://PATH`
    pub database_url: String,
    /// Names beside those of the loopback.
    pub allowed_hosts: Vec<String>,
    /// The cap on simulated requests per second: 20 or less.
    pub max_rps: u32,
    /// What one has to show to use what makes load.
    pub admin_token: Option<AdminToken>,
    /// How many proxies stand before this server, if any.
    pub behind_proxy: Option<u8>,
    /// Live streams at once.
    pub max_streams: u32,
    /// Connections at once.
    pub max_connections: u32,
    /// What is kept of requests and runs.
    pub kept: Kept,
    /// How log lines look.
    pub log_format: LogFormat,
    /// For measurements: where the generator sends instead of to this server. Its audit is
    /// wrong then, because nothing arrives here.
    pub development_target: Option<SocketAddr>,
}

/// Why the settings are of no use. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// One of them can't be read, or could never work.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Not a loopback address, and no token.
    #[error(
        "{0} can be reached from other machines, and whoever reaches this server can make load: set ADMIN_TOKEN, or listen on 127.0.0.1"
    )]
    Public(SocketAddr),
    /// A proxy, and no token.
    #[error("BEHIND_PROXY needs ADMIN_TOKEN, because the proxy lets everybody in who reaches it: set ADMIN_TOKEN")]
    Proxy,
    /// The streams would take all connections.
    #[error(
        "MAX_CONNECTIONS is {connections} and MAX_STREAMS is {streams}: the generator and everybody else need {NOT_STREAMS} connections beside the streams; set MAX_CONNECTIONS to {} or more, or MAX_STREAMS lower", streams + NOT_STREAMS
    )]
    Connections {
        /// At once.
        connections: u32,
        /// At once.
        streams: u32,
    },
    /// The generator would send somewhere else.
    #[error("--development-target {0} is not a loopback address; the generator sends to this machine only")]
    Target(SocketAddr),
    /// The page's files are not there, or not those of this program.
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
            max_rps: flags.max_rps,
            admin_token: token,
            behind_proxy: flags.behind_proxy,
            max_streams: flags.max_streams,
            max_connections: flags.max_connections,
            kept: flags.kept,
            log_format: flags.log_format,
            development_target: flags.development_target,
        };
        config.check()?;
        Ok(config)
    }

    /// Where a browser opens a server that listens on `address`: behind a proxy by its first name, if it has one.
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
        let (connections, streams) = (self.max_connections, self.max_streams);
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
    fn the_readme_has_every_setting_with_its_default() {
        let readme = include_str!("../../README.md");
        let command = Flags::command();
        let shown: Vec<_> =
            command.get_arguments().filter(|arg| !arg.is_hide_set() && arg.get_env().is_some()).collect();
        assert!(shown.len() >= 10, "the flags are found");
        for arg in shown {
            let flag = format!("`--{}`", arg.get_long().expect("a long flag"));
            let row = readme.lines().find(|line| line.starts_with(&format!("| {flag} |")));
            let row = row.unwrap_or_else(|| panic!("README: no row for {flag}"));
            let variable = arg.get_env().expect("a variable").to_string_lossy();
            assert!(row.contains(&format!("`{variable}`")), "{row} names {variable}");
            for default in arg.get_default_values() {
                assert!(
                    row.contains(&format!("`{}`", default.to_string_lossy())),
                    "{row} names the default {default:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_kept_has_bounds() {
        let flags = |given: &[&str]| Flags::try_parse_from([&["traffic-simulator"], given].concat());
        assert_eq!(flags(&[]).expect("defaults").kept, Kept::default());
        let given = ["--keep-requests-days", "1", "--keep-runs", "5"];
        let kept = flags(&given).expect("good ones").kept;
        assert_eq!(kept, Kept { keep_requests_days: 1, keep_runs: 5, ..Kept::default() });
        for flag in ["requests-days", "requests", "rollups-days", "runs-days", "runs"] {
            for value in ["0", "-1", "1000000000", "a week"] {
                let refused = flags(&[&format!("--keep-{flag}={value}")]).expect_err("out of range").to_string();
                assert!(refused.contains(&format!("--keep-{flag}")), "{refused}");
            }
        }
    }

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
            max_rps: CAP,
            admin_token: token.map(|token| AdminToken(token.to_owned())),
            behind_proxy: None,
            max_streams: 1,
            max_connections: 1 + NOT_STREAMS,
            kept: Kept::default(),
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
