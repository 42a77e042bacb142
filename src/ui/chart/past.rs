//! What happened up to now: the rate that was asked for beside the one that came, and the periods
//! that stand out.

use super::axis::TimeAxis;
use super::scale::{Plane, Scale, round_ticks};
use super::{Chart, Key, Mark, Tick};

/// Something that went on for a while: a run, for example.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Period {
    /// Its start, in epoch milliseconds.
    pub from: i64,
    /// Its end, in epoch milliseconds: for one that goes on, the planned one.
    pub to: i64,
    /// The corners of the rate that was planned: seconds since the start, and requests per second.
    pub planned: Vec<(f64, f64)>,
    /// Requests per second that were allowed.
    pub cap: u32,
}

/// The numbers of a chart of past rates.
#[derive(Clone, Copy, Debug)]
pub struct PastRates<'a> {
    /// Requests per second in each step.
    pub achieved: &'a [f64],
    /// What was planned in the meantime.
    pub planned: &'a [Period],
}

/// The corners of a plan on the axis, cut off at its edges; nothing when it is outside.
fn visible(axis: &TimeAxis, period: &Period) -> Vec<(f64, f64)> {
    let (start, end) = (axis.place(period.from), axis.place(period.to).min(axis.end()));
    let corners: Vec<(f64, f64)> =
        period.planned.iter().map(|(t, rate)| (start + t / f64::from(axis.step), *rate)).collect();
    let mut line: Vec<(f64, f64)> = Vec::new();
    for pair in corners.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let (from, to) = (x0.max(0.0), x1.min(end));
        if from >= to {
            continue;
        }
        let at = |x: f64| (x, y0 + (y1 - y0) * (x - x0) / (x1 - x0));
        if line.last().is_none_or(|last| last.0 < from) {
            line.push(at(from));
        }
        line.push(at(to));
    }
    line
}

