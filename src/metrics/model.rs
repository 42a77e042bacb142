//! The dashboard's numbers.

use serde::{Deserialize, Serialize};

/// The window of the KPI cards, in seconds.
pub const WINDOW: u32 = 300;
/// How old a second has to be before its rows are counted, in milliseconds.
const SETTLED: i64 = 800;
/// How many points a sparkline has: one for each ten seconds of the window.
pub const SPARK_POINTS: usize = 30;

/// The key figures of the last [`WINDOW`] seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kpis {
    /// Requests.
    pub requests: u32,
    /// Of these: simulated.
    pub simulated: u32,
    /// Requests in the last full second.
    pub current_rate: u32,
    /// Share of answers of status 400 and up, from 0 to 1; absent without requests.
    pub error_rate: Option<f64>,
    /// 95th percentile of the duration in milliseconds, by nearest rank; absent without requests.
    pub p95: Option<f64>,
    /// The intervals of the window that are over, oldest first: see [`SPARK_POINTS`].
    pub spark: Vec<SparkPoint>,
}

/// One interval of the sparklines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SparkPoint {
    /// Requests.
    pub requests: u32,
    /// Of these: status 400 and up.
    pub errors: u32,
    /// 95th percentile of the duration in milliseconds; 0 without requests.
    pub p95: f64,
}

/// One recorded request, as far as the key figures need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Epoch milliseconds.
    pub at: i64,
    /// HTTP status.
    pub status: u16,
    /// Microseconds.
    pub duration: u32,
    /// Made by the generator.
    pub simulated: bool,
}

/// The value at rank ⌈p/100 · n⌉ of sorted microseconds, in milliseconds.
fn percentile(sorted: &[u32], p: usize) -> Option<f64> {
    let rank = (p * sorted.len()).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).map(|micros| f64::from(*micros) / 1000.0)
}

fn sorted_durations<'a>(samples: impl Iterator<Item = &'a Sample>) -> Vec<u32> {
    let mut durations: Vec<u32> = samples.map(|sample| sample.duration).collect();
    durations.sort_unstable();
    durations
}

impl Kpis {
    /// The key figures of `samples` (oldest first) in the window before `now`, in epoch milliseconds.
    pub fn of(samples: &[Sample], now: i64) -> Self {
        let start = now - i64::from(WINDOW) * 1000;
        let samples = &samples[samples.partition_point(|sample| sample.at < start)..];
        let errors = samples.iter().filter(|sample| sample.status >= 400).count();
        // The newest second whose answers have all been written down: a row comes in with its
        // answer, and up to a quarter of a second later. A younger one would show too little.
        let second = (now - SETTLED).div_euclid(1000);
        Self {
            requests: samples.len() as u32,
            simulated: samples.iter().filter(|sample| sample.simulated).count() as u32,
            current_rate: samples.iter().filter(|sample| sample.at.div_euclid(1000) == second - 1).count() as u32,
            error_rate: (!samples.is_empty()).then(|| errors as f64 / samples.len() as f64),
            p95: percentile(&sorted_durations(samples.iter()), 95),
            spark: spark(samples, now),
        }
    }
}

/// The last intervals that are over: an unfinished one would be drawn as a drop.
fn spark(samples: &[Sample], now: i64) -> Vec<SparkPoint> {
    let interval = i64::from(WINDOW) * 1000 / SPARK_POINTS as i64;
    let current = now.div_euclid(interval);
    (1..=SPARK_POINTS as i64)
        .rev()
        .map(|back| {
            let of_interval = samples.iter().filter(|sample| sample.at.div_euclid(interval) == current - back);
            let durations = sorted_durations(of_interval.clone());
            SparkPoint {
                requests: durations.len() as u32,
                errors: of_interval.filter(|sample| sample.status >= 400).count() as u32,
                p95: percentile(&durations, 95).unwrap_or(0.0),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: i64, status: u16, millis: u32, simulated: bool) -> Sample {
        Sample { at, status, duration: millis * 1000, simulated }
    }

    #[test]
    fn no_requests_no_claims() {
        let kpis = Kpis::of(&[], 1_000_000);
        assert_eq!((kpis.requests, kpis.current_rate, kpis.error_rate, kpis.p95), (0, 0, None, None));
        assert_eq!(kpis.spark, vec![SparkPoint::default(); SPARK_POINTS]);
    }

    #[test]
    fn only_the_window_and_the_last_full_second_count() {
        let now = 1_000_900;
        let samples = [
            sample(now - 300_001, 200, 1, false),
            sample(now - 300_000, 200, 1, false),
            sample(999_100, 500, 30, true),
            sample(999_900, 404, 20, true),
            sample(1_000_100, 200, 10, true),
        ];
        let kpis = Kpis::of(&samples, now);
        assert_eq!((kpis.requests, kpis.simulated), (4, 3), "the first one is a millisecond too old");
        assert_eq!(kpis.current_rate, 2, "the unfinished second does not count");
        assert_eq!(Kpis::of(&samples, now - 200).current_rate, 0, "and one that is 700 ms old may lack rows");
        assert_eq!(kpis.error_rate, Some(0.5));
        assert_eq!(kpis.p95, Some(30.0));
    }

    #[test]
    fn sparklines_show_whole_intervals_oldest_first() {
        let now = 1_005_000;
        let samples =
            [sample(990_000, 200, 4, false), sample(999_999, 503, 8, false), sample(1_000_000, 200, 9, false)];
        let spark = Kpis::of(&samples, now).spark;
        assert_eq!(spark.len(), SPARK_POINTS);
        assert_eq!(spark[SPARK_POINTS - 1], SparkPoint { requests: 2, errors: 1, p95: 8.0 });
        assert_eq!(spark.iter().map(|point| point.requests).sum::<u32>(), 2, "the current interval is not over");
    }
}
