//! A UUIDv7 for every request: in its log lines, in the answer's `x-request-id`, in every problem.
//!
//! Its first half is the moment of the arrival, to a microsecond: after the milliseconds come twelve
//! bits of the fraction, as RFC 9562 (section 6.2, method 3) has it. The second half is random.

use std::fmt;

use uuid::Uuid;

use super::wall_clock::epoch_micros;

/// Names one request. Drawn by the server; what a client sends under that name is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

/// How fine the fraction of a millisecond is.
const FRACTIONS: i64 = 1 << 12;
/// The bits that say "version 7" in the first half, and "RFC 9562" in the second.
const VERSION: u64 = 7 << 12;
const VARIANT: u64 = 0b10 << 62;

impl RequestId {
    /// That of a request that arrives now. Not a secret, so that its random bits need no call of the system.
    pub fn draw() -> Self {
        Self::at(epoch_micros(), fastrand::u64(..))
    }

    /// That of a request that arrived at `micros` since the epoch. Of `random`, 62 bits count.
    pub fn at(micros: i64, random: u64) -> Self {
        Self(Uuid::from_u64_pair(Self::first_half(micros), VARIANT | (random >> 2)))
    }

    /// The first half of all ids of requests that arrived at `micros` since the epoch.
    pub fn first_half(micros: i64) -> u64 {
        let (millis, rest) = (micros.div_euclid(1000), micros.rem_euclid(1000));
        ((millis << 16) | (rest * FRACTIONS / 1000)).cast_unsigned() | VERSION
    }

    /// When the request arrived, in epoch microseconds.
    pub fn arrival(self) -> i64 {
        let half = self.0.as_u64_pair().0;
        let (millis, fraction) = ((half >> 16).cast_signed(), (half % FRACTIONS.unsigned_abs()).cast_signed());
        // The only whole number of microseconds with this fraction.
        millis * 1000 + (fraction * 1000 + FRACTIONS - 1) / FRACTIONS
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_uuid_of_version_7_with_the_time_of_its_arrival() {
        const MILLIS: i64 = 1_767_225_600_123;
        for micros in 0..1000 {
            let at = MILLIS * 1000 + micros;
            let id = RequestId::at(at, u64::MAX);
            assert_eq!((id.0.get_version_num(), id.0.get_variant()), (7, uuid::Variant::RFC4122));
            assert_eq!(id.arrival(), at);
            let (seconds, nanos) = id.0.get_timestamp().expect("a time").to_unix();
            assert_eq!(seconds as i64 * 1000 + i64::from(nanos) / 1_000_000, MILLIS, "{nanos}");
        }
        assert_eq!(RequestId::at(MILLIS * 1000 + 999, 0).0.to_string(), "019b76da-a87b-7ffb-8000-000000000000");
        assert!(RequestId::at(MILLIS * 1000 + 7, u64::MAX).0 < RequestId::at(MILLIS * 1000 + 8, 0).0, "by time");
    }

    #[test]
    fn two_of_one_moment_differ() {
        let now = epoch_micros();
        assert_ne!(RequestId::at(now, fastrand::u64(..)), RequestId::at(now, fastrand::u64(..)));
        let since = RequestId::draw().arrival() - now;
        // Each of the two is cut to a microsecond.
        assert!((-100..60_000_000).contains(&since), "{since}");
    }
}
