//! Durations as histograms that can be merged: the percentile of a merged histogram is the percentile of all its
//! values, which an average of percentiles never is.
//!
//! The buckets are those of HdrHistogram (Gil Tene, <https://hdrhistogram.org>) for 1 µs to 60 s with three
//! significant digits: a value is off by less than 1/1024 of itself, and below 2,048 µs it is exact. Longer durations
//! count as 60 s. HdrHistogram's own implementations keep all 17,408 buckets (70 KB or more). A second of an API
//! fills a few dozen of them, and there are thousands of histograms in memory and in the database, so these keep only
//! the filled buckets. A test compares them with the reference implementation.

use crate::latency_buckets;

/// The longest duration that is told apart, in microseconds.
pub const LONGEST: u32 = 60_000_000;
/// log₂ of the number of buckets before their width doubles for the first time.
const LINEAR_BITS: u32 = 11;
/// Buckets of each width after the first.
const HALF: u32 = 1 << (LINEAR_BITS - 1);
/// How many buckets there are.
const BUCKETS: usize = 17_408;

/// The bucket that holds a duration in microseconds.
fn bucket(micros: u32) -> u16 {
    let micros = micros.min(LONGEST);
    // How often the width has doubled.
    let doublings = (u32::BITS - (micros | ((1 << LINEAR_BITS) - 1)).leading_zeros()) - LINEAR_BITS;
    (doublings * HALF + (micros >> doublings)) as u16
}

/// The largest duration of a bucket, in microseconds.
fn largest(bucket: usize) -> u32 {
    let bucket = bucket as u32;
    let doublings = (bucket / HALF).saturating_sub(1);
    ((bucket - doublings * HALF + 1) << doublings) - 1
}

/// Pairs of bucket and count, sorted, without the empty buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram(Vec<(u16, u32)>);

impl Histogram {
    /// Counts a duration.
    pub fn record(&mut self, micros: u32) {
        self.add(bucket(micros), 1);
    }

    fn add(&mut self, bucket: u16, count: u32) {
        match self.0.binary_search_by_key(&bucket, |(known, _)| *known) {
            Ok(place) => self.0[place].1 = self.0[place].1.saturating_add(count),
            Err(place) => self.0.insert(place, (bucket, count)),
        }
    }

    /// Counts everything that `other` has counted.
    pub fn merge(&mut self, other: &Self) {
        // When few buckets go into many, most of them stay where they are …
        if other.0.len() <= self.0.len() / 16 {
            other.0.iter().for_each(|(bucket, count)| self.add(*bucket, *count));
            return;
        }
        // … and otherwise two sorted lists become one, which this sort does in one pass.
        self.0.extend_from_slice(&other.0);
        self.0.sort_by_key(|(bucket, _)| *bucket);
        self.0.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            if is_same {
                kept.1 = kept.1.saturating_add(next.1);
            }
            is_same
        });
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// The form in the database: for each filled bucket the distance to the one before and the count, both as LEB128
    /// numbers (seven bits a byte, the lowest first, the top bit for "more").
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 3);
        let mut before = 0;
        for (bucket, count) in &self.0 {
            write_number(&mut bytes, u32::from(bucket - before));
            write_number(&mut bytes, *count);
            before = *bucket;
        }
        bytes
    }

    /// Reads what [`Histogram::to_bytes`] has written. `None` for anything else.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut histogram = Self::default();
        let mut before = 0_u32;
        while !bytes.is_empty() {
            let bucket = before.checked_add(read_number(&mut bytes)?)?;
            let count = read_number(&mut bytes)?;
            if bucket as usize >= BUCKETS || (bucket == before && !histogram.0.is_empty()) {
                return None;
            }
            histogram.0.push((bucket as u16, count));
            before = bucket;
        }
        Some(histogram)
    }
}

fn write_number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0_u32;
    for shift in (0..u32::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// The sum of many histograms, for the time of a query. It is cleared and used again, because it is large.
#[derive(Debug)]
pub struct Merged {
    counts: Vec<u64>,
    /// The buckets that may be filled; `None` when all are empty.
    filled: Option<(usize, usize)>,
    total: u64,
}

impl Default for Merged {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], filled: None, total: 0 }
    }
}

impl Merged {
    /// Removes all counts.
    pub fn clear(&mut self) {
        if let Some((first, last)) = self.filled.take() {
            self.counts[first..=last].fill(0);
        }
        self.total = 0;
    }

    /// Counts everything that `histogram` has counted, and returns how much that is.
    pub fn add(&mut self, histogram: &Histogram) -> u64 {
        let (Some(first), Some(last)) = (histogram.0.first(), histogram.0.last()) else { return 0 };
        let mut added = 0;
        let first = usize::from(first.0);
        let last = usize::from(last.0);
        self.filled = Some(self.filled.map_or((first, last), |(low, high)| (low.min(first), high.max(last))));
        for (bucket, count) in &histogram.0 {
            self.counts[usize::from(*bucket)] += u64::from(*count);
            added += u64::from(*count);
        }
        self.total += added;
        added
    }

    /// The given percentiles, which are in rising order, in milliseconds: each is the largest duration of the bucket
    /// that holds rank ⌈p/100 · n⌉. `None` without durations.
    pub fn percentiles<const N: usize>(&self, percents: [u32; N]) -> [Option<f64>; N] {
        let mut found = [None; N];
        let mut buckets = self.filled.map_or(0..0, |(first, last)| first..last + 1);
        let mut seen = 0;
        let mut current = None;
        for (place, percent) in percents.into_iter().enumerate() {
            let rank = (u64::from(percent) * self.total).div_ceil(100).max(1);
            while seen < rank {
                let Some(bucket) = buckets.next() else { return found };
                seen += self.counts[bucket];
                current = Some(bucket);
            }
            found[place] = current.map(|bucket| f64::from(largest(bucket).min(LONGEST)) / 1000.0);
        }
        found
    }

