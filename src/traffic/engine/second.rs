//! The requests that were sent in one second of a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::latency::percentile;
use super::outcome::Fate;
use crate::latency_buckets::bucket;

/// With fewer ok requests in a second than this, their 95th percentile is that of the slowest one, and says nothing.
const LEAST_FOR_P95: usize = 20;

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

/// The requests that were sent in one second. Times are service times of the ok requests, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "WireSecond", into = "WireSecond")]
pub struct Second {
    /// How many requests were sent, those included that have not ended.
    pub sent: u32,
    /// How many requests ended in each way, in the order of the timeline's list of fates.
    pub fates: Vec<u32>,
    /// The median; absent without an ok request.
    pub p50: Option<f64>,
    /// The 95th percentile; absent with fewer than twenty ok requests.
    pub p95: Option<f64>,
    /// The slowest; absent without an ok request.
    pub max: Option<f64>,
    /// Bucket and count of the ok requests, for the buckets that are not empty: see [`crate::latency_buckets`].
    pub heat: Vec<(u8, u32)>,
}

impl Second {
    /// The second in which `sent` requests were sent, of which `ended` have ended, with a count for each of the `fates`
    /// of the whole run.
    pub(super) fn of(sent: u32, ended: &[Ended], fates: &[(Fate, u32)]) -> Self {
        let count = |fate: Fate| ended.iter().filter(|request| request.fate == fate).count() as u32;
        let ok = ended.iter().filter(|request| request.fate.is_ok());
        let mut services: Vec<u32> = ok.map(|request| request.service).collect();
        services.sort_unstable();
        Self {
            sent,
            fates: fates.iter().map(|(fate, _)| count(*fate)).collect(),
            p50: percentile(&services, 50),
            p95: percentile(&services, 95).filter(|_| services.len() >= LEAST_FOR_P95),
            max: percentile(&services, 100),
            heat: heat(services.into_iter()),
        }
    }
}

/// How many latencies, in microseconds, are in each bucket that is not empty.
pub(super) fn heat(latencies: impl Iterator<Item = u32>) -> Vec<(u8, u32)> {
    let mut counts = BTreeMap::new();
    for micros in latencies {
        *counts.entry(bucket(micros)).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

/// A [`Second`] on the wire, as this version or an earlier one wrote it: without the names of its fields, which would be a
/// third of the text.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WireSecond {
    /// Sent, fates, p50 with p95 and the slowest, heat.
    Now(u32, Vec<u32>, [Option<f64>; 3], Vec<(u8, u32)>),
    /// Fates, p50 with p95 and p99, heat: as earlier versions stored it, when nothing was in flight any more.
    Earlier(Vec<u32>, [Option<f64>; 3], Vec<(u8, u32)>),
}

impl From<WireSecond> for Second {
    fn from(wire: WireSecond) -> Self {
        match wire {
            WireSecond::Now(sent, fates, [p50, p95, max], heat) => Self { sent, fates, p50, p95, max, heat },
            WireSecond::Earlier(fates, [p50, p95, p99], heat) => {
                let ok: u32 = heat.iter().map(|(_, count)| count).sum();
                let p95 = p95.filter(|_| ok as usize >= LEAST_FOR_P95);
                // With fewer than a hundred requests p99 is the slowest one, and there were at most twenty-one.
                Self { sent: fates.iter().sum(), fates, p50, p95, max: p99, heat }
            }
        }
    }
}

impl From<Second> for WireSecond {
    fn from(Second { sent, fates, p50, p95, max, heat }: Second) -> Self {
        Self::Now(sent, fates, [p50, p95, max], heat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_no_names_on_the_wire() {
        let second =
            Second { sent: 3, fates: vec![1, 1], p50: Some(0.5), p95: None, max: Some(0.7), heat: vec![(3, 1)] };
        let json = "[3,[1,1],[0.5,null,0.7],[[3,1]]]";
        assert_eq!(serde_json::to_string(&second).expect("serializes"), json);
        assert_eq!(serde_json::from_str::<Second>(json).expect("parses"), second);
    }
}
