//! Latency in buckets: over time as a heatmap under the lines of the percentiles, and as a distribution.
//!
//! Bucket 0 is what is below the first bound, bucket i what is from bound i − 1 up to below bound i,
//! and the last bucket everything above. Bounds are in milliseconds, ascending.

use super::axis::TimeAxis;
use super::path::{Path, Place};
use super::scale::{Plane, Scale, decade_ticks};
use super::{Chart, Key, Mark, Point, Tick};
use crate::ui::format::{count, millis};

/// What was measured in one step of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column<'a> {
    /// p50, p95 and p99 in milliseconds; absent without a measurement.
    pub percentiles: [Option<f64>; 3],
    /// Bucket and number of measurements, for the buckets that are not empty.
    pub buckets: &'a [(u8, u32)],
}

const PERCENTILES: [&str; 3] = ["p50", "p95", "p99"];
/// The shades of the heatmap: from how many measurements on, style, and legend.
const SHADES: [(u32, &str, &str); 5] = [
    (1, "heat-1", "1"),
    (2, "heat-2", "2–3"),
    (4, "heat-3", "4–7"),
    (8, "heat-4", "8–15"),
    (16, "heat-5", "16 and more"),
];
/// By what the open buckets at the ends are drawn below and above their only bound.
const OPEN: f64 = 1.5;

/// From where to where a bucket is drawn, in milliseconds.
fn edges(bounds: &[f64], bucket: u8) -> (f64, f64) {
    let bound = |i: usize| bounds.get(i).copied();
    let i = usize::from(bucket);
    let (low, high) = (i.checked_sub(1).and_then(bound), bound(i));
    let low = low.or_else(|| high.map(|high| high / OPEN)).unwrap_or(1.0);
    (low, high.unwrap_or(low * OPEN))
}

/// "0.68–1 ms".
fn bucket_name(bounds: &[f64], bucket: u8) -> String {
    let (low, high) = edges(bounds, bucket);
    match usize::from(bucket) {
        0 => format!("below {high} ms"),
        i if i >= bounds.len() => format!("{low} ms and more"),
        _ => format!("{low}–{high} ms"),
    }
}

/// All buckets that there are between and beside these bounds.
fn all_buckets(bounds: &[f64]) -> impl Iterator<Item = u8> {
    0..=bounds.len() as u8
}

/// "0.68–1 ms: 12, 1–1.5 ms: 3".
fn by_duration(names: &[String], buckets: &[(u8, u32)]) -> String {
    let mut text = String::new();
    for (bucket, n) in buckets {
        let Some(name) = names.get(usize::from(*bucket)) else { continue };
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(name);
        text.push_str(": ");
        text.push_str(&n.to_string());
    }
    text
}

/// A scale over the buckets that hold something, with one more at each side.
fn scale_of(bounds: &[f64], used: impl Iterator<Item = u8> + Clone) -> Option<(f64, f64)> {
    let (first, last) = (used.clone().min()?, used.max()?);
    Some((edges(bounds, first.saturating_sub(1)).0, edges(bounds, (last + 1).min(bounds.len() as u8)).1))
}

/// Labels of a logarithmic axis: the powers of ten, and 2 and 5 times them where there is room.
fn scale_labels(low: f64, high: f64) -> Vec<Tick> {
    let decades = decade_ticks(low, high);
    let fine =
        decade_ticks(low / 10.0, high).into_iter().flat_map(|decade| [1.0, 2.0, 5.0].map(|factor| factor * decade));
    let fine: Vec<f64> = fine.filter(|value| (low..=high).contains(value)).collect();
    let chosen = if fine.len() <= 6 { fine } else { decades };
    let text = |ms: f64| {
        if ms >= 1000.0 { format!("{} s", ms / 1000.0) } else { format!("{} ms", (ms * 100.0).round() / 100.0) }
    };
    chosen.into_iter().map(|ms| Tick { at: Scale::log(low, high).share(ms), text: text(ms) }).collect()
}

