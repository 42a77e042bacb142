//! The plan: every request of a run, with the time at which it is wanted, known before the start.
//!
//! Slot k stands where the area under the rate curve is k + ½: each slot is in the middle of "its" unit of area. So its
//! time is the inverse of the integral of the rate. With x = k + ½:
//!
//! - A steady rate C over D seconds: `t = x / C`; the total is `ceil(C·D − ½)`.
//! - Peak, with slope `a = 4R / D` and area `L = C·D·(1 − C / 4R)`: the rising edge `√(2x / a)` up to `x = C² / 2a`,
//!   the hold `x / C + C / 2a`, and the falling edge as its mirror image, `D − √(2(L − x) / a)`; the total is `ceil(L −
//!   ½)`. This is how k6's ramping-arrival-rate does it, in a form that stays exact at a rate of 0.
//! - Latency Degradation on the client: `wanted(0) = 0`, `due(k) = wanted(k) + U(0.1, 0.5)` and `wanted(k + 1) = due(k)
//!   + 1 / C`, as long as `due < D`. U is the uniform distribution, drawn with the run's seed.

use std::time::Duration;

use super::random::Random;
use super::scenario::{LONGEST_PAUSE, SHORTEST_PAUSE, Shape};

/// One planned request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its number in the plan, from 0.
    pub k: u32,
    /// When the plan wants it, since the start of the run.
    pub wanted: Duration,
    /// When it may leave, since the start of the run: later than `wanted` by an injected pause, if there is one.
    pub due: Duration,
}

impl Shape {
    /// How many requests the plan holds.
    pub fn total(&self) -> u32 {
        if self.pauses() { self.plan().count() as u32 } else { (self.area() - 0.5).ceil() as u32 }
    }

    /// The slots in the order of their time.
    pub fn plan(&self) -> Plan {
        Plan {
            shape: *self,
            next: 0,
            total: if self.pauses() { u32::MAX } else { self.total() },
            wanted: 0.0,
            pauses: Random::new(self.seed, 0),
        }
    }

    /// The area under the rate curve, which is the number of requests before rounding.
    fn area(&self) -> f64 {
        let steady = self.ceiling() * self.duration;
        if self.ramps() { steady * (1.0 - self.ceiling() / (4.0 * self.max_rps)) } else { steady }
    }

    /// The time, in seconds, up to which the area under the rate curve is `x`. A shape that pauses has none.
    fn time_of(&self, x: f64) -> f64 {
        let ceiling = self.ceiling();
        if !self.ramps() {
            return x / ceiling;
        }
        let slope = 4.0 * self.max_rps / self.duration;
        let area = self.area();
        let edge = ceiling * ceiling / (2.0 * slope);
        if x <= edge {
            (2.0 * x / slope).sqrt()
        } else if x <= area - edge {
            x / ceiling + ceiling / (2.0 * slope)
        } else {
            // Rounding may put the last x slightly beyond the area.
            self.duration - (2.0 * (area - x).max(0.0) / slope).sqrt()
        }
    }
}

/// Iterates over the slots of a [`Shape`] in the order of their time.
#[derive(Clone, Debug)]
pub struct Plan {
    shape: Shape,
    next: u32,
    total: u32,
    /// When the next slot is wanted, in seconds; only used with pauses.
    wanted: f64,
    pauses: Random,
}

impl Iterator for Plan {
    type Item = Slot;

