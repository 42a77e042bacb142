//! The time axis of a chart: steps of equal length, counted from a start or back from now.

use super::point::{ChartPoint, Tick};
use super::scale;
use crate::ui::format::{clock, clock_exact, duration, time_of_day};

/// Steps of equal length from the left edge to the right edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeAxis {
    /// The number of steps.
    pub steps: u32,
    /// The length of a step, in seconds.
    pub step: u32,
    /// The left edge in epoch milliseconds; `None` for an axis that shows the time since a start.
    pub from: Option<i64>,
    /// Is the right edge the present, with time counted back from it?
    pub until_now: bool,
    /// Do its points get their texts, for the rows of a table?
    pub rows: bool,
}

impl TimeAxis {
    /// The time since the start of a run, by second.
    pub fn of_run(seconds: u32) -> Self {
        Self { steps: seconds.max(1), step: 1, from: None, until_now: false, rows: true }
    }

    /// A period of the past, counted from its start at `from`, in epoch milliseconds.
    pub fn from_start(from: i64, step: u32, steps: u32) -> Self {
        Self { until_now: false, ..Self::until_now(from, step, steps) }
    }

    /// A period from `from`, in epoch milliseconds, up to the present.
    pub fn until_now(from: i64, step: u32, steps: u32) -> Self {
        Self { steps: steps.max(1), step: step.max(1), from: Some(from), until_now: true, rows: true }
    }

    /// The position of the right edge, in steps.
    pub fn end(&self) -> f64 {
        f64::from(self.steps)
    }

    /// The length in seconds.
    pub fn seconds(&self) -> u32 {
        self.steps * self.step
    }

    /// The position of a time, given in epoch milliseconds: in steps from the left edge.
    pub fn position(&self, epoch_millis: i64) -> f64 {
        (epoch_millis - self.from.unwrap_or(0)) as f64 / 1000.0 / f64::from(self.step)
    }

    /// A position in steps as a share of the width.
    pub fn share(&self, position: f64) -> f64 {
        position / self.end()
    }

    /// Sets whether points get their texts: those cost more than the picture.
    #[must_use]
    pub fn with_rows(self, rows: bool) -> Self {
        Self { rows, ..self }
    }

    /// The point in the middle of a step. Its row is the name of the step, then `cells`.
    pub(super) fn point<C: IntoIterator<Item = String>>(&self, step: usize, cells: impl FnOnce() -> C) -> ChartPoint {
        let row = || std::iter::once(self.name(step)).chain(cells()).collect();
        ChartPoint { at: self.share(step as f64 + 0.5), cells: if self.rows { row() } else { Vec::new() } }
    }

    /// The labels of the part of the axis between two shares of its width. Their positions are shares of the whole axis.
    pub(super) fn ticks_between(&self, from: f64, to: f64) -> Vec<Tick> {
        let seconds = f64::from(self.seconds());
        let length = ((to - from) * seconds).round().max(1.0) as u32;
        // Labels that count back from now are longer, so there is room for one less.
        let step = scale::time_step(length, if self.until_now { 4 } else { 5 });
        let whole = self.seconds() / step;
        let moments = (0..=whole).map(|i| i * step);
        let tick = |moment: u32| match self.until_now {
            false => Tick { at: f64::from(moment) / seconds, text: clock(moment) },
            true if moment == 0 => Tick { at: 1.0, text: "now".to_owned() },
            true => Tick { at: 1.0 - f64::from(moment) / seconds, text: ago_label(moment) },
        };
        let mut ticks: Vec<Tick> =
            moments.map(tick).filter(|tick| (from - 1e-6..=to + 1e-6).contains(&tick.at)).collect();
        if self.until_now {
            ticks.reverse();
        }
        ticks
    }

    /// The name of a step in a table: when it began.
    pub(super) fn name(&self, step: usize) -> String {
        let second = step as u32 * self.step;
        match self.from {
            None => clock(second),
            Some(from) => time_of_day(from + i64::from(second) * 1000, !self.step.is_multiple_of(60)),
        }
    }

    /// The name of a position, which may be within a step.
    pub(super) fn name_of(&self, position: f64) -> String {
        match self.from {
            None => clock_exact(position * f64::from(self.step)),
            Some(_) => self.name(position as usize),
        }
    }

    /// The length of the axis as text, for people who can't see it.
    pub(super) fn description(&self) -> String {
        if self.until_now {
            format!("over the last {}", duration(self.seconds()))
        } else {
            format!("over {} seconds", self.seconds())
        }
    }
}

/// The label of the time that is so many seconds ago: `−5 min`.
fn ago_label(seconds: u32) -> String {
    match (seconds % 3600, seconds % 60) {
        (0, _) => format!("−{} h", seconds / 3600),
        (_, 0) => format!("−{} min", seconds / 60),
        _ => format!("−{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: TimeAxis) -> Vec<String> {
        axis.ticks_between(0.0, 1.0).into_iter().map(|tick| tick.text).collect()
    }

    #[test]
    fn a_run_counts_from_its_start_and_the_past_back_from_now() {
        assert_eq!(texts(TimeAxis::of_run(30)), ["0:00", "0:10", "0:20", "0:30"]);
        assert_eq!(texts(TimeAxis::from_start(90_000, 1, 30)), ["0:00", "0:10", "0:20", "0:30"]);
        assert_eq!(TimeAxis::from_start(90_000, 1, 30).position(100_000), 10.0);
        assert_eq!(texts(TimeAxis::until_now(0, 1, 300)), ["−4 min", "−2 min", "now"]);
        assert_eq!(texts(TimeAxis::until_now(0, 60, 60)), ["−1 h", "−45 min", "−30 min", "−15 min", "now"]);
        assert_eq!(texts(TimeAxis::until_now(0, 300, 288)), ["−24 h", "−18 h", "−12 h", "−6 h", "now"]);
    }

    #[test]
    fn a_point_has_texts_only_if_its_axis_asks_for_them() {
        let axis = TimeAxis::of_run(2);
        let point = |axis: TimeAxis| axis.point(1, || ["7".to_owned()]);
        assert_eq!(point(axis), ChartPoint { at: 0.75, cells: vec!["0:01".to_owned(), "7".to_owned()] });
        assert_eq!(point(axis.with_rows(false)), ChartPoint { at: 0.75, cells: Vec::new() });
    }

    #[test]
    fn a_moment_has_a_position_and_a_step_has_a_name() {
        let axis = TimeAxis::until_now(1_795_444_560_000, 60, 60);
        assert_eq!((axis.position(1_795_444_590_000), axis.share(30.0)), (0.5, 0.5));
        assert_eq!((axis.name(2), axis.name_of(2.7)), ("14:38 UTC".to_owned(), "14:38 UTC".to_owned()));
        let seconds = TimeAxis::until_now(1_795_444_560_000, 1, 300);
        assert_eq!(seconds.name(5), "14:36:05 UTC");
        let run = TimeAxis::of_run(60);
        assert_eq!((run.name(12), run.name_of(12.5)), ("0:12".to_owned(), "0:12.5".to_owned()));
    }
}
