//! Rates of the past: what was measured beside what was planned, and periods that stand out.

use super::axis::TimeAxis;
use super::point::Tick;
use super::scale::{Plane, Scale, between, round_ticks, value_at};
use super::{Chart, ChartBand, Key, Mark};

/// Something that lasts for a while, such as a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartPeriod {
    /// The start, in epoch milliseconds.
    pub from: i64,
    /// The end, in epoch milliseconds; the planned end of a period that is not over.
    pub to: i64,
    /// The corners of the planned rate: seconds since the start, requests per second.
    pub planned: Vec<(f64, f64)>,
    /// The cap in requests per second.
    pub cap: u32,
    /// Its name.
    pub name: String,
    /// The page about it.
    pub href: String,
}

/// The numbers of a chart of past rates.
#[derive(Clone, Copy, Debug)]
pub struct PastRates<'a> {
    /// Requests per second in each step.
    pub achieved: &'a [f64],
    /// Failed requests per second in each step.
    pub failed: &'a [f64],
    /// The periods with a plan.
    pub planned: &'a [ChartPeriod],
}

/// The visible part of a planned rate: its corners in steps and requests per second, and the cap.
struct PlannedLine {
    corners: Vec<(f64, f64)>,
    cap: f64,
}

impl PlannedLine {
    /// `None` for a period that is not on the axis.
    fn new(axis: &TimeAxis, period: &ChartPeriod) -> Option<Self> {
        let corners = visible_corners(axis, period);
        (corners.len() > 1).then(|| Self { corners, cap: f64::from(period.cap) })
    }

    /// The line of the cap, as long as the plan.
    fn cap_path(&self, plane: &Plane) -> String {
        let ends = self.corners.first().into_iter().chain(self.corners.last());
        plane.line(ends.map(|(x, _)| (*x, self.cap)))
    }
}

/// The corners of a plan on the axis, cut off at its edges; empty outside of it.
fn visible_corners(axis: &TimeAxis, period: &ChartPeriod) -> Vec<(f64, f64)> {
    let start = axis.position(period.from);
    let end = axis.position(period.to).min(axis.end());
    let corners: Vec<(f64, f64)> =
        period.planned.iter().map(|(t, rate)| (start + t / f64::from(axis.step), *rate)).collect();
    let mut line: Vec<(f64, f64)> = Vec::new();
    for pair in corners.windows(2) {
        let from = pair[0].0.max(0.0);
        let to = pair[1].0.min(end);
        if from >= to {
            continue;
        }
        let at = |x: f64| (x, between(pair[0], pair[1], x));
        if line.last().is_none_or(|last| last.0 < from) {
            line.push(at(from));
        }
        line.push(at(to));
    }
    line
}

/// A chart of measured rates, with the plans of the period beside them.
pub fn past_rate(title: &str, sentence: String, axis: &TimeAxis, rates: &PastRates<'_>) -> Chart {
    let plans: Vec<PlannedLine> = rates.planned.iter().filter_map(|period| PlannedLine::new(axis, period)).collect();
    let highest = plans.iter().map(|plan| plan.cap).chain(rates.achieved.iter().copied()).fold(1.0, f64::max);
    let plane = Plane { x: Scale::Linear(axis.end()), y: Scale::Linear(highest * 1.15) };
    let achieved = plane.raised(rates.achieved);
    let failed = plane.raised(rates.failed);
    let mut marks = vec![
        Mark { class: "achieved-area", path: achieved.clone() },
        Mark { class: "failed-area", path: failed.clone() },
        Mark { class: "achieved", path: achieved },
        Mark { class: "failed", path: failed },
    ];
    let mut keys = vec![Key::new("achieved", "requests"), Key::new("failed", "failed")];
    let mut columns = vec!["time", "requests", "failed"];
    if !plans.is_empty() {
        let planned = plans.iter().map(|plan| plane.line(plan.corners.iter().copied())).collect();
        marks.insert(1, Mark { class: "cap", path: plans.iter().map(|plan| plan.cap_path(&plane)).collect() });
        marks.push(Mark { class: "planned", path: planned });
        keys.extend([Key::new("planned", "planned by the simulator"), Key::new("cap", "cap")]);
        columns.extend(["planned", "cap"]);
    }
    let failed_in = |step: usize| rates.failed.get(step).copied().unwrap_or_default();
    let point =
        |(step, rate): (usize, &f64)| axis.point(step, || cells([*rate, failed_in(step)], &plans, step as f64 + 0.5));
    let side = round_ticks(highest, 4).into_iter();
    Chart {
        title: title.to_owned(),
        sentence,
        unit: "requests per second",
        axes: format!("Requests per second, {}.", axis.description()),
        axis: Some(*axis),
        y: side.map(|value| Tick { at: plane.y.share(value), text: rate_text(value) }).collect(),
        marks,
        keys,
        columns,
        points: rates.achieved.iter().enumerate().map(point).collect(),
        ..Chart::default()
    }
}

/// The row of a step, without its time: the rates of all and of failed requests, and the plan at its middle `x` where there
/// are plans.
fn cells(rates: [f64; 2], plans: &[PlannedLine], x: f64) -> Vec<String> {
    let mut cells = rates.map(rate_text).to_vec();
    if !plans.is_empty() {
        let planned = plans.iter().find_map(|plan| Some((value_at(&plan.corners, x)?, plan.cap)));
        cells.push(planned.map(|(rate, _)| format!("{rate:.1}")).unwrap_or_default());
        cells.push(planned.map(|(_, cap)| rate_text(cap)).unwrap_or_default());
    }
    cells
}

