//! `GET /metrics`: everything for other tools, in the text format of Prometheus
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4).

use std::fmt;
use std::fmt::{Display, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::counters::{BOUNDS, Counters};
use super::ports::ProgramStatus;
use super::service::Metrics;

/// What every name begins with.
const PREFIX: &str = concat!(env!("CARGO_CRATE_NAME"), "_");

/// Lines in the text format, one family after the other.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        let _ = writeln!(self.0, "{line}");
    }

    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {PREFIX}{name} {help}"));
        self.line(format_args!("# TYPE {PREFIX}{name} {kind}"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &dyn Display)], value: impl Display) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        self.line(format_args!("{PREFIX}{name}{labels} {value}"));
    }

    fn alone(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }
}

fn escaped(value: &dyn Display) -> String {
    value.to_string().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn requests(text: &mut Text, counters: &Counters) {
    text.family("requests_total", "counter", "Requests to /api/v1 that were served.");
    for (labels, served) in counters.iter() {
        for (status, count) in &served.statuses {
            let labels: [(&str, &dyn Display); 4] =
                [("method", &labels.method), ("route", &labels.route), ("origin", &labels.origin), ("status", status)];
            text.sample("requests_total", &labels, count);
        }
    }
    let name = "request_duration_seconds";
    text.family(name, "histogram", "How long the answers to /api/v1 took.");
    for (labels, served) in counters.iter() {
        let labels: [(&str, &dyn Display); 3] =
            [("method", &labels.method), ("route", &labels.route), ("origin", &labels.origin)];
        let mut count = 0;
        for (place, in_bucket) in served.durations.iter().enumerate() {
            count += in_bucket;
            let bound = BOUNDS.get(place).map_or("+Inf".to_owned(), |bound| seconds(u64::from(*bound)).to_string());
            let with_bound: Vec<(&str, &dyn Display)> = labels.iter().copied().chain([("le", &bound as _)]).collect();
            text.sample(&format!("{name}_bucket"), &with_bound, count);
        }
        text.sample(&format!("{name}_sum"), &labels, seconds(served.sum));
        text.sample(&format!("{name}_count"), &labels, count);
    }
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

/// What `/metrics` shows.
pub type Scraped = (Arc<Metrics>, Arc<dyn ProgramStatus>);

/// Everything in the text format of Prometheus.
fn prometheus(metrics: &Metrics, program: &dyn ProgramStatus) -> String {
    let mut text = Text::default();
    let numbers = &metrics.numbers;
    requests(&mut text, &numbers.counters.lock());
    let recorded = numbers.recorded.load(Ordering::Relaxed);
    text.alone("rows_recorded_total", "counter", "Rows of requests that were written to the database.", recorded);
    let dropped = metrics.recorder.dropped();
    text.alone("rows_dropped_total", "counter", "Rows of requests that were dropped instead of written.", dropped);
    text.alone("writer_queue", "gauge", "Rows that wait for the writer.", metrics.recorder.queued());
    let wait = seconds(numbers.gauges.lock().database_wait().into());
    text.alone("database_wait_seconds", "gauge", "How long the writer waits for the database.", wait);
    text.alone("open_streams", "gauge", "Live streams that are open.", program.open_streams());
    let delay = program.scheduling_delay().unwrap_or_default().as_secs_f64();
    text.alone("scheduling_delay_seconds", "gauge", "How late the newest request of the active run left.", delay);
    for family in program.families() {
        text.family(family.name, family.kind, family.help);
        for (labels, value) in &family.samples {
            let labels: Vec<(&str, &dyn Display)> =
                labels.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
            text.sample(family.name, &labels, value);
        }
    }
    text.0
}

/// Everything for other tools, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "Server", operation_id = "scrape",
    responses((status = 200, description = "Counters, histograms and gauges", body = String, content_type = "text/plain")))]
pub async fn scrape(State((metrics, program)): State<Scraped>) -> Response {
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (content_type, prometheus(&metrics, program.as_ref())).into_response()
}
