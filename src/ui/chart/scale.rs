//! From values to places: scales, ticks, and the paths that marks are made of.

/// The width of the drawing, in its own units; the page stretches it.
pub const WIDTH: f64 = 600.0;
/// The height of the drawing.
pub const HEIGHT: f64 = 150.0;

/// Maps values to shares of the drawing's width or height, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Equal steps of the value are equal distances. From 0 to the value given, which is above 0.
    Linear(f64),
    /// Equal factors are equal distances: see [`Scale::log`].
    Log {
        /// The lowest value.
        low: f64,
        /// 1 over the logarithm of how many times that the highest one is.
        per_log: f64,
    },
}

impl Scale {
    /// Equal factors are equal distances: from `low` to `high`, both above 0.
    pub fn log(low: f64, high: f64) -> Self {
        Self::Log { low, per_log: 1.0 / (high / low).ln() }
    }

    /// The share that belongs to `value`; values beyond the ends stay at the ends.
    pub fn share(self, value: f64) -> f64 {
        let share = match self {
            Self::Linear(max) => value / max,
            Self::Log { low, per_log } => (value.max(low) / low).ln() * per_log,
        };
        share.clamp(0.0, 1.0)
    }
}

/// A place as `{:.1}` would write it, without a `.0`, somewhere in `text`. A page has thousands of places, and `format!` takes
/// longer for each of them than everything else that is done for the page.
fn written(place: f64, text: &mut [u8; 5]) -> &str {
    // Places are not negative, and nowhere near a thousand: rounded by the cast, which is one instruction.
    let tenths = (place * 10.0 + 0.5) as u32;
    debug_assert!(tenths < 10_000, "{place} is not within a drawing");
    let digit = |of: u32| b'0' + (of % 10) as u8;
    *text = [digit(tenths / 1000), digit(tenths / 100), digit(tenths / 10), b'.', digit(tenths)];
    let first = usize::from(tenths < 1000) + usize::from(tenths < 100);
    let end = if tenths.is_multiple_of(10) { 3 } else { 5 };
    std::str::from_utf8(&text[first..end]).unwrap_or_default()
}

/// An empty path with room for so many points: to let it grow costs as much as to write it.
fn path_of(points: usize) -> String {
    // Two commands, each with a number of five digits and signs at most.
    String::with_capacity(points * 12)
}

fn push(path: &mut String, command: char, place: f64) {
    path.push(command);
    path.push_str(written(place, &mut [0; 5]));
}

/// A place as text, for what is there several times.
pub fn place_text(place: f64) -> String {
    written(place, &mut [0; 5]).to_owned()
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
    /// How far from the left edge of the drawing a value is, in the drawing's units.
    pub fn x(&self, value: f64) -> f64 {
        self.x.share(value) * WIDTH
    }

    /// How far below the upper edge of the drawing a value is.
    pub fn y(&self, value: f64) -> f64 {
        (1.0 - self.y.share(value)) * HEIGHT
    }

    /// A line through the points, in the order given.
    pub fn line(&self, points: impl IntoIterator<Item = (f64, f64)>) -> String {
        self.broken_line(points.into_iter().map(|(x, y)| (x, Some(y))))
    }

    /// A line with a gap wherever there is no value. A value between two gaps is a dot.
    pub fn broken_line(&self, points: impl IntoIterator<Item = (f64, Option<f64>)>) -> String {
        let points = points.into_iter();
        let (mut path, mut drawn) = (path_of(points.size_hint().0), 0);
        for (x, y) in points {
            let Some(y) = y else {
                end_of_line(&mut path, drawn);
                drawn = 0;
                continue;
            };
            let command = if drawn == 0 { 'M' } else { 'L' };
            push(&mut path, command, self.x(x));
            push(&mut path, ' ', self.y(y));
            drawn += 1;
        }
        end_of_line(&mut path, drawn);
        path
    }

    /// Steps of width `step` from 0 on, one for each value.
    pub fn steps(&self, values: impl IntoIterator<Item = f64>, step: f64) -> String {
        let values = values.into_iter();
        let mut path = path_of(values.size_hint().0);
        for (i, value) in values.enumerate() {
            if i == 0 {
                path.push_str("M0");
                push(&mut path, ' ', self.y(value));
            } else {
                push(&mut path, 'V', self.y(value));
            }
            push(&mut path, 'H', self.x((i + 1) as f64 * step));
        }
        path
    }

    /// The same line, closed along the base, to be filled. Empty for an empty one.
    pub fn area(&self, line: &str, x_end: f64) -> String {
        if line.is_empty() {
            return String::new();
        }
        let mut path = String::with_capacity(line.len() + 32);
        path.push_str(line);
        push(&mut path, 'H', self.x(x_end));
        push(&mut path, 'V', HEIGHT);
        path.push_str("H0Z");
        path
    }

    /// What is between two step lines: `values` above `below`, each of width 1.
    pub fn band(&self, below: &[f64], values: &[f64]) -> String {
        let upper = values.iter().zip(below).map(|(value, base)| base + value);
        let mut path = self.steps(upper, 1.0);
        path.reserve(path.len());
        // Back along the lower one.
        for (i, base) in below.iter().enumerate().rev() {
            push(&mut path, 'V', self.y(*base));
            push(&mut path, 'H', self.x(i as f64));
        }
        if !path.is_empty() {
            path.push('Z');
        }
        path
    }

    /// A box between two values of each scale.
    pub fn rect(&self, x: (f64, f64), y: (f64, f64)) -> String {
        let mut path = String::new();
        let [left, right] = [self.x(x.0), self.x(x.1)].map(place_text);
        let [bottom, top] = [self.y(y.0), self.y(y.1)].map(place_text);
        push_rect(&mut path, [&left, &right], [&bottom, &top]);
        path
    }

    /// A line from the bottom to the top.
    pub fn upright(&self, x: f64) -> String {
        let mut path = String::new();
        push(&mut path, 'M', self.x(x));
        push(&mut path, ' ', HEIGHT);
        path + "V0"
    }
}

