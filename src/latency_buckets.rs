//! The buckets in which charts show latency: a coarse histogram for the eye, the same for both sides of a request.
//! Percentiles are never derived from it.

/// The bounds between the buckets, in milliseconds: the E6 series of preferred numbers (IEC 60063), which has six steps
/// of nearly the same factor in every decade. They reach from 0.1 ms to beyond the client's timeout of 5 s.
///
/// Bucket 0 is below the first bound; bucket i reaches from bound i − 1, included, to bound i, excluded.
pub const BOUNDS: [f64; 30] = [
    0.1, 0.15, 0.22, 0.33, 0.47, 0.68, //
    1.0, 1.5, 2.2, 3.3, 4.7, 6.8, //
    10.0, 15.0, 22.0, 33.0, 47.0, 68.0, //
    100.0, 150.0, 220.0, 330.0, 470.0, 680.0, //
    1000.0, 1500.0, 2200.0, 3300.0, 4700.0, 6800.0,
];

/// The bucket of a latency in microseconds.
pub fn bucket(micros: u32) -> u8 {
    let millis = f64::from(micros) / 1000.0;
    BOUNDS.partition_point(|bound| *bound <= millis) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_begin_at_their_lower_bound() {
        for (micros, expected) in
            [(0, 0), (99, 0), (100, 1), (149, 1), (150, 2), (1000, 7), (6_800_000, 30), (u32::MAX, 30)]
        {
            assert_eq!(bucket(micros), expected, "{micros} µs");
        }
        assert!(BOUNDS.windows(2).all(|pair| (1.4..=1.6).contains(&(pair[1] / pair[0]))), "nearly equal factors");
    }
}
