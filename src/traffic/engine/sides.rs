//! A run from both sides: how long its requests took for the client, how long in the server, and what lies between the
//! two.

use serde::{Deserialize, Serialize};

use super::exchange::{Exchange, longest};
use super::latency::nearest_rank;

/// A request that leaves within this time after it was due is on time, in milliseconds: a timer may wake a little late.
const ON_TIME: f64 = 5.0;

/// How durations are distributed, in milliseconds; all are absent without a value. Percentiles are exact, by the rule
/// of [`super::latency`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// The largest value.
    pub max: Option<f64>,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let percentile = |p| nearest_rank(&values, p);
        Self { p50: percentile(50), p95: percentile(95), p99: percentile(99), max: percentile(100) }
    }
}

/// Both sides of a run. Only requests that both sides saw are counted, so that all distributions are of the same
/// requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sides {
    /// Requests that both sides saw.
    pub joined: u32,
    /// Service time: from sending to the end of the answer, as the client saw it.
    pub client: Spread,
    /// From the arrival to the answer, as the server saw it.
    pub server: Spread,
    /// The part of the service time that is not the server's: queue, connection, scheduling. It is taken request by
    /// request, so its percentiles are not the differences of the two above.
    pub elsewhere: Spread,
    /// The slowest requests by the client's service time, slowest first.
    pub slowest: Vec<Exchange>,
    /// The requests that left late, latest first. Their delay is the simulator's own, so it is kept apart from what the
    /// service did. A run of an earlier version has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delayed: Vec<Exchange>,
}

impl Sides {
    /// Derives both sides from all requests of a run, and keeps `how_many` of the slowest, and of those that left
    /// late.
    pub fn of(exchanges: &[Exchange], how_many: usize) -> Self {
        let joined: Vec<[f64; 3]> = exchanges
            .iter()
            .filter_map(|exchange| Some([exchange.service_time?, exchange.server_time?, exchange.elsewhere?]))
            .collect();
        let spread = |which: usize| Spread::of(joined.iter().map(|times| times[which]).collect());
        Self {
            joined: joined.len() as u32,
            client: spread(0),
            server: spread(1),
            elsewhere: spread(2),
            slowest: longest(exchanges, how_many, |exchange| exchange.service_time),
            delayed: longest(exchanges, how_many, |exchange| {
                exchange.scheduling_delay.filter(|delay| *delay > ON_TIME)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(seq: u32, client: f64, server: Option<f64>) -> Exchange {
        Exchange {
            seq,
            service_time: Some(client),
            response_time: Some(client),
            server_time: server,
            elsewhere: server.map(|server| client - server),
            ..Exchange::default()
        }
    }

    #[test]
    fn each_line_is_of_the_requests_that_both_sides_saw() {
        let exchanges = [
            exchange(0, 2.0, Some(1.5)),
            exchange(1, 4.0, Some(1.0)),
            exchange(2, 3.0, Some(2.5)),
            exchange(3, 5000.0, None),
        ];
        let sides = Sides::of(&exchanges, 2);
        assert_eq!(sides.joined, 3);
        assert_eq!((sides.client.p50, sides.client.p95, sides.client.max), (Some(3.0), Some(4.0), Some(4.0)));
        assert_eq!((sides.server.p50, sides.server.p95), (Some(1.5), Some(2.5)));
        assert_eq!((sides.elsewhere.p50, sides.elsewhere.p95), (Some(0.5), Some(3.0)), "by request");
        let seqs: Vec<u32> = sides.slowest.iter().map(|exchange| exchange.seq).collect();
        assert_eq!(seqs, [3, 1], "the one that never arrived is among the slowest");
        assert_eq!(Sides::of(&[], 2), Sides::default());
    }

    #[test]
    fn a_late_request_is_no_slow_one() {
        let late = |seq, delay| Exchange { scheduling_delay: Some(delay), ..exchange(seq, 1.0, None) };
        let sides = Sides::of(&[late(0, 5.0), late(1, 40.0), late(2, 90.0), late(3, 7.0), exchange(4, 3.0, None)], 2);
        let seqs = |exchanges: &[Exchange]| exchanges.iter().map(|exchange| exchange.seq).collect::<Vec<_>>();
        assert_eq!((seqs(&sides.slowest), seqs(&sides.delayed)), (vec![4, 0], vec![2, 1]));
    }
}
