//! Counts of several kinds over time, stacked.

use super::axis::TimeAxis;
use super::scale::{Plane, Scale, round_ticks};
use super::{Chart, Key, Mark, Tick};

/// The classes of the kinds, in order; an eighth kind looks like the first again.
const CLASSES: [&str; 7] = ["series-0", "series-1", "series-2", "series-3", "series-4", "series-5", "series-6"];

/// A stacked chart. `columns` holds, for each step of time, one count for each of `names`.
pub fn stacked(title: &str, sentence: String, axis: &TimeAxis, names: &[String], columns: &[Vec<u32>]) -> Chart {
    let highest = columns.iter().map(|counts| counts.iter().sum::<u32>()).max().unwrap_or(0).max(1);
    let plane = Plane { x: Scale::Linear(axis.end()), y: Scale::Linear(f64::from(highest) * 1.1) };
    let classes = || CLASSES.into_iter().cycle();
    let point = |(second, counts): (usize, &Vec<u32>)| axis.point(second, || counts.iter().map(u32::to_string));
    let side = round_ticks(f64::from(highest), 4).into_iter().filter(|n| n.fract() == 0.0);
    Chart {
        title: title.to_owned(),
        sentence,
        axes: format!("Requests by outcome, {}.", axis.description()),
        x: axis.ticks(),
        y: side.map(|n| Tick { at: plane.y.share(n), text: format!("{n}") }).collect(),
        marks: bands(&plane, names.len(), columns)
            .into_iter()
            .zip(classes())
            .map(|(path, class)| Mark { class, path })
            .collect(),
        keys: names.iter().zip(classes()).map(|(name, class)| Key::new(class, name)).collect(),
        columns: vec!["time"],
        more_columns: names.to_vec(),
        points: columns.iter().enumerate().map(point).collect(),
        ..Chart::default()
    }
}

/// The path of each kind's band. A kind that never occurs has none: it would be a line along the band below.
fn bands(plane: &Plane, kinds: usize, columns: &[Vec<u32>]) -> Vec<String> {
    let x: Vec<f64> = (0..=columns.len()).map(|second| plane.x(second as f64)).collect();
    let mut below = vec![0; columns.len()];
    let mut lower = vec![plane.y(0.0); columns.len()];
    let mut paths = Vec::new();
    for kind in 0..kinds {
        let counts = || columns.iter().map(|counts| counts.get(kind).copied().unwrap_or(0));
        if counts().all(|n| n == 0) {
            paths.push(String::new());
            continue;
        }
        below.iter_mut().zip(counts()).for_each(|(below, n)| *below += n);
        let upper: Vec<f64> = below.iter().map(|n| plane.y(f64::from(*n))).collect();
        paths.push(band(&x, &upper, &lower));
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
        let names = ["200".to_owned(), "503".to_owned()];
        let chart = stacked("Responses", String::new(), &TimeAxis::of_run(2), &names, &[vec![10, 0], vec![5, 5]]);
        assert_eq!(chart.heads().collect::<Vec<_>>(), ["time", "200", "503"]);
        assert_eq!(chart.points[1].cells, ["0:01", "5", "5"]);
        assert_eq!(chart.marks[0].path, "M0 13.6H300V81.8H600V150H300V150H0Z");
        assert!(chart.marks[1].path.starts_with("M0 13.6H300V13.6H600V81.8H300V13.6H0Z"));
    }
}