/// Appends a box, from left to right and from bottom to top, each as [`place_text`].
pub fn push_rect(path: &mut String, [left, right]: [&str; 2], [bottom, top]: [&str; 2]) {
    path.extend(["M", left, " ", top, "H", right, "V", bottom, "H", left, "Z"]);
}

/// With a round cap, a line of no length is a dot.
fn end_of_line(path: &mut String, drawn: usize) {
    if drawn == 1 {
        path.push_str("h0");
    }
}

/// Round steps (1, 2 or 5 times a power of ten) from 0 to `max`, of which there are at most `most`.
pub fn round_ticks(max: f64, most: u32) -> Vec<f64> {
    let rough = max / f64::from(most.max(1));
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * power);
    (0..=(max / step + 1e-9) as u32).map(|i| f64::from(i) * step).collect()
}

/// Steps of time from 0 to `seconds`, at most `most` of them, as people count time.
pub fn time_ticks(seconds: u32, most: u32) -> Vec<u32> {
    const STEPS: [u32; 13] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 900, 3600, 10_800, 21_600];
    let step = STEPS.into_iter().find(|step| seconds / step <= most).unwrap_or(86_400);
    (0..=seconds / step).map(|i| i * step).collect()
}

/// The powers of ten from `low` to `high`.
pub fn decade_ticks(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = ((low.log10() - 1e-9).ceil() as i32, (high.log10() + 1e-9).floor() as i32);
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
    fn places_are_written_to_a_tenth() {
        for (place, text) in [
            (0.0, " 0"),
            (0.04, " 0"),
            (0.06, " 0.1"),
            (9.95, " 10"),
            (10.0, " 10"),
            (599.96, " 600"),
            (123.45, " 123.5"),
        ] {
            let mut path = String::new();
            push(&mut path, ' ', place);
            assert_eq!(path, text, "{place}");
        }
    }

    #[test]
    fn a_missing_value_is_a_gap_and_a_lonely_one_a_dot() {
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
    fn areas_and_bands_are_closed() {
        assert_eq!(PLANE.area("M0 0L60 0", 1.0), "M0 0L60 0H60V150H0Z");
        assert_eq!(PLANE.area("", 1.0), "");
        assert_eq!(PLANE.band(&[10.0], &[10.0]), "M0 0H60V75H0Z");
        assert_eq!(PLANE.band(&[], &[]), "");
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
        assert_eq!(time_ticks(30, 5), [0, 10, 20, 30]);
        assert_eq!(time_ticks(600, 5), [0, 120, 240, 360, 480, 600]);
        assert_eq!(time_ticks(5, 5), [0, 1, 2, 3, 4, 5]);
        assert_eq!(time_ticks(300, 4), [0, 120, 240]);
        assert_eq!(time_ticks(3600, 5), [0, 900, 1800, 2700, 3600]);
        assert_eq!(time_ticks(86_400, 5), [0, 21_600, 43_200, 64_800, 86_400]);
        assert_eq!(decade_ticks(0.1, 150.0), [0.1, 1.0, 10.0, 100.0]);
        assert_eq!(decade_ticks(0.15, 6.8), [1.0]);
    }
}
