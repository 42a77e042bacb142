//! The binary: reads the settings, starts logging, opens the database, and serves until a signal.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use traffic_simulator::server::config::{Config, LogFormat};
use traffic_simulator::server::database::Database;
use traffic_simulator::server::{private_files, serve};

/// Wrong settings, a port in use, a database that can't be opened.
const CAN_NOT_START: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If even this can't be written, nobody is left to tell.
            let _nobody_listens = writeln!(std::io::stderr(), "traffic-simulator: {error}");
            ExitCode::from(CAN_NOT_START)
        }
    }
}

async fn start() -> Result<(), Box<dyn std::error::Error>> {
    private_files::keep_private();
    let config = Config::load()?;
    init_logging(config.log_format);
    let database = Database::open(&config.database_url).await?;
    private_files::close_to_others(&database);
    let address = config.leptos.site_addr;
    let listener = serve::listen(address).map_err(|error| {
        format!("can't listen on {address}: {error}; is it running already? (--addr takes another port)")
    })?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
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
