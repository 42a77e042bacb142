//! What it costs to make the dashboard's HTML: requests per second for `/`, as a share of those that a server does which has
//! the same bytes in memory. Part of `make bench-web`; ends with 1 when the bound is missed.
//!
//! `/` goes through the whole server, over a database with a finished run. The bytes from memory are served twice by the
//! same accept loop: through the users API's entrance (host, token, panics, limits, but no record) and by a bare router.
//! The bound is held against the bare one, which is the harder.

#[path = "../src/tests/fixture/config.rs"]
mod config;
mod load;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::response::Html;
use axum::routing::get;
use config::default_config;
use load::{Report, Served, compare, warm_up};
use serde_json::json;
use tokio::net::TcpListener;
use traffic_simulator::platform::database::Database;
use traffic_simulator::server::compose::{Composition, Shutdown, compose};
use traffic_simulator::server::router;
use utoipa_axum::router::OpenApiRouter;

/// The least share that is enough.
const BOUND: f64 = 0.10;

/// The whole program on a database of its own.
async fn program(folder: &Path) -> (Served, Composition, Database, Shutdown) {
    let url = format!("sqlite://{}/web.db", folder.display());
    let database = Database::open(&url).await.expect("a database");
    let config = default_config(url);
    let shutdown = Shutdown::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let state = compose(&config, &database, address, &shutdown).await.expect("connected");
    let served = Served::start_on(listener, router::build(&state));
    (served, state, database, shutdown)
}

/// Makes a run and waits for its end, so that the dashboard has something to show.
async fn run_once(base: &str, client: &reqwest::Client) {
    let settings = json!({ "scenario": "stress", "duration": 5, "maxRps": 20, "endpoints": "all" });
    let start = client.post(format!("{base}/traffic/start")).header("content-type", "application/json");
    let started = start.body(settings.to_string()).send().await.expect("an answer").text().await.expect("a body");
    let started: serde_json::Value = serde_json::from_str(&started).expect("JSON");
    let id = started["jobId"].as_str().expect("a run").to_owned();
    for _ in 0..300 {
        let job = client.get(format!("{base}/traffic/status/{id}")).send().await.expect("an answer");
        let job: serde_json::Value = serde_json::from_str(&job.text().await.expect("a body")).expect("JSON");
        if job["closed"] == true {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the run {id} did not end");
}

#[tokio::main]
async fn main() -> ExitCode {
    let (mut report, folder) = (Report::new(), tempfile::tempdir().expect("a folder"));
    let (whole, state, database, shutdown) = program(folder.path()).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let base = format!("http://{}", whole.address);
    run_once(&base, &client).await;
    let page = client.get(&base).send().await.expect("an answer").bytes().await.expect("a body");
    report.line(&format!("       the dashboard: {} bytes of HTML", page.len()));

    let constant = |page: Bytes| get(move || async move { Html(page) });
    let bare = || Router::new().route("/", constant(page.clone()));
    let (bare, bare_again) = ([Served::start(bare()).await], [Served::start(bare()).await]);
    let same_layers = OpenApiRouter::new().route("/api/v1/page", constant(page.clone()));
    let same_layers = [Served::start(router::build_around(&state, same_layers, None)).await];
    let whole = [whole];

    warm_up(&whole[0], "/").await;
    compare(&mut report, "control: bytes from memory against themselves", (&bare, "/"), (&bare_again, "/")).await;
    let name = "dashboard against its bytes from memory, through the same layers";
    compare(&mut report, name, (&whole, "/"), (&same_layers, "/api/v1/page")).await;
    let name = "dashboard against its bytes from memory, from a bare router";
    let ratio = compare(&mut report, name, (&whole, "/"), (&bare, "/")).await;
    let bound = format!("at least {BOUND}; wished for: 0.25");
    report.bound("pages per second, as a share of the same bytes from memory", ratio, ratio >= BOUND, &bound);

    drop((whole, bare, bare_again, same_layers));
    state.metrics.recorder.flush().await;
    shutdown.streams.cancel();
    shutdown.background.close();
    shutdown.background.wait().await;
    drop(state);
    database.close().await;
    if report.is_kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
