//! Maps values to positions in a drawing: scales, ticks, and the paths of marks.

/// The width of a drawing, in its own units; the page stretches it.
pub const WIDTH: f64 = 600.0;
/// The height of a drawing.
pub const HEIGHT: f64 = 150.0;

/// Maps values to shares of the drawing's width or height, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Linear, from 0 to this value, which is above 0.
    Linear(f64),
    /// Logarithmic; see [`Scale::log`].
    Log {
        /// The lowest value.
        low: f64,
        /// 1 / ln(highest / lowest).
        per_log: f64,
    },
}

impl Scale {
    /// A logarithmic scale from `low` to `high`, both above 0.
    pub fn log(low: f64, high: f64) -> Self {
        Self::Log { low, per_log: 1.0 / (high / low).ln() }
    }

    /// The share for `value`; values beyond the ends are clamped.
    pub fn share(self, value: f64) -> f64 {
        let share = match self {
            Self::Linear(max) => value / max,
            Self::Log { low, per_log } => (value.max(low) / low).ln() * per_log,
        };
        share.clamp(0.0, 1.0)
    }
}

/// The value at `x` of a curve, which is given by its corners. `None` beyond its ends.
pub fn value_at(corners: &[(f64, f64)], x: f64) -> Option<f64> {
    let pair = corners.windows(2).find(|pair| (pair[0].0..=pair[1].0).contains(&x))?;
    Some(between(pair[0], pair[1], x))
}

/// The value at `x` on the line from one point to another.
pub fn between((x0, y0): (f64, f64), (x1, y1): (f64, f64), x: f64) -> f64 {
    if x1 > x0 { y0 + (y1 - y0) * (x - x0) / (x1 - x0) } else { y1 }
}

/// The two scales of a drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plane {
    /// From left to right.
    pub x: Scale,
    /// From the bottom up.
    pub y: Scale,
}

impl Plane {
    /// The distance of a value from the left edge of the drawing, rounded to a tenth.
    pub fn x(&self, value: f64) -> f64 {
        tenths(self.x.share(value) * WIDTH)
    }

    /// The distance of a value from the upper edge of the drawing, rounded to a tenth.
    pub fn y(&self, value: f64) -> f64 {
        tenths((1.0 - self.y.share(value)) * HEIGHT)
    }

    /// A line through the points, in the order given.
    pub fn line(&self, points: impl IntoIterator<Item = (f64, f64)>) -> String {
        self.broken_line(points.into_iter().map(|(x, y)| (x, Some(y))))
    }

    /// A line with a gap wherever there is no value. A value between two gaps is a dot.
    pub fn broken_line(&self, points: impl IntoIterator<Item = (f64, Option<f64>)>) -> String {
        let mut path = String::new();
        let mut connected = 0;
        for (x, y) in points {
            let Some(y) = y else {
                end_line(&mut path, connected);
                connected = 0;
                continue;
            };
            let command = if connected == 0 { 'M' } else { 'L' };
            path.push_str(&format!("{command}{} {}", self.x(x), self.y(y)));
            connected += 1;
        }
        end_line(&mut path, connected);
        path
    }

    /// Steps of width `step` from 0 on, one for each value.
    pub fn steps(&self, values: impl IntoIterator<Item = f64>, step: f64) -> String {
        let one = |(i, value): (usize, f64)| {
            let command = if i == 0 { "M0 " } else { "V" };
            format!("{command}{}H{}", self.y(value), self.x((i + 1) as f64 * step))
        };
        values.into_iter().enumerate().map(one).collect()
    }

    /// Steps of width 1 from 0 on, one for each value, that rise from the base and return to it: nothing is drawn where the
    /// value is 0. The path encloses an area, too.
    pub fn raised(&self, values: &[f64]) -> String {
        let mut path = String::new();
        let mut start = 0;
        for part in values.chunk_by(|a, b| (*a > 0.0) == (*b > 0.0)) {
            if part[0] > 0.0 {
                path.push_str(&format!("M{} {HEIGHT}", self.x(start as f64)));
                for (i, value) in part.iter().enumerate() {
                    path.push_str(&format!("V{}H{}", self.y(*value), self.x((start + i + 1) as f64)));
                }
                path.push_str(&format!("V{HEIGHT}"));
            }
            start += part.len();
        }
        path
    }

    /// The area between a line and the base. Empty for an empty line.
    pub fn area(&self, line: &str, x_end: f64) -> String {
        if line.is_empty() { String::new() } else { format!("{line}H{}V{HEIGHT}H0Z", self.x(x_end)) }
    }

