//! What was served since the start of the process, for `/metrics`. Every request counts once its row is written or
//! dropped, so that these numbers hold what the dashboard had to leave out, too.
//!
//! Name and labels are those of OpenTelemetry's conventions for servers
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-metrics/>), so that the dashboards and rules that people have work
//! as they are.

use std::collections::BTreeSet;

use parking_lot::Mutex;
use prometheus::proto::MetricFamily;
use prometheus::{HistogramOpts, HistogramVec, Registry};

use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::origin::Origin;

const NAME: &str = "http_server_request_duration_seconds";
const HELP: &str = "How long the responses of /api/v1 took.";
const LABELS: [&str; 4] =
    ["http_request_method", "http_route", "http_response_status_code", "user_agent_synthetic_type"];
/// The value of the last label for simulated requests. It is empty for real ones, which is as if it were not there.
const SIMULATED: &str = "test";
/// Upper bounds of the buckets in seconds: those of the conventions, and three below them, because most responses here
/// take less than a millisecond.
const BOUNDS: [f64; 17] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// How many routes are told apart: far more than there are templates.
const MOST_ROUTES: usize = 100;
const OTHER_ROUTE: &str = "(other)";

/// The requests that were served since the start.
pub struct ServedRequests {
    registry: Registry,
    durations: HistogramVec,
    routes: Mutex<BTreeSet<String>>,
}

impl ServedRequests {
    /// Without a request.
    ///
    /// # Errors
    /// When name or labels are not allowed by Prometheus.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let durations = HistogramVec::new(HistogramOpts::new(NAME, HELP).buckets(BOUNDS.to_vec()), &LABELS)?;
        registry.register(Box::new(durations.clone()))?;
        Ok(Self { registry, durations, routes: Mutex::default() })
    }

    /// Shows a response as given 0 times so far, to real and to simulated requests. Prometheus counts an increase only
    /// between two values that it has seen, so a series that appears with its first request loses that request.
    pub fn announce(&self, method: &str, route: &str, status: u16) {
        let route = self.known(route);
        for kind in ["", SIMULATED] {
            self.durations.with_label_values(&[method, &route, &status.to_string(), kind]);
        }
    }

    /// Counts a request.
    pub fn add(&self, request: &RecordedRequest) {
        let kind = if request.origin == Origin::Real { "" } else { SIMULATED };
        let labels = [&*request.method, &*self.known(&request.route), &*request.status.to_string(), kind];
        self.durations.with_label_values(&labels).observe(f64::from(request.duration_us) / 1e6);
    }

    /// The route, unless it would be one too many.
    fn known(&self, route: &str) -> String {
        let mut routes = self.routes.lock();
        let is_known = routes.contains(route);
        if !is_known && routes.len() >= MOST_ROUTES {
            return OTHER_ROUTE.to_owned();
        }
        if !is_known {
            routes.insert(route.to_owned());
        }
        route.to_owned()
    }

    /// All series.
    pub fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }
}

#[cfg(test)]
mod tests {
    use prometheus::TextEncoder;
    use uuid::Uuid;

    use super::*;

    fn request(route: String, duration_us: u32) -> RecordedRequest {
        RecordedRequest {
            id: Uuid::nil(),
            arrived_at: 0,
            method: "GET".into(),
            route: route.into(),
            status: 200,
            duration_us,
            origin: Origin::Real,
        }
    }

    fn text(served: &ServedRequests) -> String {
        TextEncoder::new().encode_to_string(&served.gather()).expect("a text")
    }

    #[test]
    fn a_duration_is_in_the_bucket_of_the_first_bound_that_it_does_not_exceed() {
        let served = ServedRequests::new().expect("valid names");
        for micros in [0, 500, 501, 10_000_000, 10_000_001] {
            served.add(&request("/x".to_owned(), micros));
        }
        let text = text(&served);
        let labels = "http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"/x\",user_agent_synthetic_type=\"\"";
        for (bound, count) in [("0.0005", 2), ("0.001", 3), ("7.5", 3), ("10", 4), ("+Inf", 5)] {
            let line = format!("{NAME}_bucket{{{labels},le=\"{bound}\"}} {count}\n");
            assert!(text.contains(&line), "{line}{text}");
        }
        assert!(text.contains(&format!("{NAME}_count{{{labels}}} 5\n")), "{text}");
    }

    #[test]
    fn a_response_is_there_before_it_was_given() {
        let served = ServedRequests::new().expect("valid names");
        served.announce("POST", "/x", 201);
        let text = text(&served);
        for kind in ["", "test"] {
            let count = format!("http_route=\"/x\",user_agent_synthetic_type=\"{kind}\"}} 0\n");
            assert!(text.contains(&count), "{text}");
        }
    }

    #[test]
    fn no_client_can_make_it_grow() {
        let served = ServedRequests::new().expect("valid names");
        (0..1000).for_each(|i| served.add(&request(format!("/{i}"), 1)));
        assert_eq!(text(&served).matches(&format!("{NAME}_count")).count(), MOST_ROUTES + 1);
        assert!(text(&served).contains("(other)\",user_agent_synthetic_type=\"\"} 900\n"));
    }
}
