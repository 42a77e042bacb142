//! A run second by second, as the client saw it: how its requests ended, and how long they took.
//!
//! A request belongs to the second in which it was sent, as in [`super::stats::Stats::sent_per_second`], so that all
//! charts of a run have one time axis. Latency is the service time of the requests with a 2xx answer: a fast failure
//! must not make it look better.
//!
//! On the wire one second takes about 80 bytes and 600 seconds less than 60 KB, which a test checks. That is too much
//! for every snapshot, so the run's page fetches the timeline separately.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::latency::percentile;
use super::outcome::{Fate, FateCount};
use crate::latency_buckets::bucket;

/// A request that has ended, as far as the timeline needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The second of the run in which it was sent.
    pub second: u32,
    /// Service time, from sending to the end of the answer, in microseconds.
    pub service: u32,
    /// How it ended.
    pub fate: Fate,
}

/// [`Second`] on the wire, without the names of its fields, which would be a third of the text.
type WireSecond = (Vec<u32>, [Option<f64>; 3], Vec<(u8, u32)>);

/// The requests that were sent in one second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "WireSecond", into = "WireSecond")]
pub struct Second {
    /// How many requests ended in each way, in the order of [`Timeline::fates`].
    pub fates: Vec<u32>,
    /// p50, p95 and p99 of the service time in milliseconds, by nearest rank; absent without an ok answer.
    pub percentiles: [Option<f64>; 3],
    /// Bucket and count of the ok answers, for the buckets that are not empty: see [`crate::latency_buckets`].
    pub heat: Vec<(u8, u32)>,
}

impl Second {
    /// The second in which these requests were sent, with a count for each of the `fates` of the whole run.
    fn of(requests: &[Ended], fates: &[(Fate, u32)]) -> Self {
        let count = |fate: Fate| requests.iter().filter(|request| request.fate == fate).count() as u32;
        let ok = requests.iter().filter(|request| request.fate.is_ok());
        let mut services: Vec<u32> = ok.map(|request| request.service).collect();
        services.sort_unstable();
        Self {
            fates: fates.iter().map(|(fate, _)| count(*fate)).collect(),
            percentiles: [50, 95, 99].map(|p| percentile(&services, p)),
            heat: heat(services.into_iter()),
        }
    }
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

/// A run second by second, as the client saw it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// How many requests ended in each way, in the order of the names; includes the seconds that are not over.
    pub fates: Vec<FateCount>,
    /// The seconds of the run that are over.
    pub seconds: Vec<Second>,
    /// Bucket and count of all ok answers; includes the seconds that are not over.
    pub heat: Vec<(u8, u32)>,
}

/// How many latencies, in microseconds, are in each bucket that is not empty.
fn heat(latencies: impl Iterator<Item = u32>) -> Vec<(u8, u32)> {
    let mut counts = BTreeMap::new();
    for micros in latencies {
        *counts.entry(bucket(micros)).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

impl Timeline {
    /// The timeline of the requests that have ended, in any order, for a run of which `over` whole seconds are over.
    pub fn of(requests: &[Ended], over: u32) -> Self {
        let fates = counts(requests);
        let mut by_second = vec![Vec::new(); over as usize];
        for request in requests {
            if let Some(in_second) = by_second.get_mut(request.second as usize) {
                in_second.push(*request);
            }
        }
        Self {
            seconds: by_second.iter().map(|requests| Second::of(requests, &fates)).collect(),
            heat: heat(requests.iter().filter(|request| request.fate.is_ok()).map(|request| request.service)),
            fates: fates.into_iter().map(|(fate, count)| FateCount { name: fate.name(), count }).collect(),
        }
    }
}

/// How many requests ended in each way, in the order of the names of the fates.
fn counts(requests: &[Ended]) -> Vec<(Fate, u32)> {
    let mut counts = Vec::<(Fate, u32)>::new();
    for request in requests {
        match counts.iter_mut().find(|(fate, _)| *fate == request.fate) {
            Some((_, count)) => *count += 1,
            None => counts.push((request.fate, 1)),
        }
    }
    counts.sort_by_cached_key(|(fate, _)| fate.name());
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(sent_ms: u32, service: u32, fate: &str) -> Ended {
        Ended { second: sent_ms / 1000, service, fate: Fate::of_name(fate).expect("a fate") }
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
        let requests: Vec<Ended> = (0..12_000)
            .map(|i: u32| {
                request(i * 50, [250, 400, 550, 800, 1234, 2345, 45_678][i as usize % 7], fates[i as usize % 4])
            })
            .collect();
        let timeline = Timeline::of(&requests, 600);
        let json = serde_json::to_string(&timeline).expect("serializes");
        assert_eq!(serde_json::from_str::<Timeline>(&json).expect("parses"), timeline);
        assert!((20_000..60_000).contains(&json.len()), "{} bytes", json.len());
    }
}