/// The rate between two corners of a line.
fn height(line: &[(f64, f64)], x: f64) -> Option<f64> {
    let pair = line.windows(2).find(|pair| (pair[0].0..=pair[1].0).contains(&x))?;
    let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
    Some(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
}

/// The chart of rates up to now.
pub fn past_rate(title: &str, sentence: String, axis: &TimeAxis, rates: &PastRates<'_>) -> Chart {
    let lines: Vec<(Vec<(f64, f64)>, f64)> =
        rates.planned.iter().map(|period| (visible(axis, period), f64::from(period.cap))).collect();
    let lines: Vec<_> = lines.into_iter().filter(|(line, _)| line.len() > 1).collect();
    let some_planned = !lines.is_empty();
    let highest = lines.iter().map(|(_, cap)| *cap).chain(rates.achieved.iter().copied()).fold(1.0, f64::max);
    let plane = Plane { x: Scale::Linear(axis.end()), y: Scale::Linear(highest * 1.15) };
    let achieved = plane.steps(rates.achieved.iter().copied(), 1.0);
    let planned: String = lines.iter().map(|(line, _)| plane.line(line.iter().copied())).collect();
    let ends = |(line, cap): &(Vec<(f64, f64)>, f64)| Some([(line.first()?.0, *cap), (line.last()?.0, *cap)]);
    let caps: String = lines.iter().filter_map(ends).map(|ends| plane.line(ends)).collect();
    let point = |(step, rate): (usize, &f64)| {
        axis.point(step, || {
            let mut cells = vec![words(*rate)];
            if some_planned {
                let middle = step as f64 + 0.5;
                let planned = lines.iter().find_map(|(line, cap)| Some((height(line, middle)?, *cap)));
                cells.push(planned.map(|(rate, _)| format!("{rate:.1}")).unwrap_or_default());
                cells.push(planned.map(|(_, cap)| words(cap)).unwrap_or_default());
            }
            cells
        })
    };
    let key = |class, name: &str| Key { class, name: name.to_owned() };
    let mut marks = vec![
        Mark { class: "achieved-area", path: plane.area(&achieved, rates.achieved.len() as f64) },
        Mark { class: "achieved", path: achieved },
    ];
    let mut keys = vec![key("achieved", "requests")];
    if some_planned {
        marks.insert(1, Mark { class: "cap", path: caps });
        marks.push(Mark { class: "planned", path: planned });
        keys.extend([key("planned", "planned by the simulator"), key("cap", "its cap")]);
    }
    let side = round_ticks(highest, 4).into_iter();
    Chart {
        title: title.to_owned(),
        sentence,
        axes: format!("Requests per second, {}.", axis.words()),
        x: axis.ticks(),
        y: side.map(|value| Tick { at: plane.y.share(value), text: words(value) }).collect(),
        marks,
        keys,
        columns: if some_planned { vec!["time", "requests", "planned", "cap"] } else { vec!["time", "requests"] },
        points: rates.achieved.iter().enumerate().map(point).collect(),
        ..Chart::default()
    }
}

/// A rate, with a digit after the point where it needs one.
fn words(rate: f64) -> String {
    if rate.fract() == 0.0 || rate >= 100.0 { format!("{rate:.0}") } else { format!("{rate:.1}") }
}

impl Chart {
    /// The same with these periods shaded behind it.
    #[must_use]
    pub fn shaded(mut self, axis: &TimeAxis, periods: &[Period], name: &str) -> Self {
        let plane = Plane { x: Scale::Linear(axis.end()), y: Scale::Linear(1.0) };
        let on_axis = |period: &&Period| axis.place(period.to) > 0.0 && axis.place(period.from) < axis.end();
        let path: String = periods
            .iter()
            .filter(on_axis)
            .map(|period| plane.rect((axis.place(period.from).max(0.0), axis.place(period.to)), (0.0, 1.0)))
            .collect();
        if !path.is_empty() {
            self.marks.insert(0, Mark { class: "period", path });
            self.keys.push(Key { class: "period", name: name.to_owned() });
        }
        self
    }

    /// The same without the rows of those steps in which there was nothing, and the words that say so.
    #[must_use]
    pub fn without_empty_steps(mut self, is_empty: impl Fn(usize) -> bool, words: &'static str) -> Self {
        let mut step = 0;
        self.points.retain(|_| {
            step += 1;
            !is_empty(step - 1)
        });
        self.left_out = words;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis() -> TimeAxis {
        TimeAxis::until_now(100_000, 1, 10)
    }

    fn ramp() -> Period {
        Period { from: 98_000, to: 106_000, planned: vec![(0.0, 0.0), (4.0, 20.0), (8.0, 20.0)], cap: 20 }
    }

    #[test]
    fn a_plan_is_cut_off_at_the_edges() {
        assert_eq!(visible(&axis(), &ramp()), [(0.0, 10.0), (2.0, 20.0), (6.0, 20.0)]);
        let stopped = Period { to: 101_000, ..ramp() };
        assert_eq!(visible(&axis(), &stopped), [(0.0, 10.0), (1.0, 15.0)], "stopped early");
        let long_ago = Period { from: 10_000, to: 20_000, ..ramp() };
        assert_eq!(visible(&axis(), &long_ago), []);
        let later = Period { from: 108_000, to: 118_000, ..ramp() };
        assert_eq!(visible(&axis(), &later), [(8.0, 0.0), (10.0, 10.0)]);
    }

    #[test]
    fn planned_stands_beside_achieved() {
        let achieved = [12.0, 17.0, 20.0, 0.5];
        let planned = [ramp()];
        let rates = PastRates { achieved: &achieved, planned: &planned };
        let chart = past_rate("Rate", String::new(), &axis(), &rates);
        let rows: Vec<_> = chart.points.iter().map(|point| point.cells.join(" | ")).collect();
        assert_eq!(rows[0], "00:01:40 UTC | 12 | 12.5 | 20");
        assert_eq!(rows[3], "00:01:43 UTC | 0.5 | 20.0 | 20");
        assert_eq!(chart.keys.len(), 3);
        let class = |class: &str| chart.marks.iter().find(|mark| mark.class == class).map(|mark| mark.path.as_str());
        assert_eq!(class("cap"), Some("M0 19.6L360 19.6"), "as long as the run");
        let real = past_rate("Rate", String::new(), &axis(), &PastRates { planned: &[], ..rates });
        assert_eq!((real.columns, real.keys.len()), (vec!["time", "requests"], 1));
        assert!(real.marks.iter().all(|mark| mark.class != "cap"), "the cap is none of theirs");
    }

    #[test]
    fn real_traffic_may_be_higher_than_the_cap() {
        let rates = PastRates { achieved: &[200.0], planned: &[ramp()] };
        let chart = past_rate("Rate", String::new(), &axis(), &rates);
        assert_eq!(chart.y.last().map(|tick| tick.text.as_str()), Some("200"));
    }

    #[test]
    fn only_periods_on_the_axis_are_shaded() {
        let plain = Chart::default();
        let chart = plain.clone().shaded(&axis(), &[ramp(), Period { from: 0, to: 99_000, ..ramp() }], "run");
        assert_eq!(chart.marks[0].path, "M0 0H360V150H0Z");
        assert_eq!(plain.clone().shaded(&axis(), &[], "run"), plain);
    }

    #[test]
    fn rows_of_nothing_are_left_out_in_words() {
        let rates = PastRates { achieved: &[1.0, 0.0, 2.0], planned: &[] };
        let chart = past_rate("Rate", String::new(), &axis(), &rates);
        let short = chart.without_empty_steps(|step| rates.achieved[step] == 0.0, "Empty ones are left out.");
        let rows: Vec<_> = short.points.iter().map(|point| point.cells[1].as_str()).collect();
        assert_eq!((rows, short.left_out), (vec!["1", "2"], "Empty ones are left out."));
    }
}
