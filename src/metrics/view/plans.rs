//! What the simulator had planned, with as much detail as the steps of a chart can show.

use crate::ui::chart::axis::TimeAxis;
use crate::ui::chart::past::ChartPeriod;

/// The plans of these periods. Where a step is longer than a second, they are one line for each uninterrupted part of the
/// axis that has plans: the mean rate of each step, so that planned and achieved are measured alike.
pub fn plans(axis: &TimeAxis, periods: &[ChartPeriod]) -> Vec<ChartPeriod> {
    if axis.step == 1 {
        return periods.to_vec();
    }
    let steps: Vec<(f64, u32)> = (0..axis.steps).map(|step| planned_in(axis, step, periods)).collect();
    let mut lines = Vec::new();
    let mut first = 0;
    for part in steps.chunk_by(|a, b| (a.0 > 0.0) == (b.0 > 0.0)) {
        if part[0].0 > 0.0 {
            lines.push(line(axis, first, part));
        }
        first += part.len();
    }
    lines
}

/// The start of a step in epoch milliseconds.
fn start_of(axis: &TimeAxis, step: usize) -> i64 {
    axis.from.unwrap_or(0) + step as i64 * i64::from(axis.step) * 1000
}

/// The mean planned rate of a step, of all plans together, and the highest of their caps.
fn planned_in(axis: &TimeAxis, step: u32, periods: &[ChartPeriod]) -> (f64, u32) {
    let from = start_of(axis, step as usize);
    let to = from + i64::from(axis.step) * 1000;
    let within = periods.iter().filter(|period| period.from < to && period.to > from);
    within.fold((0.0, 0), |(rate, cap), period| {
        let seconds = |millis: i64| (millis - period.from) as f64 / 1000.0;
        let area = area(&period.planned, seconds(from.max(period.from)), seconds(to.min(period.to)));
        (rate + area / f64::from(axis.step), cap.max(period.cap))
    })
}

/// The area below a line of corners between two positions.
fn area(corners: &[(f64, f64)], from: f64, to: f64) -> f64 {
    let below = |pair: &[(f64, f64)]| {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let (start, end) = (x0.max(from), x1.min(to));
        if start >= end {
            return 0.0;
        }
        let middle = y0 + (y1 - y0) * ((start + end) / 2.0 - x0) / (x1 - x0);
        middle * (end - start)
    };
    corners.windows(2).map(below).sum()
}

/// One line through the rates of neighbouring steps, from the start of the first to the end of the last.
fn line(axis: &TimeAxis, first: usize, rates: &[(f64, u32)]) -> ChartPeriod {
    let corner = |(index, (rate, _)): (usize, &(f64, u32))| {
        let at = |index: usize| index as f64 * f64::from(axis.step);
        [(at(index), *rate), (at(index + 1), *rate)]
    };
    ChartPeriod {
        from: start_of(axis, first),
        to: start_of(axis, first + rates.len()),
        planned: rates.iter().enumerate().flat_map(corner).collect(),
        cap: rates.iter().map(|(_, cap)| *cap).max().unwrap_or(0),
        ..ChartPeriod::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty requests per second from `from` to `to`, in seconds.
    fn steady(from: i64, to: i64) -> ChartPeriod {
        let planned = vec![(0.0, 20.0), ((to - from) as f64, 20.0)];
        ChartPeriod { from: from * 1000, to: to * 1000, planned, cap: 20, ..ChartPeriod::default() }
    }

    #[test]
    fn by_second_a_plan_keeps_its_corners() {
        let periods = [steady(10, 40)];
        assert_eq!(plans(&TimeAxis::until_now(0, 1, 60), &periods), periods);
    }

    #[test]
    fn by_minute_it_is_the_mean_of_each_step() {
        let minutes = TimeAxis::until_now(0, 60, 10);
        let ramp = ChartPeriod { planned: vec![(0.0, 0.0), (120.0, 20.0)], ..steady(240, 360) };
        let stopped = ChartPeriod { to: 255_000, ..ramp.clone() };
        let rows: [(Vec<ChartPeriod>, Vec<(i64, Vec<f64>)>); 6] = [
            (vec![steady(70, 100)], vec![(60, vec![10.0])]),
            (vec![steady(70, 85), steady(90, 105)], vec![(60, vec![10.0])]),
            (vec![steady(90, 150)], vec![(60, vec![10.0, 10.0])]),
            (vec![steady(-30, 30), steady(120, 180)], vec![(0, vec![10.0]), (120, vec![20.0])]),
            (vec![ramp], vec![(240, vec![5.0, 15.0])]),
            (vec![stopped], vec![(240, vec![0.3125])]),
        ];
        for (periods, expected) in rows {
            let lines: Vec<_> = plans(&minutes, &periods)
                .iter()
                .map(|line| (line.from / 1000, line.planned.iter().step_by(2).map(|(_, rate)| *rate).collect()))
                .collect();
            assert_eq!(lines, expected, "{periods:?}");
        }
        assert_eq!(plans(&minutes, &[steady(700, 800)]), []);
    }
}