    fn next(&mut self) -> Option<Slot> {
        if self.next >= self.total {
            return None;
        }
        let (wanted, due) = if self.shape.pauses() {
            let wanted = self.wanted;
            let due = wanted + self.pauses.uniform(SHORTEST_PAUSE, LONGEST_PAUSE);
            if due >= self.shape.duration {
                self.total = self.next;
                return None;
            }
            self.wanted = due + 1.0 / self.shape.ceiling();
            (wanted, due)
        } else {
            let time = self.shape.time_of(f64::from(self.next) + 0.5);
            (time, time)
        };
        let slot = Slot { k: self.next, wanted: Duration::from_secs_f64(wanted), due: Duration::from_secs_f64(due) };
        self.next += 1;
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::traffic::engine::CAP;
    use crate::traffic::engine::scenario::{Delay, Scenario};

    fn shape(scenario: Scenario, duration: u32, max_rps: u32) -> Shape {
        Shape::new(scenario, Delay::Client, duration, max_rps, CAP, 1)
    }

    fn millis(shape: Shape) -> Vec<u128> {
        shape.plan().map(|slot| slot.due.as_millis()).collect()
    }

    #[test]
    fn totals_are_those_of_the_design() {
        let rows = [
            (Scenario::Normal, 60, 20, 1188, "19.80 per second for a minute"),
            (Scenario::Peak, 60, 20, 894, "the ramps cost a quarter"),
            (Scenario::ErrorInjection, 60, 20, 1188, "errors change the mix, not the rate"),
            (Scenario::Stress, 60, 20, 1188, "all that the cap allows"),
            (Scenario::Normal, 10, 10, 100, "below the cap nothing is taken off"),
            (Scenario::Normal, 5, 1, 5, "the smallest run"),
            (Scenario::Peak, 60, 10, 450, "unclipped: three quarters of the steady total"),
            (Scenario::Normal, 600, 20, 11881, "the largest run"),
        ];
        for (scenario, duration, max_rps, total, why) in rows {
            assert_eq!(shape(scenario, duration, max_rps).total(), total, "{why}");
        }
    }

    #[test]
    fn normal_slots_stand_in_the_middle_of_their_interval() {
        assert_eq!(millis(shape(Scenario::Normal, 5, 1)), [500, 1500, 2500, 3500, 4500]);
        assert_eq!(millis(shape(Scenario::Normal, 5, 2))[..4], [250, 750, 1250, 1750]);
    }

    #[test]
    fn peak_rises_holds_and_falls_symmetrically() {
        // R = 4, D = 8: slope 2 per second², area 24. x = ½ → √½ s; the hold starts at x = 4, t = 2 s.
        let times = millis(shape(Scenario::Peak, 8, 4));
        assert_eq!(times.len(), 24);
        assert_eq!(times[..5], [707, 1224, 1581, 1870, 2125]);
        assert_eq!(times[23], 7292, "mirrored: 8 s − 0.707 s");
    }

    #[test]
    fn latency_degradation_pauses_100_to_500_ms_more_than_the_gap() {
        let shape = shape(Scenario::LatencyDegradation, 600, 20);
        let slots: Vec<Slot> = shape.plan().collect();
        assert_eq!(slots.len() as u32, shape.total());
        assert_eq!(slots[0].wanted, Duration::ZERO);
        let pauses: Vec<f64> = slots.iter().map(|s| (s.due - s.wanted).as_secs_f64()).collect();
        assert!(pauses.iter().all(|pause| (0.099_999..0.500_001).contains(pause)));
        for pair in slots.windows(2) {
            let gap = (pair[1].wanted - pair[0].due).as_secs_f64();
            assert!((gap - 1.01 / 20.0).abs() < 1e-6, "the next one is wanted one interval after the last was due");
        }
        let mean = pauses.iter().sum::<f64>() / pauses.len() as f64;
        let four_sigma = 4.0 * 0.4 / 12_f64.sqrt() / (pauses.len() as f64).sqrt();
        assert!((mean - 0.3).abs() < four_sigma, "mean pause {mean}");
    }

    #[test]
    fn latency_degradation_holds_about_171_requests_a_minute() {
        let totals: Vec<f64> = (0..200)
            .map(|seed| Shape::new(Scenario::LatencyDegradation, Delay::Client, 60, 20, CAP, seed).total().into())
            .collect();
        let mean = totals.iter().sum::<f64>() / 200.0;
        assert!((mean - 171.0).abs() < 2.0, "mean total {mean}");
        assert!(totals.iter().any(|total| *total != totals[0]), "the seed decides");
    }

    #[test]
    fn a_delay_on_the_server_leaves_the_plan_of_normal() {
        let server = Shape::new(Scenario::LatencyDegradation, Delay::Server, 60, 20, CAP, 1);
        assert!(server.plan().eq(shape(Scenario::Normal, 60, 20).plan()));
    }

    #[test]
    fn a_lower_cap_lowers_the_ceiling() {
        let shape = Shape::new(Scenario::Stress, Delay::Client, 60, 5, 5, 1);
        assert_eq!(shape.total(), 297, "60 · 5 / 1.01 − ½, rounded up");
    }

    /// The area under the rate curve up to each multiple of `step`, by the trapezoid rule.
    fn integral(shape: &Shape, step: f64) -> Vec<f64> {
        let mut area = 0.0;
        let mut areas = vec![0.0];
        let steps = (shape.duration / step).round() as usize;
        for i in 0..steps {
            let from = i as f64 * step;
            let to = (i + 1) as f64 * step;
            // The curve is 0 from D on; its left limit belongs to the area.
            area += step * (shape.rate_at(from) + shape.rate_at(to - 1e-9)) / 2.0;
            areas.push(area);
        }
        areas
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn the_plan_follows_the_curve(
            scenario in prop::sample::select(vec![Scenario::Normal, Scenario::Peak, Scenario::ErrorInjection, Scenario::Stress]),
            duration in 5_u32..=600,
            max_rps in 1_u32..=20,
        ) {
            let shape = shape(scenario, duration, max_rps);
            let dues: Vec<f64> = shape.plan().map(|slot| slot.due.as_secs_f64()).collect();
            prop_assert_eq!(dues.len() as u32, shape.total());
            prop_assert!(dues.iter().all(|due| (0.0..shape.duration).contains(due)), "all inside [0, D)");
            prop_assert!(dues.windows(21).all(|w| w[20] - w[0] >= 1.0), "no half-open second with more than 20");
            let step = 0.01;
            let mut planned = 0;
            for (i, area) in integral(&shape, step).into_iter().enumerate() {
                let now = i as f64 * step;
                while planned < dues.len() && dues[planned] <= now {
                    planned += 1;
                }
                prop_assert!((planned as f64 - area).abs() <= 0.6, "at {now} s: planned {planned}, area {area}");
            }
        }
    }
}
