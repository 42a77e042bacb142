//! `GET /metrics`: everything for other tools, in the text format of Prometheus
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus::{CounterVec, GaugeVec, Opts, Registry, TextEncoder};

use super::ports::{Family, FamilyKind, ProgramStatus};
use super::service::Metrics;
use crate::platform::problem::ApiError;

/// What the names of the program's own numbers begin with.
const PREFIX: &str = env!("CARGO_CRATE_NAME");

/// What `/metrics` shows.
pub type Scraped = (Arc<Metrics>, Arc<dyn ProgramStatus>);

/// The numbers about recording.
fn recording(metrics: &Metrics) -> [Family; 4] {
    let numbers = &metrics.numbers;
    let recorded = numbers.recorded.load(Ordering::Relaxed) as f64;
    let dropped = metrics.recorder.dropped() as f64;
    let wait = f64::from(numbers.gauges.lock().database_wait()) / 1e6;
    [
        Family::counter("rows_recorded_total", "Rows of requests that were written to the database.", recorded),
        Family::counter("rows_dropped_total", "Rows of requests that were dropped instead of written.", dropped),
        Family::gauge("writer_queue", "Rows that wait for the writer.", metrics.recorder.queued() as f64),
        Family::gauge("database_wait_seconds", "How long the writer waits for the database.", wait),
    ]
}

/// The numbers about what goes on.
fn activity(program: &dyn ProgramStatus) -> [Family; 2] {
    let delay = program.scheduling_delay().unwrap_or_default().as_secs_f64();
    let late = "How late the newest request of the active run left.";
    [
        Family::gauge("open_streams", "Live streams that are open.", program.open_streams().into()),
        Family::gauge("scheduling_delay_seconds", late, delay),
    ]
}

/// Adds a family with the values that it has now.
fn add(registry: &Registry, family: &Family) -> Result<(), prometheus::Error> {
    let names: Vec<&str> = family.labels.to_vec();
    let options = Opts::new(family.name, family.help);
    match family.kind {
        FamilyKind::Counter => {
            let counters = CounterVec::new(options, &names)?;
            family.samples.iter().for_each(|(labels, value)| counters.with_label_values(labels).inc_by(*value));
            registry.register(Box::new(counters))
        }
        FamilyKind::Gauge => {
            let gauges = GaugeVec::new(options, &names)?;
            family.samples.iter().for_each(|(labels, value)| gauges.with_label_values(labels).set(*value));
            registry.register(Box::new(gauges))
        }
    }
}

/// Everything in the text format. The numbers that live elsewhere are registered anew for each scrape.
fn exposition(metrics: &Metrics, program: &dyn ProgramStatus) -> Result<String, prometheus::Error> {
    let now = Registry::new_custom(Some(PREFIX.to_owned()), None)?;
    let families = recording(metrics).into_iter().chain(activity(program)).chain(program.families());
    for family in families {
        add(&now, &family)?;
    }
    let served = metrics.numbers.served.gather();
    TextEncoder::new().encode_to_string(&[served, now.gather()].concat())
}

/// Everything for other tools, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "Server", operation_id = "scrape",
    responses((status = 200, description = "Counters, histograms and gauges", body = String, content_type = "text/plain")))]
pub async fn scrape(State((metrics, program)): State<Scraped>) -> Result<Response, ApiError> {
    let text = exposition(&metrics, program.as_ref()).map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