/// The cells of a heatmap, by shade. Neighbours in a row that have the same shade are one box: a steady day is a few
/// boxes and not thousands, and has no seams.
fn cells(plane: &Plane, bounds: &[f64], columns: &[Column<'_>]) -> [Mark; SHADES.len()] {
    let mut paths = SHADES.map(|_| Path::default());
    // There are a thousand boxes, but few places.
    let sides: Vec<[Place; 2]> = all_buckets(bounds)
        .map(|bucket| edges(bounds, bucket))
        .map(|(low, high)| [plane.y(low), plane.y(high)])
        .collect();
    let x: Vec<Place> = (0..=columns.len()).map(|second| plane.x(second as f64)).collect();
    // The boxes that are not yet at their end: row, shade, first column. Few, because most rows of a column are empty.
    let mut boxes: Vec<(usize, usize, usize)> = Vec::new();
    // Of each row the shade in this column, from 1, and those that are not 0.
    let (mut shades_here, mut filled) = (vec![0; sides.len()], Vec::new());
    // One column more, in which all boxes end.
    for second in 0..=columns.len() {
        for (bucket, n) in columns.get(second).map_or(&[][..], |column| column.buckets) {
            let row = usize::from(*bucket);
            let Some(here) = shades_here.get_mut(row) else { continue };
            *here = SHADES.iter().filter(|(from, _, _)| n >= from).count();
            filled.push(row);
        }
        boxes.retain(|(row, shade, first)| {
            let goes_on = shades_here[*row] == shade + 1;
            if goes_on {
                shades_here[*row] = 0;
            } else {
                paths[*shade].push_box([x[*first], x[second]], sides[*row]);
            }
            goes_on
        });
        for row in filled.drain(..) {
            if let Some(shade) = std::mem::take(&mut shades_here[row]).checked_sub(1) {
                boxes.push((row, shade, second));
            }
        }
    }
    let mut paths = paths.into_iter().map(Path::into_text);
    SHADES.map(|(_, class, _)| Mark { class, path: paths.next().unwrap_or_default() })
}

/// Latency over time, a column for each step.
pub fn heatmap(title: &str, sentence: String, axis: &TimeAxis, bounds: &[f64], columns: &[Column<'_>]) -> Chart {
    let used = columns.iter().flat_map(|second| second.buckets.iter().map(|(bucket, _)| *bucket));
    let (low, high) = scale_of(bounds, used).unwrap_or((0.1, 10.0));
    let plane = Plane { x: Scale::Linear(axis.end()), y: Scale::log(low, high) };
    let shades = cells(&plane, bounds, columns);
    let names: Vec<String> = all_buckets(bounds).map(|bucket| bucket_name(bounds, bucket)).collect();
    let line = |which: usize| {
        let middle = |(second, column): (usize, &Column<'_>)| (second as f64 + 0.5, column.percentiles[which]);
        plane.broken_line(columns.iter().enumerate().map(middle))
    };
    let lines = [line(0), line(1), line(2)];
    let casings = lines.iter().map(|path| Mark { class: "casing", path: path.clone() });
    let drawn = PERCENTILES.into_iter().zip(&lines).map(|(class, path)| Mark { class, path: path.clone() });
    let point = |(second, column): (usize, &Column<'_>)| {
        axis.point(second, || {
            let [p50, p95, p99] = column.percentiles.map(|ms| ms.map(|ms| millis(Some(ms))).unwrap_or_default());
            let requests = count(column.buckets.iter().map(|(_, n)| n).sum());
            [p50, p95, p99, requests, by_duration(&names, column.buckets)]
        })
    };
    let shade_keys = SHADES.map(|(_, class, name)| Key { class, name: name.to_owned() });
    Chart {
        title: title.to_owned(),
        sentence,
        axes: format!(
            "Milliseconds on a logarithmic scale, {}. The darker a cell, the more requests took that long.",
            axis.words()
        ),
        x: axis.ticks(),
        y: scale_labels(low, high),
        marks: shades.into_iter().chain(casings).chain(drawn).collect(),
        keys: PERCENTILES
            .map(|name| Key { class: name, name: name.to_owned() })
            .into_iter()
            .chain(shade_keys)
            .collect(),
        columns: vec!["time", "p50", "p95", "p99", "requests", "by duration"],
        points: columns.iter().enumerate().map(point).collect(),
        ..Chart::default()
    }
}

/// How long requests took, over the whole time.
pub fn distribution(
    title: &str,
    sentence: String,
    bounds: &[f64],
    buckets: &[(u8, u32)],
    percentiles: [Option<f64>; 3],
) -> Chart {
    let (low, high) = scale_of(bounds, buckets.iter().map(|(bucket, _)| *bucket)).unwrap_or((0.1, 10.0));
    let most = buckets.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
    let total: u32 = buckets.iter().map(|(_, n)| n).sum();
    let plane = Plane { x: Scale::log(low, high), y: Scale::Linear(f64::from(most) * 1.1) };
    let bars = buckets.iter().map(|(bucket, n)| plane.rect(edges(bounds, *bucket), (0.0, f64::from(*n)))).collect();
    let upright = percentiles.into_iter().zip(PERCENTILES);
    let upright = upright.filter_map(|(ms, class)| Some(Mark { class, path: plane.upright(ms?) }));
    let point = |(bucket, n): &(u8, u32)| {
        let (from, to) = edges(bounds, *bucket);
        let share = f64::from(*n) / f64::from(total.max(1)) * 100.0;
        let cells = vec![bucket_name(bounds, *bucket), count(*n), format!("{share:.1} %")];
        Point { at: plane.x.share((from * to).sqrt()), cells }
    };
    let side = super::scale::round_ticks(f64::from(most), 4);
    Chart {
        title: title.to_owned(),
        sentence,
        axes: "Requests by how long they took, in milliseconds on a logarithmic scale.".to_owned(),
        x: scale_labels(low, high),
        y: side
            .into_iter()
            .filter(|n| n.fract() == 0.0)
            .map(|n| Tick { at: plane.y.share(n), text: count(n as u32) })
            .collect(),
        marks: std::iter::once(Mark { class: "bars", path: bars }).chain(upright).collect(),
        keys: PERCENTILES.map(|name| Key { class: name, name: name.to_owned() }).to_vec(),
        columns: vec!["duration", "requests", "share"],
        points: buckets.iter().map(point).collect(),
        ..Chart::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: [f64; 3] = [1.0, 10.0, 100.0];

    #[test]
    fn buckets_have_edges_and_names() {
        let rows =
            [(0, (1.0 / OPEN, 1.0), "below 1 ms"), (1, (1.0, 10.0), "1–10 ms"), (3, (100.0, 150.0), "100 ms and more")];
        for (bucket, expected, name) in rows {
            assert_eq!((edges(&BOUNDS, bucket), bucket_name(&BOUNDS, bucket)), (expected, name.to_owned()));
        }
    }

    #[test]
    fn a_column_has_its_cells_its_lines_and_its_row() {
        let busy = Column { percentiles: [Some(2.0), Some(20.0), Some(20.0)], buckets: &[(1, 3), (2, 1)] };
        let chart = heatmap("Latency", String::new(), &TimeAxis::of_run(2), &BOUNDS, &[busy, Column::default()]);
        assert_eq!(chart.points[0].cells, ["0:00", "2.00 ms", "20.0 ms", "20.0 ms", "4", "1–10 ms: 3, 10–100 ms: 1"]);
        assert_eq!(chart.points[1].cells, ["0:01", "", "", "", "0", ""]);
        let drawn = |class: &str| {
            chart.marks.iter().find(|mark| mark.class == class).map(|mark| mark.path.matches('M').count())
        };
        assert_eq!(
            [drawn("heat-1"), drawn("heat-2"), drawn("heat-3"), drawn("p50")],
            [Some(1), Some(1), Some(0), Some(1)]
        );
    }

    #[test]
    fn neighbours_of_one_shade_are_one_box() {
        let column = |buckets| Column { percentiles: [None; 3], buckets };
        // The row of bucket 1: once, a gap, once more, thrice, and no more.
        let columns = [column(&[(1, 1)]), column(&[(2, 1)]), column(&[(1, 2), (2, 1)]), column(&[(1, 3)])];
        let plane = Plane { x: Scale::Linear(4.0), y: Scale::log(1.0, 100.0) };
        let [once, twice, rest @ ..] = cells(&plane, &BOUNDS, &columns).map(|mark| mark.path);
        assert_eq!(once, "M0 75H150V150H0ZM150 0H450V75H150Z");
        assert_eq!(twice, "M300 75H600V150H300Z");
        assert_eq!(rest, [""; 3]);
    }

    #[test]
    fn a_distribution_shares_out_the_whole() {
        let chart = distribution("How long", String::new(), &BOUNDS, &[(1, 3), (2, 1)], [Some(2.0), None, None]);
        let rows: Vec<_> = chart.points.iter().map(|point| point.cells.join(" ")).collect();
        assert_eq!(rows, ["1–10 ms 3 75.0 %", "10–100 ms 1 25.0 %"]);
        assert_eq!(chart.marks.len(), 2, "bars, and the one percentile that is known");
    }

    #[test]
    fn nothing_measured_draws_an_empty_frame() {
        let chart = heatmap("Latency", String::new(), &TimeAxis::of_run(60), &BOUNDS, &[]);
        assert!(chart.marks.iter().all(|mark| mark.path.is_empty()) && chart.points.is_empty());
        assert_eq!(chart.y.len(), 3, "0.1, 1 and 10 ms");
    }
}