    /// A box between two values of each scale.
    pub fn rect(&self, x: (f64, f64), y: (f64, f64)) -> String {
        box_path([self.x(x.0), self.x(x.1)], [self.y(y.0), self.y(y.1)])
    }

    /// A line from the bottom to the top.
    pub fn upright(&self, x: f64) -> String {
        format!("M{} {HEIGHT}V0", self.x(x))
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The path of a box, in the units of the drawing.
pub fn box_path([left, right]: [f64; 2], [bottom, top]: [f64; 2]) -> String {
    format!("M{left} {top}H{right}V{bottom}H{left}Z")
}

/// With a round cap, a line of no length is a dot.
fn end_line(path: &mut String, points: usize) {
    if points == 1 {
        path.push_str("h0");
    }
}

/// Round values (1, 2 or 5 times a power of ten apart) from 0 to `max`, at most `most` steps.
pub fn round_ticks(max: f64, most: u32) -> Vec<f64> {
    let rough = max / f64::from(most.max(1));
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * power);
    (0..=(max / step + 1e-9) as u32).map(|i| f64::from(i) * step).collect()
}

/// A round number of seconds that divides `seconds` into at most `most` steps.
pub fn time_step(seconds: u32, most: u32) -> u32 {
    const STEPS: [u32; 13] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 900, 3600, 10_800, 21_600];
    STEPS.into_iter().find(|step| seconds / step <= most).unwrap_or(86_400)
}

/// The powers of ten from `low` to `high`.
pub fn decade_ticks(low: f64, high: f64) -> Vec<f64> {
    let first = (low.log10() - 1e-9).ceil() as i32;
    let last = (high.log10() + 1e-9).floor() as i32;
    (first..=last).map(|power| 10_f64.powi(power)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLANE: Plane = Plane { x: Scale::Linear(10.0), y: Scale::Linear(20.0) };

    #[test]
    fn a_line_runs_from_left_to_right_and_up_is_more() {
        assert_eq!(PLANE.line([(0.0, 0.0), (5.0, 20.0), (10.0, 10.0)]), "M0 150L300 0L600 75");
        assert_eq!(PLANE.line([]), "");
    }

    #[test]
    fn a_missing_value_is_a_gap_and_a_single_one_a_dot() {
        let points = [(0.0, Some(20.0)), (1.0, None), (2.0, Some(10.0)), (3.0, Some(10.0))];
        assert_eq!(PLANE.broken_line(points), "M0 0h0M120 75L180 75");
    }

    #[test]
    fn steps_are_one_wide_and_end_at_the_edge() {
        assert_eq!(PLANE.steps([20.0, 10.0], 1.0), "M0 0H60V75H120");
        let narrow = Plane { x: Scale::Linear(1.0), ..PLANE };
        assert_eq!(narrow.steps([0.0, 20.0], 1.0), "M0 150H600V0H600");
    }

    #[test]
    fn nothing_is_drawn_where_there_is_nothing() {
        assert_eq!(PLANE.raised(&[0.0, 20.0, 10.0, 0.0, 20.0]), "M60 150V0H120V75H180V150M240 150V0H300V150");
        assert_eq!(PLANE.raised(&[0.0, 0.0]), "");
    }

    #[test]
    fn positions_are_rounded_to_a_tenth() {
        let texts = [0.0, 0.04, 0.06, 9.95, 99.94, 599.96, 123.45].map(|value| tenths(value).to_string());
        assert_eq!(texts, ["0", "0", "0.1", "10", "99.9", "600", "123.5"]);
    }

    #[test]
    fn areas_are_closed() {
        assert_eq!(PLANE.area("M0 0L60 0", 1.0), "M0 0L60 0H60V150H0Z");
        assert_eq!(PLANE.area("", 1.0), "");
    }

    #[test]
    fn on_a_log_scale_factors_are_distances() {
        let scale = Scale::log(0.1, 1000.0);
        for (value, share) in [(0.1, 0.0), (1.0, 0.25), (10.0, 0.5), (1000.0, 1.0), (0.0, 0.0), (5000.0, 1.0)] {
            assert!((scale.share(value) - share).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(round_ticks(20.0, 5), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(round_ticks(7.0, 5), [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(round_ticks(340.0, 4), [0.0, 100.0, 200.0, 300.0]);
        let steps = [(30, 5), (600, 5), (5, 5), (300, 4), (3600, 5), (86_400, 5)];
        assert_eq!(steps.map(|(seconds, most)| time_step(seconds, most)), [10, 120, 1, 120, 900, 21_600]);
        assert_eq!(decade_ticks(0.1, 150.0), [0.1, 1.0, 10.0, 100.0]);
        assert_eq!(decade_ticks(0.15, 6.8), [1.0]);
    }
}
