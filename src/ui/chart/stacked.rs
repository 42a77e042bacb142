//! Counts of several kinds over time, one upon the other.

use super::axis::TimeAxis;
use super::path::{Path, Place};
use super::scale::{Plane, Scale, round_ticks};
use super::{Chart, Key, Mark, Tick};

/// The looks of the kinds, in their order; an eighth kind looks like the first again.
const LOOKS: [&str; 7] = ["series-0", "series-1", "series-2", "series-3", "series-4", "series-5", "series-6"];

/// The chart. `columns` holds, for each step of time, as many counts as there are `names`.
pub fn stacked(title: &str, sentence: String, axis: &TimeAxis, names: &[String], columns: &[Vec<u32>]) -> Chart {
    let most = columns.iter().map(|counts| counts.iter().sum::<u32>()).max().unwrap_or(0).max(1);
    let plane = Plane { x: Scale::Linear(axis.end()), y: Scale::Linear(f64::from(most) * 1.1) };
    let x: Vec<Place> = (0..=columns.len()).map(|second| plane.x(second as f64)).collect();
    // Of each column what is stacked so far, and where that is.
    let mut below = vec![0; columns.len()];
    let mut lower = vec![plane.y(0.0); columns.len()];
    let mut marks = Vec::new();
    let looks = || LOOKS.into_iter().cycle();
    for (kind, class) in (0..names.len()).zip(looks()) {
        let mut path = Path::default();
        // A band of nothing would be a line along the edge of the one below.
        if columns.iter().any(|counts| counts.get(kind).is_some_and(|n| *n > 0)) {
            let stack = |(below, counts): (&mut u32, &Vec<u32>)| {
                *below += counts.get(kind).copied().unwrap_or(0);
                plane.y(f64::from(*below))
            };
            let upper: Vec<Place> = below.iter_mut().zip(columns).map(stack).collect();
            path = Path::of(2 * x.len());
            path.push_band(&x, &upper, &lower);
            lower = upper;
        }
        marks.push(Mark { class, path: path.into_text() });
    }
    let point = |(second, counts): (usize, &Vec<u32>)| axis.point(second, || counts.iter().map(u32::to_string));
    let side = round_ticks(f64::from(most), 4).into_iter().filter(|n| n.fract() == 0.0);
    Chart {
        title: title.to_owned(),
        sentence,
        axes: format!("Requests by how they ended, {}.", axis.words()),
        x: axis.ticks(),
        y: side.map(|n| Tick { at: plane.y.share(n), text: format!("{n}") }).collect(),
        marks,
        keys: names.iter().zip(looks()).map(|(name, class)| Key { class, name: name.clone() }).collect(),
        columns: vec!["time"],
        more_columns: names.to_vec(),
        points: columns.iter().enumerate().map(point).collect(),
        ..Chart::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_stand_upon_each_other() {
        let names = ["200".to_owned(), "503".to_owned()];
        let chart = stacked("Answers", String::new(), &TimeAxis::of_run(2), &names, &[vec![10, 0], vec![5, 5]]);
        assert_eq!(chart.heads().collect::<Vec<_>>(), ["time", "200", "503"]);
        assert_eq!(chart.points[1].cells, ["0:01", "5", "5"]);
        assert_eq!(chart.marks[0].path, "M0 13.6H300V81.8H600V150H300V150H0Z");
        assert!(chart.marks[1].path.starts_with("M0 13.6H300V13.6H600V81.8H300V13.6H0Z"));
    }
}
