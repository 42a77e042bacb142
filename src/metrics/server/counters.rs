//! What was served since the start of the process, for `/metrics`: every request once its row is
//! written or dropped, so that these numbers hold what the dashboard had to leave out, too.

use std::collections::BTreeMap;

use super::record::Row;
use crate::metrics::engine::Source;
use crate::metrics::engine::rollup::SecondKey;

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
    pub method: &'static str,
    /// The route template.
    pub route: String,
    /// `real` or `simulated`.
    pub origin: &'static str,
}

/// The requests of one set of labels.
#[derive(Clone, Debug, Default)]
pub struct Served {
    /// By status.
    pub statuses: BTreeMap<u16, u64>,
    /// How many took longer than the bound before and no longer than this one: see [`BOUNDS`]; the
    /// last number is for all longer ones.
    pub durations: [u64; BOUNDS.len() + 1],
    /// All durations together, in microseconds.
    pub sum: u64,
}

/// What was served since the start.
#[derive(Clone, Debug, Default)]
pub struct Counters(Vec<(Labels, Served)>);

impl Counters {
    /// Counts a request.
    pub fn add(&mut self, row: &Row) {
        self.count(&SecondKey::of(&row.sample()), &[row.duration]);
    }

    /// Counts requests with these durations, the shortest first.
    pub fn count(&mut self, key: &SecondKey<'static>, durations: &[u32]) {
        debug_assert!(durations.is_sorted(), "each bound is looked for");
        let origin = if key.source == Source::Real { "real" } else { "simulated" };
        let served = self.served(key.method, key.route, origin);
        *served.statuses.entry(key.status).or_default() += durations.len() as u64;
        served.sum += durations.iter().copied().map(u64::from).sum::<u64>();
        let up_to = |bound: &u32| durations.partition_point(|duration| duration <= bound);
        let ends = BOUNDS.iter().map(up_to).chain([durations.len()]);
        let mut begin = 0;
        for (count, end) in served.durations.iter_mut().zip(ends) {
            *count += (end - begin) as u64;
            begin = end;
        }
    }

    fn served(&mut self, method: &'static str, route: &str, origin: &'static str) -> &mut Served {
        let find = |known: &[(Labels, Served)], route: &str| {
            known
                .iter()
                .position(|(labels, _)| labels.method == method && labels.route == route && labels.origin == origin)
        };
        let route = if self.0.len() >= MOST_ROUTES && find(&self.0, route).is_none() { OTHER_ROUTE } else { route };
        let place = find(&self.0, route).unwrap_or_else(|| {
            self.0.push((Labels { method, route: route.to_owned(), origin }, Served::default()));
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
    use super::*;
    use crate::origin::Origin;
    use crate::platform::request_id::RequestId;

    fn row(route: &'static str, status: u16, duration: u32) -> Row {
        Row { id: RequestId::at(0, 0), method: "GET", route, status, duration, origin: Origin::Real }
    }

    #[test]
    fn a_duration_is_in_the_bucket_of_the_first_bound_that_it_does_not_exceed() {
        const MICROS: [u32; 5] = [0, 500, 501, 5_000_000, 5_000_001];
        let (mut one_by_one, mut together) = (Counters::default(), Counters::default());
        MICROS.iter().for_each(|micros| one_by_one.add(&row("/x", 200, *micros)));
        together.count(&SecondKey::of(&row("/x", 200, 0).sample()), &MICROS);
        let mut expected = [0; BOUNDS.len() + 1];
        (expected[0], expected[1], expected[12], expected[13]) = (2, 1, 1, 1);
        for counters in [one_by_one, together] {
            let (_, served) = counters.iter().next().expect("one");
            assert_eq!((served.durations, served.statuses[&200], served.sum), (expected, 5, 10_001_002));
        }
    }

    #[test]
    fn no_client_can_make_it_grow() {
        let mut counters = Counters::default();
        (0..1000).for_each(|i| counters.add(&row(format!("/{i}").leak(), 200, 1)));
        assert_eq!(counters.iter().count(), MOST_ROUTES + 1);
        assert_eq!(counters.iter().flat_map(|(_, served)| served.statuses.values()).sum::<u64>(), 1000);
    }
}
