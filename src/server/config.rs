//! Settings, read once. Precedence: flag > environment > `Leptos.toml` > default.

use std::net::SocketAddr;
use std::path::Path;

use clap::{Parser, ValueEnum};
use leptos::config::{LeptosOptions, get_configuration};

use crate::traffic::engine::CAP;

const FILE: &str = "Leptos.toml";

/// An API with a live dashboard and a safe, honest traffic simulator.
#[derive(Debug, Parser)]
#[command(name = "traffic-simulator", version)]
struct Flags {
    /// Address to listen on. Loopback only, for now [default: 127.0.0.1:3000]
    #[arg(long, env = "LEPTOS_SITE_ADDR", value_name = "IP:PORT")]
    addr: Option<SocketAddr>,
    /// The embedded database; created when missing
    #[arg(long, env = "DATABASE_URL", value_name = "URL", default_value = "sqlite://data/traffic-simulator.db")]
    database_url: String,
    /// More names by which this server may be addressed, separated by commas
    #[arg(long, env = "ALLOWED_HOSTS", value_name = "NAMES", value_delimiter = ',')]
    allowed_hosts: Vec<String>,
    /// Lowers the cap on simulated requests per second; nothing raises it above 20
    #[arg(long, env = "MAX_RPS", value_name = "N", default_value_t = CAP, value_parser = clap::value_parser!(u32).range(1..=i64::from(CAP)))]
    max_rps: u32,
    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Pretty)]
    log_format: LogFormat,
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
    /// `sqlite://PATH`
    pub database_url: String,
    /// Names beside those of the loopback.
    pub allowed_hosts: Vec<String>,
    /// The cap on simulated requests per second: 20 or less.
    pub max_rps: u32,
    /// How log lines look.
    pub log_format: LogFormat,
}

/// Why the settings are of no use. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `Leptos.toml` can't be read.
    #[error("{FILE} or a LEPTOS_ variable can't be read: {0}")]
    Leptos(String),
    /// Not a loopback address.
    #[error("{0} is not a loopback address; use 127.0.0.1 or [::1], because whoever reaches this server can make load")]
    Public(SocketAddr),
    /// The page's files are not there.
    #[error(
        "the page's files are missing: there is no {0}; build them with `make build`, and start in the folder that holds them (or set LEPTOS_SITE_ROOT)"
    )]
    NoSite(String),
}

impl Config {
    /// Reads flags, environment and `Leptos.toml`. Ends the program for `--help` and for wrong flags.
    ///
    /// # Errors
    /// [`ConfigError`], in words for the operator.
    pub fn load() -> Result<Self, ConfigError> {
        let flags = Flags::parse();
        let file = Path::new(FILE).exists().then_some(FILE);
        let mut leptos =
            get_configuration(file).map_err(|error| ConfigError::Leptos(error.to_string()))?.leptos_options;
        if let Some(address) = flags.addr {
            leptos.site_addr = address;
        }
        let config = Self {
            leptos,
            database_url: flags.database_url,
            allowed_hosts: flags.allowed_hosts,
            max_rps: flags.max_rps,
            log_format: flags.log_format,
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if !self.leptos.site_addr.ip().is_loopback() {
            return Err(ConfigError::Public(self.leptos.site_addr));
        }
        let script = format!("{}/{}/{}.js", self.leptos.site_root, self.leptos.site_pkg_dir, self.leptos.output_name);
        if Path::new(&script).exists() { Ok(()) } else { Err(ConfigError::NoSite(script)) }
    }
}
