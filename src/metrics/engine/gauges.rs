//! The program's own vital signs, read once a second, on the time axis of the requests, so that a cause can be seen
//! beside its effect.

use super::ring::Ring;
use crate::metrics::health_model::GaugePoint;
use crate::metrics::model::Range;

/// The vital signs at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Rows that wait for the writer.
    pub queue: u32,
    /// Rows dropped since the start of the server.
    pub dropped: u64,
    /// How long the writer waits for the database, in microseconds.
    pub database_wait: u32,
    /// How late the newest request of the active run left, in microseconds.
    pub scheduling_delay: Option<u32>,
    /// Live streams that are open.
    pub streams: u32,
}

/// The worst readings of a step.
#[derive(Clone, Copy, Debug, Default)]
struct Worst {
    reading: Reading,
    dropped: u32,
}

/// The readings in the steps of each length.
#[derive(Clone, Debug)]
pub struct Gauges {
    rings: [Ring<Worst>; 3],
    lost: [Ring<u32>; 3],
    dropped: u64,
    database_wait: u32,
}

impl Default for Gauges {
    fn default() -> Self {
        let slots = |range: Range| range.steps() as usize + 2;
        Self {
            rings: Range::BY_STEP.map(|range| Ring::new(range.step(), slots(range))),
            lost: Range::BY_STEP.map(|range| Ring::new(range.step(), slots(range))),
            dropped: 0,
            database_wait: 0,
        }
    }
}

impl Gauges {
    /// Adds a reading of the second `now`.
    pub fn add(&mut self, reading: Reading, now: i64) {
        let dropped = u32::try_from(reading.dropped.saturating_sub(self.dropped)).unwrap_or(u32::MAX);
        self.dropped = reading.dropped;
        self.database_wait = reading.database_wait;
        for worst in self.rings.iter_mut().filter_map(|ring| ring.at(now, now)) {
            let known = worst.reading;
            worst.reading = Reading {
                queue: known.queue.max(reading.queue),
                dropped: reading.dropped,
                database_wait: known.database_wait.max(reading.database_wait),
                scheduling_delay: known.scheduling_delay.max(reading.scheduling_delay),
                streams: known.streams.max(reading.streams),
            };
            worst.dropped = worst.dropped.saturating_add(dropped);
        }
    }

    /// Counts requests that arrived in `second` and were not recorded.
    pub fn add_lost(&mut self, second: i64, requests: u32, now: i64) {
        for lost in self.lost.iter_mut().filter_map(|ring| ring.at(second, now)) {
            *lost = lost.saturating_add(requests);
        }
    }

    /// Removes what [`Gauges::add_lost`] has counted.
    pub fn clear_lost(&mut self) {
        self.lost = Self::default().lost;
    }

    /// How many requests were not recorded, of those that arrived in the steps of a range that start in `from..to`.
    pub fn lost(&self, range: Range, from: i64, to: i64) -> u32 {
        self.lost[range.step_index()].between(from, to).fold(0, |sum, lost| sum.saturating_add(*lost))
    }

    /// How long the writer waited for the database at the last reading, in microseconds.
    pub fn database_wait(&self) -> u32 {
        self.database_wait
    }

    /// The worst of each step of a range that starts in `from..to`; steps without a reading are left out.
    pub fn points(&self, range: Range, from: i64, to: i64) -> Vec<GaugePoint> {
        let ring = &self.rings[range.step_index()];
        (from..to)
            .step_by(ring.step() as usize)
            .filter_map(|start| {
                let Worst { reading, dropped } = ring.get(start)?;
                Some(GaugePoint {
                    at: start * 1000,
                    writer_queue: reading.queue,
                    dropped: *dropped,
                    database_wait: f64::from(reading.database_wait) / 1000.0,
                    scheduling_delay: reading.scheduling_delay.map(|micros| f64::from(micros) / 1000.0),
                    open_streams: reading.streams,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_recorded_counts_in_the_period_in_which_it_arrived() {
        let mut gauges = Gauges::default();
        let now = 100_000;
        for (age, requests) in [(0, 1), (299, 10), (301, 100), (3000, 1000), (40_000, 10_000), (90_000, 100_000)] {
            gauges.add_lost(now - age, requests, now);
        }
        let of = |gauges: &Gauges| Range::ALL.map(|range| gauges.lost(range, now - range.seconds(), now + 1));
        assert_eq!(of(&gauges), [1, 11, 1111, 11_111]);
        gauges.add_lost(now + 1, 1, now);
        assert_eq!(of(&gauges), [1, 11, 1111, 11_111], "not what a clock ahead says");
        gauges.clear_lost();
        assert_eq!(of(&gauges), [0; 4]);
    }

    #[test]
    fn each_step_shows_its_worst_and_what_it_dropped() {
        let mut gauges = Gauges::default();
        let reading =
            |queue, dropped, scheduling_delay| Reading { queue, dropped, scheduling_delay, ..Reading::default() };
        gauges.add(reading(3, 0, None), 600);
        gauges.add(reading(9, 10, Some(250)), 601);
        gauges.add(reading(1, 12, Some(100)), 602);
        let of = |range: Range, from, to| -> Vec<_> {
            gauges
                .points(range, from, to)
                .iter()
                .map(|p| (p.at, p.writer_queue, p.dropped, p.scheduling_delay))
                .collect()
        };
        let seconds = [(600_000, 3, 0, None), (601_000, 9, 10, Some(0.25)), (602_000, 1, 2, Some(0.1))];
        assert_eq!(of(Range::Minutes5, 599, 604), seconds);
        assert_eq!(of(Range::Minute, 599, 604), seconds, "the same steps");
        assert_eq!(of(Range::Hour, 540, 660), [(600_000, 9, 12, Some(0.25))]);
        assert_eq!(of(Range::Day, 300, 900), [(600_000, 9, 12, Some(0.25))]);
    }
}
