//! The binary: reads the settings, starts logging, opens the database, and serves until a signal. Its other task is to
//! prune the users of the database.

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;
use traffic_simulator::platform::database::Database;
use traffic_simulator::platform::private_files;
use traffic_simulator::server::config::{Config, LogFormat, Task};
use traffic_simulator::server::serve;
use traffic_simulator::server::serve::ServeError;
use traffic_simulator::users::model::DEMO_USERS;
use traffic_simulator::users::server::store::{SqliteUsers, UserStore};

/// A page is made of many small allocations and a few large ones. The C library's allocator returns the large ones to
/// the system at once and requests them again for the next page; this one keeps them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code if the server has shut down, but its last run or the newest rows could not be stored.
const NOT_STORED: u8 = 1;
/// The exit code if the program can't start: wrong settings, a port in use, a database that can't be opened.
const CAN_NOT_START: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If this can't be written, there is nobody left to tell.
            writeln!(std::io::stderr(), "traffic-simulator: {error}").ok();
            let not_stored = matches!(error.downcast_ref(), Some(ServeError::NotStored(_) | ServeError::NotFlushed));
            ExitCode::from(if not_stored { NOT_STORED } else { CAN_NOT_START })
        }
    }
}

async fn start() -> Result<(), Box<dyn Error>> {
    private_files::keep_private();
    match Task::read()? {
        Task::Serve(config) => serve(&config).await,
        Task::PruneUsers { database_url } => prune_users(&database_url).await,
    }
}

async fn serve(config: &Config) -> Result<(), Box<dyn Error>> {
    init_logging(config.log_format);
    let database = Database::open(&config.database_url).await?;
    private_files::close_to_others(&database);
    let address = config.leptos.site_addr;
    let listener = serve::listen(address).map_err(|error| {
        format!("can't listen on {address}: {error}; is it running already? (--addr takes another port)")
    })?;
    let signals = Signals::new()?;
    serve::run(config, database, listener, signals.received()).await?;
    Ok(())
}

async fn prune_users(database_url: &str) -> Result<(), Box<dyn Error>> {
    let database = Database::open_existing(database_url).await?;
    private_files::close_to_others(&database);
    let removed = SqliteUsers(database.clone()).prune().await?;
    database.close().await;
    writeln!(std::io::stdout(), "{removed} users are removed; the {DEMO_USERS} demo users stay")?;
    Ok(())
}

/// The signals that end the program.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// Sent when the terminal is closed. `None` if the program was started to outlive its terminal.
    hangup: Option<Signal>,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        // Before any handler is installed, because that would replace the setting.
        let hangup = if hangup_is_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, hangup })
    }

    /// Waits for the first signal. From then on a second one ends the program at once.
    async fn received(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            Some(_) = async { self.hangup.as_mut()?.recv().await } => {}
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
            std::process::exit(130);
        });
    }
}

/// Whether the program was started to outlive its terminal, as by `nohup`. Linux lists the ignored signals in `/proc`;
/// elsewhere `ps` prints them, as a hexadecimal number as well.
fn hangup_is_ignored() -> bool {
    // Signal 1 is the lowest bit.
    const HANGUP: u64 = 1;
    let ignored = match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => status.lines().find_map(|line| line.strip_prefix("SigIgn:").map(str::to_owned)),
        Err(_) => ignored_signals_by_ps(),
    };
    let ignored = ignored.and_then(|signals| u64::from_str_radix(signals.trim(), 16).ok());
    ignored.is_some_and(|signals| signals & HANGUP != 0)
}

fn ignored_signals_by_ps() -> Option<String> {
    let process = std::process::id().to_string();
    let output = std::process::Command::new("ps").args(["-o", "sigignore=", "-p", &process]).output().ok()?;
    String::from_utf8(output.stdout).ok()
}

fn init_logging(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        // Its own errors would go to stderr, and panic if that is a file on a full disk.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Pretty => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}
