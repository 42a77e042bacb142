//! The binary: reads the settings, starts logging, opens the database, and serves until a signal; or tidies it up.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use traffic_simulator::platform::database::Database;
use traffic_simulator::platform::private_files;
use traffic_simulator::server::config::{LogFormat, Task};
use traffic_simulator::server::serve;
use traffic_simulator::server::serve::ServeError;
use traffic_simulator::users::model::DEMO_USERS;
use traffic_simulator::users::server::store::{SqliteUsers, UserStore};

/// It went down, but the last run could not be stored.
const NOT_STORED: u8 = 1;
/// Wrong settings, a port in use, a database that can't be opened.
const CAN_NOT_START: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If even this can't be written, nobody is left to tell.
            let _nobody_listens = writeln!(std::io::stderr(), "traffic-simulator: {error}");
            let not_stored = matches!(error.downcast_ref(), Some(ServeError::NotStored(_) | ServeError::NotFlushed));
            ExitCode::from(if not_stored { NOT_STORED } else { CAN_NOT_START })
        }
    }
}

async fn start() -> Result<(), Box<dyn std::error::Error>> {
    private_files::keep_private();
    let config = match Task::read()? {
        Task::Serve(config) => config,
        Task::PruneUsers { database_url } => return prune_users(&database_url).await,
    };
    init_logging(config.log_format);
    let database = Database::open(&config.database_url).await?;
    private_files::close_to_others(&database);
    let address = config.leptos.site_addr;
    let listener = serve::listen(address).map_err(|error| {
        format!("can't listen on {address}: {error}; is it running already? (--addr takes another port)")
    })?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut hangup = if hangup_is_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            // The terminal is closed.
            Some(_) = async { hangup.as_mut()?.recv().await } => {}
        }
        // From here on a second signal ends the program at once.
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            std::process::exit(130);
        });
    };
    serve::run(&config, database, listener, stop).await?;
    Ok(())
}

async fn prune_users(database_url: &str) -> Result<(), Box<dyn std::error::Error>> {
    let database = Database::open_existing(database_url).await?;
    private_files::close_to_others(&database);
    let removed = SqliteUsers(database.clone()).prune().await?;
    database.close().await;
    writeln!(std::io::stdout(), "{removed} users are removed; the {DEMO_USERS} demo users stay")?;
    Ok(())
}

/// Was this program started so that it outlives its terminal, as `nohup` does it? To be asked before a handler is
/// installed, which would replace the wish. Linux has the signals that are ignored in `/proc`; elsewhere `ps` says
/// them, as a number in base 16 as well.
fn hangup_is_ignored() -> bool {
    // Signal 1 is the lowest bit.
    const HANGUP: u64 = 1;
    let ignored = match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => status.lines().find_map(|line| line.strip_prefix("SigIgn:").map(str::to_owned)),
        Err(_) => {
            let of_this = ["-o", "sigignore=", "-p", &std::process::id().to_string()];
            let told = std::process::Command::new("ps").args(of_this).output();
            told.ok().and_then(|told| String::from_utf8(told.stdout).ok())
        }
    };
    let ignored = ignored.and_then(|signals| u64::from_str_radix(signals.trim(), 16).ok());
    ignored.is_some_and(|signals| signals & HANGUP != 0)
}

fn init_logging(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        // It would complain to stderr itself, and panic when that is a file on a full disk.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Pretty => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}
