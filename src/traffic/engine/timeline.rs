//! A run second by second, as the client saw it: how its requests ended, and how long they took.
//!
//! A request belongs to the second in which it was sent, as in [`super::stats::Stats::sent_per_second`],
//! so that all charts of a run have one time axis. Latency is the service time of the requests with
//! a 2xx answer: a fast failure must not make it look better.
//!
//! On the wire one second takes about 80 bytes, 600 seconds below 60 KB (a test holds it). That is
//! too much for every snapshot, so the run's page asks for it apart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::exchange::ClientSide;
use super::stats::{FateCount, percentile};
use crate::buckets::bucket;

/// A 2xx answer, by the name of its fate.
fn is_ok(fate: &str) -> bool {
    fate.len() == 3 && fate.starts_with('2')
}

/// [`Second`] on the wire: without the names of its fields, which would be a third of it.
type WireSecond = (Vec<u32>, [Option<f64>; 3], Vec<(u8, u32)>);

/// What was sent in one second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "WireSecond", into = "WireSecond")]
pub struct Second {
    /// How many requests ended in each way, in the order of [`Timeline::fates`].
    pub fates: Vec<u32>,
    /// p50, p95 and p99 of the service time in milliseconds, by nearest rank; absent without an ok answer.
    pub percentiles: [Option<f64>; 3],
    /// Bucket and count of the ok answers, for the buckets that are not empty: see [`crate::buckets`].
    pub heat: Vec<(u8, u32)>,
}

impl From<WireSecond> for Second {
    fn from((fates, percentiles, heat): WireSecond) -> Self {
        Self { fates, percentiles, heat }
    }
}

impl From<Second> for WireSecond {
    fn from(Second { fates, percentiles, heat }: Second) -> Self {
        (fates, percentiles, heat)
    }
}

/// A run second by second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// Every way in which a request ended, in order, with how often: also in the seconds that are not over.
    pub fates: Vec<FateCount>,
    /// The seconds that are over.
    pub seconds: Vec<Second>,
    /// Bucket and count of all ok answers, also in the seconds that are not over.
    pub heat: Vec<(u8, u32)>,
}

fn heat<'a>(micros: impl Iterator<Item = &'a u32>) -> Vec<(u8, u32)> {
    let mut counts = BTreeMap::new();
    for micros in micros {
        *counts.entry(bucket(*micros)).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

impl Timeline {
    /// Of the requests that have ended, in any order. `over` seconds of the run are over.
    pub fn of(requests: &[ClientSide], over: u32) -> Self {
        let mut fates = BTreeMap::<&str, u32>::new();
        for request in requests {
            *fates.entry(&request.fate).or_default() += 1;
        }
        let names: Vec<&str> = fates.keys().copied().collect();
        let mut ended = vec![vec![0; names.len()]; over as usize];
        let mut services = vec![Vec::new(); over as usize];
        let (mut all_services, service) =
            (Vec::new(), |request: &ClientSide| u32::try_from(request.service).unwrap_or(u32::MAX));
        for request in requests {
            if is_ok(&request.fate) {
                all_services.push(service(request));
            }
            let second = (request.sent / 1_000_000) as usize;
            let Some(counts) = ended.get_mut(second) else { continue };
            // Found by construction.
            counts[names.binary_search(&request.fate.as_str()).unwrap_or_default()] += 1;
            if is_ok(&request.fate) {
                services[second].push(service(request));
            }
        }
        let second = |(fates, mut services): (Vec<u32>, Vec<u32>)| {
            services.sort_unstable();
            let percentiles = [50, 95, 99].map(|p| percentile(&services, p));
            Second { fates, percentiles, heat: heat(services.iter()) }
        };
        Self {
            seconds: ended.into_iter().zip(services).map(second).collect(),
            heat: heat(all_services.iter()),
            fates: fates.into_iter().map(|(name, count)| FateCount { name: name.to_owned(), count }).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mix::Call;
    use super::*;

    fn request(sent_ms: u64, service: u64, fate: &str) -> ClientSide {
        ClientSide {
            seq: 0,
            call: Call::List,
            wanted: 0,
            due: 0,
            sent: sent_ms * 1000,
            sent_at: None,
            service,
            fate: fate.to_owned(),
            request_id: None,
        }
    }

    #[test]
    fn each_request_counts_in_the_second_in_which_it_was_sent() {
        let requests = [
            request(0, 500, "200"),
            request(999, 700, "201"),
            request(1000, 9000, "503"),
            request(1500, 300, "200"),
            request(2100, 120, "200"),
        ];
        let timeline = Timeline::of(&requests, 2);
        let names: Vec<_> = timeline.fates.iter().map(|fate| (fate.name.as_str(), fate.count)).collect();
        assert_eq!(names, [("200", 3), ("201", 1), ("503", 1)]);
        assert_eq!(timeline.seconds.len(), 2, "the third one is not over");
        assert_eq!((&timeline.seconds[0].fates[..], &timeline.seconds[1].fates[..]), (&[1, 1, 0][..], &[1, 0, 1][..]));
        assert_eq!(timeline.seconds[0].percentiles, [Some(0.5), Some(0.7), Some(0.7)]);
        assert_eq!(timeline.seconds[1].heat, [(3, 1)], "the failure is not in it");
        assert_eq!(timeline.heat, [(1, 1), (3, 1), (5, 1), (6, 1)], "the request of the unfinished second is");
    }

    #[test]
    fn seconds_without_a_request_are_empty() {
        let timeline = Timeline::of(&[], 3);
        assert_eq!(timeline.seconds, vec![Second::default(); 3]);
        assert!(timeline.fates.is_empty() && timeline.heat.is_empty());
    }

    #[test]
    fn the_longest_run_stays_below_60_kb_on_the_wire() {
        // Twenty requests in each second, spread over seven buckets and four ways to end.
        let fates = ["200", "201", "500", "503"];
        let requests: Vec<ClientSide> = (0..12_000)
            .map(|i: u64| {
                request(i * 50, [250, 400, 550, 800, 1234, 2345, 45_678][i as usize % 7], fates[i as usize % 4])
            })
            .collect();
        let timeline = Timeline::of(&requests, 600);
        let json = serde_json::to_string(&timeline).expect("serializes");
        assert_eq!(serde_json::from_str::<Timeline>(&json).expect("parses"), timeline);
        assert!((20_000..60_000).contains(&json.len()), "{} bytes", json.len());
    }
}