    /// The longest duration in milliseconds: the largest of its bucket. `None` without durations.
    pub fn max(&self) -> Option<f64> {
        self.filled.map(|(_, last)| f64::from(largest(last).min(LONGEST)) / 1000.0)
    }

    /// How many durations are in each bucket of [`crate::latency_buckets`] that is not empty. A duration next to a
    /// bound may count on the other side of it, because it is known to 1/1024 only.
    pub fn heat(&self) -> Vec<(u8, u32)> {
        let mut heat: Vec<(u8, u32)> = Vec::new();
        for fine in self.filled.map_or(0..0, |(first, last)| first..last + 1).filter(|fine| self.counts[*fine] > 0) {
            let bucket = latency_buckets::bucket(largest(fine));
            let count = u32::try_from(self.counts[fine]).unwrap_or(u32::MAX);
            match heat.last_mut() {
                Some((last, sum)) if *last == bucket => *sum = sum.saturating_add(count),
                _ => heat.push((bucket, count)),
            }
        }
        heat
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Nearest rank over all values.
    fn exact(values: &[u32], percent: usize) -> f64 {
        let mut sorted: Vec<u32> = values.iter().map(|value| (*value).min(LONGEST)).collect();
        sorted.sort_unstable();
        f64::from(sorted[(percent * sorted.len()).div_ceil(100) - 1]) / 1000.0
    }

    fn histogram(values: &[u32]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.record(*value));
        histogram
    }

    fn percentiles(histograms: &[&Histogram]) -> [Option<f64>; 3] {
        let mut merged = Merged::default();
        for histogram in histograms {
            merged.add(histogram);
        }
        merged.percentiles([50, 95, 99])
    }

    #[test]
    fn buckets_are_where_they_should_be() {
        for (micros, expected) in
            [(0, 0), (1, 1), (2047, 2047), (2048, 2048), (2049, 2048), (2050, 2049), (4095, 3071), (4096, 3072)]
        {
            assert_eq!(bucket(micros), expected, "{micros}");
        }
        assert_eq!((bucket(LONGEST), bucket(u32::MAX)), (bucket(LONGEST), bucket(LONGEST)));
        assert!(usize::from(bucket(LONGEST)) < BUCKETS);
        for index in 0..BUCKETS - 1 {
            assert_eq!(usize::from(bucket(largest(index).min(LONGEST))), index.min(bucket(LONGEST).into()));
        }
    }

    #[test]
    fn nothing_measured_nothing_said() {
        assert_eq!(percentiles(&[]), [None; 3]);
        assert_eq!(Merged::default().max(), None);
        assert_eq!(percentiles(&[&Histogram::default()]), [None; 3]);
        assert_eq!(percentiles(&[&histogram(&[7])]), [Some(0.007); 3]);
    }

    #[test]
    fn percentiles_of_a_merge_are_not_averages_of_percentiles() {
        let (quick, slow) = (histogram(&[1000; 99]), histogram(&[2_000_000; 1]));
        let [_, p95, p99] = percentiles(&[&quick, &slow]);
        assert_eq!((p95, p99), (Some(1.0), Some(1.0)), "the average of 1 ms and 2 s would be 1000.5 ms");
    }

    #[test]
    fn what_is_no_histogram_is_refused() {
        for bytes in [&[0x80][..], &[1], &[1, 1, 0, 1], &[0xff, 0xff, 0x03, 1], &[0x80; 12]] {
            assert_eq!(Histogram::from_bytes(bytes), None, "{bytes:?}");
        }
        assert_eq!(Histogram::from_bytes(&[]), Some(Histogram::default()));
    }

    proptest! {
        #[test]
        fn percentiles_are_within_a_thousandth(values in prop::collection::vec(0..90_000_000_u32, 1..300)) {
            let found = percentiles(&[&histogram(&values)]);
            for (percent, found) in [50, 95, 99].into_iter().zip(found) {
                let (exact, found) = (exact(&values, percent), found.expect("measured"));
                prop_assert!(exact <= found && found <= exact * (1.0 + 1.0 / 1024.0), "p{percent}: {found} for {exact}");
            }
            let mut merged = Merged::default();
            merged.add(&histogram(&values));
            prop_assert_eq!(merged.max(), merged.percentiles([100])[0]);
        }

        #[test]
        fn it_is_what_the_reference_implementation_gives(values in prop::collection::vec(1..60_000_000_u32, 1..300)) {
            let mut reference = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 60_000_000, 3).expect("bounds");
            values.iter().for_each(|value| reference.record(u64::from(*value)).expect("in range"));
            let found = percentiles(&[&histogram(&values)]);
            for (percent, found) in [50.0, 95.0, 99.0].into_iter().zip(found) {
                let micros = reference.value_at_percentile(percent).min(60_000_000);
                prop_assert_eq!(found, Some(micros as f64 / 1000.0), "p{}", percent);
            }
        }

        #[test]
        fn merging_is_counting_together(
            left in prop::collection::vec(0..60_000_000_u32, 0..100),
            right in prop_oneof![
                prop::collection::vec(0..60_000_000_u32, 0..100),
                prop::collection::vec(0..60_000_000_u32, 0..4),
            ],
        ) {
            let mut merged = histogram(&left);
            merged.merge(&histogram(&right));
            let together = histogram(&[left, right].concat());
            prop_assert_eq!(&merged, &together);
            prop_assert_eq!(Histogram::from_bytes(&together.to_bytes()), Some(together));
        }
    }
}
