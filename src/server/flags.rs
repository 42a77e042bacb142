//! The command line: flags, the environment variables beside them, and the tasks of the program.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use super::settings;
use super::settings::SettingError;
use crate::metrics::server::storage::retention::KeptRequests;
use crate::traffic::engine::CAP;
use crate::traffic::server::retention::KeptRuns;

/// An API with a live dashboard and a safe, honest traffic simulator.
#[derive(Debug, Parser)]
#[command(name = "traffic-simulator", version)]
pub(super) struct Flags {
    /// Address to listen on; one that other machines can reach needs an admin token [default: 127.0.0.1:3000]
    #[arg(long, env = "LEPTOS_SITE_ADDR", value_name = "IP:PORT", value_parser = settings::address)]
    pub(super) addr: Option<SocketAddr>,
    /// The embedded database; created if it is missing
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "URL",
        default_value = "sqlite://data/traffic-simulator.db",
        global = true
    )]
    pub(super) database_url: String,
    /// More host names that this server answers to, separated by commas
    #[arg(long, env = "ALLOWED_HOSTS", value_name = "NAMES", value_delimiter = ',')]
    pub(super) allowed_hosts: Vec<String>,
    /// The cap on simulated requests per second: 20, or lower; nothing raises it
    #[arg(long, alias = "max-rps", env = "MAX_RPS", value_name = "N", default_value_t = CAP, value_parser = clap::value_parser!(u32).range(1..=i64::from(CAP)))]
    pub(super) cap: u32,
    /// Whoever knows it may start runs and see the dashboard; 16 characters or more. Needed on a public address
    #[arg(long, env = "ADMIN_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(super) admin_token: Option<String>,
    /// A file with the token, if it is not given itself; a missing file is created with a random token
    #[arg(long, env = "ADMIN_TOKEN_FILE", value_name = "PATH")]
    pub(super) admin_token_file: Option<PathBuf>,
    /// How many proxies stand before this server, each of which adds to X-Forwarded-For. Needs an admin token
    #[arg(long, env = "BEHIND_PROXY", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(super) behind_proxy: Option<u8>,
    /// How many live streams may be open at once
    #[arg(long, env = "MAX_STREAMS", value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) max_streams: u32,
    /// How many connections may be open at once: at least 128 more than live streams
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) max_connections: u32,
    #[command(flatten)]
    pub(super) kept_requests: KeptRequests,
    #[command(flatten)]
    pub(super) kept_runs: KeptRuns,
    /// The format of log lines
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Pretty, ignore_case = true)]
    pub(super) log_format: LogFormat,
    /// For measurements: the generator sends here instead of to this server. Loopback only
    #[arg(long, value_name = "IP:PORT", hide = true)]
    pub(super) development_target: Option<SocketAddr>,
    #[command(subcommand)]
    pub(super) other_task: Option<OtherTask>,
}

/// What the program can do instead of serving.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum OtherTask {
    /// Removes all users but the demo users from the database; stop the server that uses it first
    PruneUsers,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Flags {
    /// Reads flags and environment. Ends the program after `--help` and `--version`.
    pub(super) fn read() -> Result<Self, SettingError> {
        let matches = settings::matches(Self::command())?;
        Self::from_arg_matches(&matches).map_err(|error| SettingError::Flag(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_every_setting_with_its_default() {
        let document = include_str!("../../docs/OPERATIONS.md");
        let command = Flags::command();
        let shown: Vec<_> =
            command.get_arguments().filter(|arg| !arg.is_hide_set() && arg.get_env().is_some()).collect();
        assert!(shown.len() >= 10, "the flags are found");
        for arg in shown {
            let flag = format!("`--{}`", arg.get_long().expect("a long flag"));
            let row = document.lines().find(|line| line.starts_with(&format!("| {flag} |")));
            let row = row.unwrap_or_else(|| panic!("OPERATIONS: no row for {flag}"));
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
        assert_eq!(flags(&[]).expect("defaults").kept_requests, KeptRequests::default());
        assert_eq!(flags(&[]).expect("defaults").kept_runs, KeptRuns::default());
        let given = ["--keep-requests-days", "1", "--keep-runs", "5"];
        let Flags { kept_requests, kept_runs, .. } = flags(&given).expect("good ones");
        assert_eq!(kept_requests, KeptRequests { keep_requests_days: 1, ..KeptRequests::default() });
        assert_eq!(kept_runs, KeptRuns { keep_runs: 5, ..KeptRuns::default() });
        for flag in ["requests-days", "requests", "rollups-days", "runs-days", "runs"] {
            for value in ["0", "-1", "1000000000", "a week"] {
                let refused = flags(&[&format!("--keep-{flag}={value}")]).expect_err("out of range").to_string();
                assert!(refused.contains(&format!("--keep-{flag}")), "{refused}");
            }
        }
    }

    #[test]
    fn the_cap_has_a_second_flag_of_its_former_name() {
        for flag in ["--cap=5", "--max-rps=5"] {
            assert_eq!(Flags::try_parse_from(["traffic-simulator", flag]).expect(flag).cap, 5, "{flag}");
        }
        for flag in ["--cap=0", "--cap=21", "--max-rps=21"] {
            let refused = Flags::try_parse_from(["traffic-simulator", flag]).expect_err(flag).to_string();
            assert!(refused.contains("--cap <N>"), "{flag}: {refused}");
        }
    }
}