/// A rate, with one decimal where it needs one.
fn rate_text(rate: f64) -> String {
    if rate.fract() == 0.0 || rate >= 100.0 { format!("{rate:.0}") } else { format!("{rate:.1}") }
}

/// The named part of the axis that a period covers.
fn band(axis: &TimeAxis, period: &ChartPeriod) -> ChartBand {
    let share = |millis: i64| axis.share(axis.position(millis)).clamp(0.0, 1.0);
    ChartBand { from: share(period.from), to: share(period.to), name: period.name.clone(), href: period.href.clone() }
}

impl Chart {
    /// Shades these periods behind the chart. `name` is their entry in the legend.
    #[must_use]
    pub fn shaded(mut self, axis: &TimeAxis, periods: &[ChartPeriod], name: &str) -> Self {
        let plane = Plane { x: Scale::Linear(axis.end()), y: Scale::Linear(1.0) };
        let on_axis = |period: &&ChartPeriod| axis.position(period.to) > 0.0 && axis.position(period.from) < axis.end();
        let path: String = periods
            .iter()
            .filter(on_axis)
            .map(|period| plane.rect((axis.position(period.from).max(0.0), axis.position(period.to)), (0.0, 1.0)))
            .collect();
        if !path.is_empty() {
            self.bands = periods.iter().filter(on_axis).map(|period| band(axis, period)).collect();
            self.marks.insert(0, Mark { class: "period", path });
            self.keys.push(Key::new("period", name));
        }
        self
    }

    /// Leaves the rows of empty steps out of the table; `note` says so above it.
    #[must_use]
    pub fn without_empty_steps(mut self, is_empty: impl Fn(usize) -> bool, note: &'static str) -> Self {
        let mut step = 0;
        self.points.retain(|_| {
            step += 1;
            !is_empty(step - 1)
        });
        self.left_out = note;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis() -> TimeAxis {
        TimeAxis::until_now(100_000, 1, 10)
    }

    fn ramp() -> ChartPeriod {
        ChartPeriod {
            from: 98_000,
            to: 106_000,
            planned: vec![(0.0, 0.0), (4.0, 20.0), (8.0, 20.0)],
            cap: 20,
            name: "Peak Usage".to_owned(),
            href: "/runs/7".to_owned(),
        }
    }

    #[test]
    fn a_plan_is_cut_off_at_the_edges() {
        assert_eq!(visible_corners(&axis(), &ramp()), [(0.0, 10.0), (2.0, 20.0), (6.0, 20.0)]);
        let stopped = ChartPeriod { to: 101_000, ..ramp() };
        assert_eq!(visible_corners(&axis(), &stopped), [(0.0, 10.0), (1.0, 15.0)], "stopped early");
        let long_ago = ChartPeriod { from: 10_000, to: 20_000, ..ramp() };
        assert_eq!(visible_corners(&axis(), &long_ago), []);
        let later = ChartPeriod { from: 108_000, to: 118_000, ..ramp() };
        assert_eq!(visible_corners(&axis(), &later), [(8.0, 0.0), (10.0, 10.0)]);
    }

    #[test]
    fn planned_stands_beside_achieved() {
        let achieved = [12.0, 17.0, 20.0, 0.5];
        let planned = [ramp()];
        let rates = PastRates { achieved: &achieved, failed: &[0.0, 2.0], planned: &planned };
        let chart = past_rate("Rate", String::new(), &axis(), &rates);
        let rows: Vec<_> = chart.points.iter().map(|point| point.cells.join(" | ")).collect();
        assert_eq!(rows[0], "00:01:40 UTC | 12 | 0 | 12.5 | 20");
        assert_eq!(rows[3], "00:01:43 UTC | 0.5 | 0 | 20.0 | 20");
        assert_eq!(chart.keys.len(), 4);
        let class = |class: &str| chart.marks.iter().find(|mark| mark.class == class).map(|mark| mark.path.as_str());
        assert_eq!(class("cap"), Some("M0 19.6L360 19.6"), "as long as the run");
        let real = past_rate("Rate", String::new(), &axis(), &PastRates { planned: &[], ..rates });
        assert_eq!((real.columns, real.keys.len()), (vec!["time", "requests", "failed"], 2));
        assert!(real.marks.iter().all(|mark| mark.class != "cap"), "the cap is none of theirs");
    }

    #[test]
    fn real_traffic_may_be_higher_than_the_cap() {
        let rates = PastRates { achieved: &[200.0], failed: &[], planned: &[ramp()] };
        let chart = past_rate("Rate", String::new(), &axis(), &rates);
        assert_eq!(chart.y.last().map(|tick| tick.text.as_str()), Some("200"));
    }

    #[test]
    fn only_periods_on_the_axis_are_shaded() {
        let plain = Chart::default();
        let chart = plain.clone().shaded(&axis(), &[ramp(), ChartPeriod { from: 0, to: 99_000, ..ramp() }], "run");
        assert_eq!(chart.marks[0].path, "M0 0H360V150H0Z");
        assert_eq!((chart.bands.len(), chart.bands[0].from, chart.bands[0].to), (1, 0.0, 0.6));
        assert_eq!(plain.clone().shaded(&axis(), &[], "run"), plain);
    }

    #[test]
    fn rows_of_empty_steps_are_left_out_with_a_note() {
        let rates = PastRates { achieved: &[1.0, 0.0, 2.0], failed: &[], planned: &[] };
        let chart = past_rate("Rate", String::new(), &axis(), &rates);
        let short = chart.without_empty_steps(|step| rates.achieved[step] == 0.0, "Empty ones are left out.");
        let rows: Vec<_> = short.points.iter().map(|point| point.cells[1].as_str()).collect();
        assert_eq!((rows, short.left_out), (vec!["1", "2"], "Empty ones are left out."));
    }
}
