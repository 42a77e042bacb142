//! The seeded random numbers of the plan and the mix, by the algorithm SplitMix64.
//!
//! Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014. It is a fixed and
//! published algorithm, because the same seed has to give the same run in every version of this program.

/// A stream of random numbers that is fully determined by its seed.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The stream for this pair of `seed` and `stream`. Each pair has its own, so that the pauses of a plan don't
    /// depend on the choices for its slots.
    pub fn new(seed: u32, stream: u64) -> Self {
        let mut random = Self { state: u64::from(seed) };
        random.state = random.next_u64() ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        random
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from the uniform distribution over [low, high).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        // 53 bits are all that the mantissa of an f64 holds.
        let unit = (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        low + unit * (high - low)
    }

    /// A number from the uniform distribution over 0..n, for n > 0. The bias of the remainder is below n / 2⁶⁴.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next_u64() % n as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sequence_of_splitmix64() {
        // Reference values for state 0, as in the authors' C code.
        let mut random = Random { state: 0 };
        assert_eq!(random.next_u64(), 0xE220_A839_7B1D_CDAF);
        assert_eq!(random.next_u64(), 0x6E78_9E6A_A1B9_65F4);
    }

    #[test]
    fn uniform_stays_inside_and_fills_the_interval() {
        let mut random = Random::new(7, 0);
        let values: Vec<f64> = (0..10_000).map(|_| random.uniform(0.1, 0.5)).collect();
        assert!(values.iter().all(|v| (0.1..0.5).contains(v)));
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        // sd of the mean = 0.4 / √12 / √10000 = 0.00115
        assert!((mean - 0.3).abs() < 4.0 * 0.00115, "mean {mean}");
    }

    #[test]
    fn streams_of_one_seed_differ() {
        assert_ne!(Random::new(1, 0).next_u64(), Random::new(1, 1).next_u64());
    }
}
