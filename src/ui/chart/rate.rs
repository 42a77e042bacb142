//! The rate of a run over time: planned, sent, and the cap.

use super::axis::TimeAxis;
use super::point::{ChartPoint, Tick};
use super::scale::{Plane, Scale, round_ticks, value_at};
use super::{Chart, Key, Mark};

/// The numbers of the chart.
#[derive(Clone, Copy, Debug)]
pub struct Rates<'a> {
    /// The length of the run in seconds.
    pub seconds: u32,
    /// The corners of the planned rate: seconds since the start, requests per second.
    pub planned: &'a [(f64, f64)],
    /// Requests sent in each second that is over; `None` before the start.
    pub achieved: Option<&'a [u32]>,
    /// Failed requests by the second in which they were sent; `None` where there is nothing to show.
    pub failed: Option<&'a [u32]>,
    /// The cap in requests per second.
    pub cap: u32,
}

/// The times of all points, in seconds: the corners of the plan, and each second that is over.
fn times(rates: &Rates<'_>) -> Vec<f64> {
    let mut times: Vec<f64> = rates.planned.iter().map(|(t, _)| *t).collect();
    times.extend((0..rates.achieved.unwrap_or_default().len()).map(|second| second as f64));
    times.sort_by(f64::total_cmp);
    times.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
    times
}

/// The chart of a run's rate, or of a plan's.
pub fn rate(title: &str, sentence: String, rates: &Rates<'_>) -> Chart {
    let axis = TimeAxis::of_run(rates.seconds);
    let end = axis.end();
    let cap = f64::from(rates.cap.max(1));
    let y = Scale::Linear(cap * 1.15);
    let plane = Plane { x: Scale::Linear(end), y };
    let planned = plane.line(rates.planned.iter().copied());
    let per_second = rates.achieved.unwrap_or_default();
    let sent = plane.steps(per_second.iter().map(|n| f64::from(*n)), 1.0);
    let failures: Vec<f64> = rates.failed.unwrap_or_default().iter().map(|n| f64::from(*n)).collect();
    let failed = plane.raised(&failures);
    let mut keys = vec![Key::new("planned", "planned")];
    let mut columns = vec!["time", "planned"];
    if rates.achieved.is_some() {
        keys.push(Key::new("achieved", "sent"));
        columns.push("sent");
    }
    if rates.failed.is_some() {
        keys.push(Key::new("failed", "failed"));
        columns.push("failed");
    }
    keys.push(Key::new("cap", "cap"));
    columns.push("cap");
    Chart {
        title: title.to_owned(),
        sentence,
        unit: "requests per second",
        axes: format!("Requests per second, from 0 to {}, {}.", rates.cap, axis.description()),
        axis: Some(axis),
        y: side_values(rates.cap)
            .into_iter()
            .map(|value| Tick { at: y.share(value), text: format!("{value}") })
            .collect(),
        marks: vec![
            Mark { class: "planned-area", path: plane.area(&planned, end) },
            Mark { class: "achieved-area", path: plane.area(&sent, per_second.len() as f64) },
            Mark { class: "failed-area", path: failed.clone() },
            Mark { class: "cap", path: plane.line([(0.0, cap), (end, cap)]) },
            Mark { class: "achieved", path: sent },
            Mark { class: "failed", path: failed },
            Mark { class: "planned", path: planned },
        ],
        keys,
        columns,
        points: times(rates).into_iter().map(|t| point(rates, &axis, t)).collect(),
        ..Chart::default()
    }
}

/// The planned rate at a time in seconds, and what happened in the second that begins then, if one does.
fn point(rates: &Rates<'_>, axis: &TimeAxis, t: f64) -> ChartPoint {
    let second = (t.fract() == 0.0).then_some(t as usize);
    let in_second =
        |counts: &[u32]| second.and_then(|second| counts.get(second)).map(u32::to_string).unwrap_or_default();
    let planned = value_at(rates.planned, t).map(|rate| format!("{rate:.1}")).unwrap_or_default();
    let mut cells = vec![axis.name_of(t), planned];
    cells.extend(rates.achieved.map(in_second));
    cells.extend(rates.failed.map(in_second));
    cells.push(rates.cap.to_string());
    ChartPoint { at: t / axis.end(), cells }
}

/// The labels of the side: round values below the cap, and the cap itself.
fn side_values(cap: u32) -> Vec<f64> {
    let cap = f64::from(cap);
    let mut values: Vec<f64> = round_ticks(cap, 4).into_iter().filter(|value| *value < cap * 0.85).collect();
    values.push(cap);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_every_corner_and_every_second() {
        let planned = [(0.0, 0.0), (1.5, 20.0), (4.0, 0.0)];
        let rates = Rates { seconds: 4, planned: &planned, achieved: Some(&[6, 20]), failed: Some(&[0, 3]), cap: 20 };
        let chart = rate("Rate", String::new(), &rates);
        let rows: Vec<_> = chart.points.iter().map(|point| point.cells.join(" ")).collect();
        assert_eq!(rows, ["0:00 0.0 6 0 20", "0:01 13.3 20 3 20", "0:01.5 20.0   20", "0:04 0.0   20"]);
        assert_eq!(chart.marks[6].path, "M0 150L225 19.6L600 150");
    }

    #[test]
    fn before_the_start_only_the_plan_is_shown() {
        let planned = [(0.0, 5.0), (30.0, 5.0)];
        let chart = rate(
            "Plan",
            String::new(),
            &Rates { seconds: 30, planned: &planned, achieved: None, failed: None, cap: 20 },
        );
        assert_eq!(chart.columns, ["time", "planned", "cap"]);
        assert_eq!((chart.points.len(), chart.keys.len()), (2, 2));
        assert_eq!(chart.marks[1].path, "");
        let calm = Rates { seconds: 2, planned: &planned, achieved: Some(&[5, 5]), failed: Some(&[0, 0]), cap: 20 };
        let calm = rate("Rate", String::new(), &calm);
        assert!(calm.marks.iter().filter(|mark| mark.class.starts_with("failed")).all(|mark| mark.path.is_empty()));
    }

    #[test]
    fn the_side_shows_the_cap_and_round_values_below() {
        assert_eq!(side_values(20), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(side_values(7), [0.0, 2.0, 4.0, 7.0]);
        assert_eq!(side_values(1), [0.0, 0.5, 1.0]);
    }
}
