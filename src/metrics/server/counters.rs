//! What was served since the start of the process, for `/metrics`. Every request counts once its row is written or
//! dropped, so that these numbers hold what the dashboard had to leave out, too.

use std::collections::BTreeMap;

use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::origin::Origin;

/// Upper bounds of the buckets of the durations, in microseconds, as they are usual for an API.
pub const BOUNDS: [u32; 13] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000];
/// How many routes are told apart: far more than there are templates.
const MOST_ROUTES: usize = 100;
const OTHER_ROUTE: &str = "(other)";

/// What the counters tell apart, beside the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// The HTTP method.
    pub method: String,
    /// The route template.
    pub route: String,
    /// `real` or `simulated`.
    pub origin: &'static str,
}

/// The requests of one set of labels.
#[derive(Clone, Debug, Default)]
pub struct Served {
    /// The number of requests by status.
    pub statuses: BTreeMap<u16, u64>,
    /// How many took longer than the bound before and no longer than this one: see [`BOUNDS`]. The last number is for
    /// all longer ones.
    pub durations: [u64; BOUNDS.len() + 1],
    /// The sum of all durations, in microseconds.
    pub sum: u64,
}

/// What was served since the start.
#[derive(Clone, Debug, Default)]
pub struct Counters(Vec<(Labels, Served)>);

impl Counters {
    /// Counts a request.
    pub fn add(&mut self, request: &RecordedRequest) {
        let origin = if request.origin == Origin::Real { "real" } else { "simulated" };
        let served = self.served(&request.method, &request.route, origin);
        *served.statuses.entry(request.status).or_default() += 1;
        served.durations[BOUNDS.partition_point(|bound| *bound < request.duration_us)] += 1;
        served.sum += u64::from(request.duration_us);
    }

    fn served(&mut self, method: &str, route: &str, origin: &'static str) -> &mut Served {
        let find = |known: &[(Labels, Served)], route: &str| {
            known
                .iter()
                .position(|(labels, _)| labels.method == method && labels.route == route && labels.origin == origin)
        };
        let route = if self.0.len() >= MOST_ROUTES && find(&self.0, route).is_none() { OTHER_ROUTE } else { route };
        let place = find(&self.0, route).unwrap_or_else(|| {
            let labels = Labels { method: method.to_owned(), route: route.to_owned(), origin };
            self.0.push((labels, Served::default()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    /// Each set of labels with its requests.
    pub fn iter(&self) -> impl Iterator<Item = (&Labels, &Served)> {
        self.0.iter().map(|(labels, served)| (labels, served))
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn a_duration_is_in_the_bucket_of_the_first_bound_that_it_does_not_exceed() {
        let mut counters = Counters::default();
        for micros in [0, 500, 501, 5_000_000, 5_000_001] {
            counters.add(&request("/x".to_owned(), micros));
        }
        let mut expected = [0; BOUNDS.len() + 1];
        (expected[0], expected[1], expected[12], expected[13]) = (2, 1, 1, 1);
        let (_, served) = counters.iter().next().expect("one");
        assert_eq!((served.durations, served.statuses[&200], served.sum), (expected, 5, 10_001_002));
    }

    #[test]
    fn no_client_can_make_it_grow() {
        let mut counters = Counters::default();
        (0..1000).for_each(|i| counters.add(&request(format!("/{i}"), 1)));
        assert_eq!(counters.iter().count(), MOST_ROUTES + 1);
        assert_eq!(counters.iter().flat_map(|(_, served)| served.statuses.values()).sum::<u64>(), 1000);
    }
}
