//! Counts of several kinds over time, stacked.

use super::axis::TimeAxis;
use super::point::Tick;
use super::scale::{Plane, Scale, round_ticks};
use super::{Chart, Key, Mark};

/// One kind of what is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackSeries {
    /// The name in the legend and the table.
    pub name: String,
    /// The class in the style sheet.
    pub class: &'static str,
}

/// A stacked chart. `columns` holds, for each step of time, one count for each of `series`.
pub fn stacked(title: &str, sentence: String, axis: &TimeAxis, series: &[StackSeries], columns: &[Vec<u32>]) -> Chart {
    let highest = columns.iter().map(|counts| counts.iter().sum::<u32>()).max().unwrap_or(0).max(1);
    let plane = Plane { x: Scale::Linear(axis.end()), y: Scale::Linear(f64::from(highest) * 1.1) };
    let point = |(second, counts): (usize, &Vec<u32>)| axis.point(second, || counts.iter().map(u32::to_string));
    let side = round_ticks(f64::from(highest), 4).into_iter().filter(|n| n.fract() == 0.0);
    Chart {
        title: title.to_owned(),
        sentence,
        unit: "responses",
        axes: format!("Requests by outcome, {}.", axis.description()),
        axis: Some(*axis),
        y: side.map(|n| Tick { at: plane.y.share(n), text: format!("{n}") }).collect(),
        marks: bands(&plane, series.len(), columns)
            .into_iter()
            .zip(series)
            .map(|(path, series)| Mark { class: series.class, path })
            .collect(),
        keys: series.iter().map(|series| Key::new(series.class, &series.name)).collect(),
        columns: vec!["time"],
        more_columns: series.iter().map(|series| series.name.clone()).collect(),
        points: columns.iter().enumerate().map(point).collect(),
        ..Chart::default()
    }
}

/// The path of each kind's band. It has a gap where the kind does not occur: there it would be a line along the band below.
fn bands(plane: &Plane, kinds: usize, columns: &[Vec<u32>]) -> Vec<String> {
    let x: Vec<f64> = (0..=columns.len()).map(|second| plane.x(second as f64)).collect();
    let mut below = vec![0; columns.len()];
    let mut lower = vec![plane.y(0.0); columns.len()];
    let mut paths = Vec::new();
    for kind in 0..kinds {
        let counts: Vec<u32> = columns.iter().map(|counts| counts.get(kind).copied().unwrap_or(0)).collect();
        below.iter_mut().zip(&counts).for_each(|(below, n)| *below += n);
        let upper: Vec<f64> = below.iter().map(|n| plane.y(f64::from(*n))).collect();
        let mut path = String::new();
        let mut start = 0;
        for part in counts.chunk_by(|a, b| (*a > 0) == (*b > 0)) {
            let end = start + part.len();
            if part[0] > 0 {
                path.push_str(&band(&x[start..=end], &upper[start..end], &lower[start..end]));
            }
            start = end;
        }
        paths.push(path);
        lower = upper;
    }
    paths
}

/// The path between two lines of steps: along `upper` and back along `lower`. `x` holds the start of each step and the end
/// of the last one.
fn band(x: &[f64], upper: &[f64], lower: &[f64]) -> String {
    let mut path = format!("M{}", x[0]);
    for (i, (y, end)) in upper.iter().zip(&x[1..]).enumerate() {
        let command = if i == 0 { ' ' } else { 'V' };
        path.push_str(&format!("{command}{y}H{end}"));
    }
    for (y, start) in lower.iter().zip(x).rev() {
        path.push_str(&format!("V{y}H{start}"));
    }
    path + "Z"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_stacked() {
        let series = [("2xx", "status-2xx"), ("5xx", "status-5xx")];
        let series = series.map(|(name, class)| StackSeries { name: name.to_owned(), class });
        let chart = stacked("Responses", String::new(), &TimeAxis::of_run(2), &series, &[vec![10, 0], vec![5, 5]]);
        assert_eq!(chart.heads().collect::<Vec<_>>(), ["time", "2xx", "5xx"]);
        assert_eq!(chart.points[1].cells, ["0:01", "5", "5"]);
        assert_eq!(chart.marks[0].path, "M0 13.6H300V81.8H600V150H300V150H0Z");
        assert_eq!(chart.marks[1].path, "M300 13.6H600V81.8H300Z", "only where there is one");
    }
}
