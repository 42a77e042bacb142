//! The five scenarios as rates over time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::wire_name::wire_name;

/// One of the five scenarios: what load a run makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// A steady rate.
    #[default]
    Normal,
    /// The rate rises in the first quarter, holds, and falls in the last quarter.
    Peak,
    /// A steady rate; three of ten requests go to the error endpoint.
    ErrorInjection,
    /// A pause of 100–500 ms before each request, or in each answer.
    LatencyDegradation,
    /// At once the highest allowed rate, for the full duration.
    Stress,
}

impl Scenario {
    /// All scenarios, in the order of the form.
    pub const ALL: [Self; 5] = [Self::Normal, Self::Peak, Self::ErrorInjection, Self::LatencyDegradation, Self::Stress];

    /// The name on the wire.
    pub fn wire_name(self) -> &'static str {
        wire_name(&self)
    }

    /// The name on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::Normal => "Normal Traffic",
            Self::Peak => "Peak Usage",
            Self::ErrorInjection => "Error Injection",
            Self::LatencyDegradation => "Latency Degradation",
            Self::Stress => "Stress Test (Safe)",
        }
    }
}

/// Where Latency Degradation waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Delay {
    /// Between requests, on the client. The rate falls.
    #[default]
    Client,
    /// In the server's answer. The latency that the dashboard measures rises.
    Server,
}

impl Delay {
    /// All places, in the order of the form.
    pub const ALL: [Self; 2] = [Self::Client, Self::Server];

    /// The name on the wire.
    pub fn wire_name(self) -> &'static str {
        wire_name(&self)
    }
}

/// The highest planned rate is the cap divided by this.
///
/// A perfect metronome at the cap puts cap + 1 requests into half of all seconds. The margin of 1 % leaves room for the
/// jitter of a real one.
pub const MARGIN: f64 = 1.01;
/// The shortest pause of Latency Degradation, in seconds.
pub(super) const SHORTEST_PAUSE: f64 = 0.1;
/// The longest pause of Latency Degradation, in seconds.
pub(super) const LONGEST_PAUSE: f64 = 0.5;

/// The shape of a run's load: a scenario with its numbers, which together decide the plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    scenario: Scenario,
    delay: Delay,
    /// D, in seconds.
    pub(super) duration: f64,
    /// R, the requested rate, in requests per second.
    pub(super) max_rps: f64,
    /// C, the highest planned rate, in requests per second.
    ceiling: f64,
    pub(super) seed: u32,
}

impl Shape {
    /// The shape of a run of `duration` seconds at up to `max_rps` requests per second, in a process with this `cap`.
    /// All three are at least 1.
    pub fn new(scenario: Scenario, delay: Delay, duration: u32, max_rps: u32, cap: u32, seed: u32) -> Self {
        let max_rps = f64::from(max_rps);
        Self {
            scenario,
            delay,
            duration: f64::from(duration),
            max_rps,
            ceiling: max_rps.min(f64::from(cap) / MARGIN),
            seed,
        }
    }

    /// The duration of the run.
    pub fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.duration)
    }

    /// C, the highest rate that the scenario asks for, in requests per second: min(R, cap / 1.01).
    pub fn ceiling(&self) -> f64 {
        self.ceiling
    }

    /// The highest rate at which two requests of the plan follow each other, per second. It is C; with pauses two
    /// requests are at least 1/C + 0.1 s apart.
    pub fn top(&self) -> f64 {
        if self.pauses() { 1.0 / (1.0 / self.ceiling + SHORTEST_PAUSE) } else { self.ceiling }
    }

    /// The mean rate while the plan holds its highest rate, per second. It is less than [`Shape::top`] with pauses
    /// only.
    pub fn mean(&self) -> f64 {
        self.rate_at(self.duration / 2.0)
    }

    /// Does the plan pause before each request, instead of following a rate?
    pub(super) fn pauses(&self) -> bool {
        self.scenario == Scenario::LatencyDegradation && self.delay == Delay::Client
    }

    /// Does the rate rise at the start and fall at the end?
    pub(super) fn ramps(&self) -> bool {
        self.scenario == Scenario::Peak
    }

    /// The planned rate at `seconds` after the start, in requests per second; 0 outside of the run.
    ///
    /// ```text
    /// C ┤   ╭──────────────╮        Peak: slope a = 4R / D, clipped at C
    ///   │  ╱                ╲
    ///   │ ╱                  ╲
    /// 0 ┼╱────────────────────╲──
    ///   0  D/4          3D/4   D
    /// ```
    ///
    /// With pauses it is the mean rate, 1 / (1/C + 0.3 s).
    pub fn rate_at(&self, seconds: f64) -> f64 {
        if !(0.0..self.duration).contains(&seconds) {
            return 0.0;
        }
        if self.pauses() {
            return 1.0 / (1.0 / self.ceiling + (SHORTEST_PAUSE + LONGEST_PAUSE) / 2.0);
        }
        if self.ramps() {
            let slope = 4.0 * self.max_rps / self.duration;
            return (slope * seconds.min(self.duration - seconds)).min(self.ceiling);
        }
        self.ceiling
    }

    /// The corners of the rate curve, as seconds and requests per second. The straight lines between them are the
    /// curve; the last corner is the left limit at the end of the run.
    pub fn corners(&self) -> Vec<(f64, f64)> {
        let end = self.duration;
        let top = self.rate_at(end / 2.0);
        if !self.ramps() {
            return vec![(0.0, top), (end, top)];
        }
        // The ramp of slope a = 4R / D reaches its top after top / a.
        let rise = top * end / (4.0 * self.max_rps);
        vec![(0.0, 0.0), (rise, top), (end - rise, top), (end, 0.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_between_the_corners_are_the_curve() {
        for scenario in Scenario::ALL {
            let shape = Shape::new(scenario, Delay::Client, 60, 20, 20, 1);
            let corners = shape.corners();
            for pair in corners.windows(2) {
                for share in [0.01, 0.5, 0.99] {
                    let t = pair[0].0 + (pair[1].0 - pair[0].0) * share;
                    let between = pair[0].1 + (pair[1].1 - pair[0].1) * share;
                    assert!((shape.rate_at(t) - between).abs() < 1e-9, "{scenario:?} at {t}");
                }
            }
            assert_eq!((corners[0].0, corners[corners.len() - 1].0), (0.0, 60.0));
        }
    }

    #[test]
    fn no_two_requests_of_a_plan_are_closer_than_its_highest_rate_allows() {
        for (scenario, top) in
            [(Scenario::Normal, 19.80), (Scenario::Peak, 19.80), (Scenario::LatencyDegradation, 6.64)]
        {
            let shape = Shape::new(scenario, Delay::Client, 600, 20, 20, 1);
            assert!((shape.top() - top).abs() < 0.01, "{scenario:?}: {}", shape.top());
            let dues: Vec<f64> = shape.plan().map(|slot| slot.due.as_secs_f64()).collect();
            let closest = dues.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
            assert!(closest >= 1.0 / shape.top() - 1e-6, "{scenario:?}: {closest}");
            assert!(closest < 1.05 / shape.top(), "and it comes close to that, {scenario:?}: {closest}");
        }
    }
}
