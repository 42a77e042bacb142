//! Several series over the same time as lines, such as two runs compared.

use super::axis::TimeAxis;
use super::point::Tick;
use super::scale::{Plane, Scale, round_ticks};
use super::{Chart, Key, Mark};

/// One line of the chart.
#[derive(Clone, Debug)]
pub struct LineSeries {
    /// The name in the legend and the table.
    pub name: String,
    /// The class in the style sheet.
    pub class: &'static str,
    /// The value of each step, where there is one.
    pub values: Vec<Option<f64>>,
}

/// A chart of lines. `what` names the quantity, and `format` renders a value with its unit.
pub fn lines(
    title: &str,
    sentence: String,
    what: &str,
    axis: &TimeAxis,
    series: &[LineSeries],
    format: fn(f64) -> String,
) -> Chart {
    let highest = series.iter().flat_map(|series| &series.values).filter_map(|value| *value).fold(0.0, f64::max);
    let highest = if highest > 0.0 { highest } else { 1.0 };
    let plane = Plane { x: Scale::Linear(axis.end()), y: Scale::Linear(highest * 1.1) };
    let middle = |(second, value): (usize, &Option<f64>)| (second as f64 + 0.5, *value);
    let point = |second: usize| {
        let value = |series: &LineSeries| series.values.get(second).copied().flatten().map(format).unwrap_or_default();
        axis.point(second, || series.iter().map(value))
    };
    let longest = series.iter().map(|series| series.values.len()).max().unwrap_or(0);
    let side = round_ticks(highest, 4);
    Chart {
        title: title.to_owned(),
        sentence,
        axes: format!("{what}, {}.", axis.description()),
        axis: Some(*axis),
        y: side
            .into_iter()
            .map(|value| Tick {
                at: plane.y.share(value),
                text: if value == 0.0 { "0".to_owned() } else { format(value) },
            })
            .collect(),
        marks: series
            .iter()
            .map(|series| Mark {
                class: series.class,
                path: plane.broken_line(series.values.iter().enumerate().map(middle)),
            })
            .collect(),
        keys: series.iter().map(|series| Key::new(series.class, &series.name)).collect(),
        columns: vec!["time"],
        more_columns: series.iter().map(|series| series.name.clone()).collect(),
        points: (0..longest).map(point).collect(),
        ..Chart::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_series_ends_earlier() {
        let series = [
            LineSeries { name: "A".into(), class: "run-a", values: vec![Some(10.0), Some(20.0)] },
            LineSeries { name: "B".into(), class: "run-b", values: vec![Some(5.0)] },
        ];
        let chart = lines("Sent", String::new(), "Requests", &TimeAxis::of_run(2), &series, |value| format!("{value}"));
        let rows: Vec<_> = chart.points.iter().map(|point| point.cells.join(" ")).collect();
        assert_eq!(rows, ["0:00 10 5", "0:01 20 "]);
        assert_eq!(chart.marks[0].path, "M150 81.8L450 13.6");
        assert_eq!(chart.marks[1].path, "M150 115.9h0");
    }
}
