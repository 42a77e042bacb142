//! Requests summed up by minute, as they are kept when the rows themselves are gone.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::histogram::Histogram;
use super::recorded_request::RecordedRequest;
use crate::origin::Origin;

/// What the requests of one roll-up have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RollupKey {
    /// Minutes since the epoch.
    pub minute: i64,
    /// The HTTP method.
    pub method: Cow<'static, str>,
    /// The route template.
    pub route: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// Whether the traffic generator made them.
    pub simulated: bool,
}

impl RollupKey {
    /// The roll-up that a request belongs to.
    pub fn of(request: &RecordedRequest) -> Self {
        Self {
            minute: request.second().div_euclid(60),
            method: request.method.clone(),
            route: request.route.clone(),
            status: request.status,
            simulated: request.origin != Origin::Real,
        }
    }
}

/// The durations of some requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The sum of all durations, in microseconds.
    pub sum: u64,
    /// How often each duration occurred. Its count is the number of requests.
    pub histogram: Histogram,
}

impl Tally {
    /// Counts a request that took `duration` microseconds.
    pub fn record(&mut self, duration: u32) {
        self.sum += u64::from(duration);
        self.histogram.record(duration);
    }

    /// Counts everything that `other` has counted.
    pub fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.histogram.merge(&other.histogram);
    }
}

/// Roll-ups by what their requests have in common.
pub type Rollups = BTreeMap<RollupKey, Tally>;

/// Sums requests up. The result is to be merged with the roll-ups that are stored already.
pub fn roll_up(requests: &[RecordedRequest]) -> Rollups {
    let mut rollups = Rollups::new();
    for request in requests {
        rollups.entry(RollupKey::of(request)).or_default().record(request.duration_us);
    }
    rollups
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::origin::RunId;

    #[test]
    fn by_minute_endpoint_status_and_origin() {
        let request = |arrived_at, status, duration_us, origin| RecordedRequest {
            id: Uuid::nil(),
            arrived_at,
            method: "GET".into(),
            route: "/x".into(),
            status,
            duration_us,
            origin,
        };
        let of_run = |run| Origin::Simulated { run: RunId(Uuid::from_u128(run)), seq: 0 };
        let rollups = roll_up(&[
            request(59_999_999, 200, 10, Origin::Real),
            request(60_000_000, 200, 30, Origin::Real),
            request(60_000_001, 200, 20, Origin::Real),
            request(60_000_001, 500, 40, Origin::Real),
            request(61_000_000, 200, 50, of_run(0)),
            request(62_000_000, 200, 60, of_run(1)),
        ]);
        let seen: Vec<_> = rollups
            .iter()
            .map(|(key, tally)| (key.minute, key.status, key.simulated, tally.histogram.count(), tally.sum))
            .collect();
        assert_eq!(
            seen,
            [(0, 200, false, 1, 10), (1, 200, false, 2, 50), (1, 200, true, 2, 110), (1, 500, false, 1, 40)]
        );
    }
}
