//! The time axis of a chart: steps of equal length, counted from a start or back from now.

use super::{Point, Tick, scale};
use crate::ui::format::{clock, clock_exact, duration, time_of_day};

/// So many steps of so many seconds, from the left edge to the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeAxis {
    /// How many steps.
    pub steps: u32,
    /// The length of a step, in seconds.
    pub step: u32,
    /// The left edge, in epoch milliseconds; `None` where only the time since then counts.
    pub from: Option<i64>,
    /// Is the right edge now, and time counted back from it?
    pub until_now: bool,
    /// Are the words of its steps wanted, for a table?
    pub rows: bool,
}

impl TimeAxis {
    /// From a start on, second by second.
    pub fn of_run(seconds: u32) -> Self {
        Self { steps: seconds.max(1), step: 1, from: None, until_now: false, rows: true }
    }

    /// Steps of the past that are counted from their start at `from`, in epoch milliseconds.
    pub fn from_start(from: i64, step: u32, steps: u32) -> Self {
        Self { until_now: false, ..Self::until_now(from, step, steps) }
    }

    /// Up to now, from `from`, in epoch milliseconds.
    pub fn until_now(from: i64, step: u32, steps: u32) -> Self {
        Self { steps: steps.max(1), step: step.max(1), from: Some(from), until_now: true, rows: true }
    }

    /// The right edge, in steps.
    pub fn end(&self) -> f64 {
        f64::from(self.steps)
    }

    /// Its length, in seconds.
    pub fn seconds(&self) -> u32 {
        self.steps * self.step
    }

    /// Where a moment in epoch milliseconds is, in steps from the left edge.
    pub fn place(&self, epoch_millis: i64) -> f64 {
        (epoch_millis - self.from.unwrap_or(0)) as f64 / 1000.0 / f64::from(self.step)
    }

    /// A place in steps as a share of the width.
    pub fn share(&self, place: f64) -> f64 {
        place / self.end()
    }

    /// The same, with the words of its steps or without them: they cost more than the picture.
    #[must_use]
    pub fn with_rows(self, rows: bool) -> Self {
        Self { rows, ..self }
    }

    /// The point in the middle of a step; `cells` are its row but for the step's name.
    pub(super) fn point<C: IntoIterator<Item = String>>(&self, step: usize, cells: impl FnOnce() -> C) -> Point {
        let row = || std::iter::once(self.name(step)).chain(cells()).collect();
        Point { at: self.share(step as f64 + 0.5), cells: if self.rows { row() } else { Vec::new() } }
    }

    /// The labelled places.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        let seconds = self.seconds();
        let at = |second: u32| f64::from(second) / f64::from(seconds);
        if !self.until_now {
            return scale::time_ticks(seconds, 5).into_iter().map(|s| Tick { at: at(s), text: clock(s) }).collect();
        }
        // One less: these labels are longer.
        let mut ticks: Vec<Tick> = scale::time_ticks(seconds, 4)
            .into_iter()
            .map(|ago| Tick { at: at(seconds - ago), text: if ago == 0 { "now".to_owned() } else { back(ago) } })
            .collect();
        ticks.reverse();
        ticks
    }

    /// What a step is called in a table: when it began.
    pub(super) fn name(&self, step: usize) -> String {
        let second = step as u32 * self.step;
        match self.from {
            None => clock(second),
            Some(from) => time_of_day(from + i64::from(second) * 1000, !self.step.is_multiple_of(60)),
        }
    }

    /// What a place is called, also one within a step.
    pub(super) fn name_of(&self, place: f64) -> String {
        match self.from {
            None => clock_exact(place * f64::from(self.step)),
            Some(_) => self.name(place as usize),
        }
    }

    /// Its length in words, for those who can't see it.
    pub(super) fn words(&self) -> String {
        if self.until_now {
            format!("over the last {}", duration(self.seconds()))
        } else {
            format!("over {} seconds", self.seconds())
        }
    }
}

/// So many seconds before now, short: `−5 min`.
fn back(seconds: u32) -> String {
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
        axis.ticks().into_iter().map(|tick| tick.text).collect()
    }

    #[test]
    fn a_run_counts_from_its_start_and_the_past_back_from_now() {
        assert_eq!(texts(TimeAxis::of_run(30)), ["0:00", "0:10", "0:20", "0:30"]);
        assert_eq!(texts(TimeAxis::from_start(90_000, 1, 30)), ["0:00", "0:10", "0:20", "0:30"]);
        assert_eq!(TimeAxis::from_start(90_000, 1, 30).place(100_000), 10.0);
        assert_eq!(texts(TimeAxis::until_now(0, 1, 300)), ["−4 min", "−2 min", "now"]);
        assert_eq!(texts(TimeAxis::until_now(0, 60, 60)), ["−1 h", "−45 min", "−30 min", "−15 min", "now"]);
        assert_eq!(texts(TimeAxis::until_now(0, 300, 288)), ["−24 h", "−18 h", "−12 h", "−6 h", "now"]);
    }

    #[test]
    fn a_point_has_words_where_they_are_wanted() {
        let axis = TimeAxis::of_run(2);
        let point = |axis: TimeAxis| axis.point(1, || ["7".to_owned()]);
        assert_eq!(point(axis), Point { at: 0.75, cells: vec!["0:01".to_owned(), "7".to_owned()] });
        assert_eq!(point(axis.with_rows(false)), Point { at: 0.75, cells: Vec::new() });
    }

    #[test]
    fn a_moment_has_its_place_and_a_step_its_name() {
        let axis = TimeAxis::until_now(1_795_444_560_000, 60, 60);
        assert_eq!((axis.place(1_795_444_590_000), axis.share(30.0)), (0.5, 0.5));
        assert_eq!((axis.name(2), axis.name_of(2.7)), ("14:38 UTC".to_owned(), "14:38 UTC".to_owned()));
        let seconds = TimeAxis::until_now(1_795_444_560_000, 1, 300);
        assert_eq!(seconds.name(5), "14:36:05 UTC");
        let run = TimeAxis::of_run(60);
        assert_eq!((run.name(12), run.name_of(12.5)), ("0:12".to_owned(), "0:12.5".to_owned()));
    }
}
