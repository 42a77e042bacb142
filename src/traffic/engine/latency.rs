//! What a set of measured times is summed up to: its mean, its percentiles and its maximum.
//!
//! Percentiles are exact, by the nearest-rank rule: the p-th percentile of n values is the value at rank ⌈p/100 · n⌉ of
//! the sorted values, and nothing for n = 0. It is always one of the measured values, and p100 is the maximum.

use serde::{Deserialize, Serialize};

/// The p-th percentile of sorted values, by the nearest-rank rule. `None` if there are no values.
pub fn nearest_rank<T: Copy>(sorted: &[T], p: usize) -> Option<T> {
    let rank = (p * sorted.len()).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

/// The p-th percentile, in milliseconds, of sorted times in microseconds. `None` if there are no times.
pub fn percentile(sorted: &[u32], p: usize) -> Option<f64> {
    nearest_rank(sorted, p).map(|micros| millis(f64::from(micros)))
}

/// Microseconds as milliseconds, rounded to a whole microsecond.
pub(super) fn millis(micros: f64) -> f64 {
    micros.round() / 1000.0
}

/// A copy of the values in ascending order.
pub(super) fn sorted(values: &[u32]) -> Vec<u32> {
    let mut values = values.to_vec();
    values.sort_unstable();
    values
}

/// Latencies in milliseconds. All but the count are absent when nothing was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// How many values were measured.
    pub count: u32,
    /// Arithmetic mean.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// The largest value.
    pub max: Option<f64>,
}

impl Latency {
    /// Sums up times in microseconds, given in any order.
    pub fn of(micros: &[u32]) -> Self {
        let values = sorted(micros);
        let sum: u64 = values.iter().map(|micros| u64::from(*micros)).sum();
        Self {
            count: values.len() as u32,
            mean: (!values.is_empty()).then(|| millis(sum as f64 / values.len() as f64)),
            p50: percentile(&values, 50),
            p95: percentile(&values, 95),
            p99: percentile(&values, 99),
            max: percentile(&values, 100),
        }
    }
}

/// Latencies of the requests with a 2xx answer and of the failed ones, apart: a fast failure must not make the latency
/// look better.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SplitLatency {
    /// Of the requests with a 2xx answer.
    pub ok: Latency,
    /// Of the failed requests.
    pub failed: Latency,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_0_1_2_and_100_values() {
        let hundred: Vec<u32> = (1..=100).map(|i| i * 1000).collect();
        let rows: [(&[u32], [Option<f64>; 4], &str); 4] = [
            (&[], [None; 4], "nothing measured, nothing said"),
            (&[7000], [Some(7.0); 4], "one value is every percentile"),
            (&[1000, 2000], [Some(1.0), Some(2.0), Some(2.0), Some(2.0)], "the median of two is the lower one"),
            (&hundred, [Some(50.0), Some(95.0), Some(99.0), Some(100.0)], "rank p of 1..100 is p"),
        ];
        for (values, expected, why) in rows {
            let latency = Latency::of(values);
            assert_eq!([latency.p50, latency.p95, latency.p99, latency.max], expected, "{why}");
        }
    }
}
