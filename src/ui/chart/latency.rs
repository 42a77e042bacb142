//! Latency in buckets: over time as a heatmap under the lines of the percentiles, and as a distribution.
//!
//! Bucket 0 holds what is below the first bound, bucket i what is from bound i − 1 up to below bound i, and the last bucket
//! everything above. Bounds are in milliseconds, ascending.

use super::axis::TimeAxis;
use super::point::{ChartPoint, Tick};
use super::scale::{Plane, Scale, box_path, decade_ticks, round_ticks};
use super::{Chart, Key, Mark};
use crate::ui::format::{count, millis};

/// The measurements of one step of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column<'a> {
    /// The median in milliseconds; `None` without a measurement.
    pub p50: Option<f64>,
    /// The 95th percentile in milliseconds; `None` where there are too few measurements for one.
    pub p95: Option<f64>,
    /// The slowest in milliseconds; `None` without a measurement.
    pub max: Option<f64>,
    /// Bucket and number of measurements, for each bucket that is not empty.
    pub buckets: &'a [(u8, u32)],
}

impl Column<'_> {
    /// The values of [`LINES`].
    fn lines(&self) -> [Option<f64>; 3] {
        [self.p50, self.p95, self.max]
    }
}

const PERCENTILES: [&str; 3] = ["p50", "p95", "p99"];
/// The lines over the heatmap.
const LINES: [&str; 3] = ["p50", "p95", "max"];
/// The shades of the heatmap: the lowest number of measurements, class, and legend.
const SHADES: [(u32, &str, &str); 5] = [
    (1, "heat-1", "1 request"),
    (2, "heat-2", "2–3"),
    (4, "heat-3", "4–7"),
    (8, "heat-4", "8–15"),
    (16, "heat-5", "16 or more"),
];
/// The factor between the edges of the two open buckets at the ends, which have one bound only.
const OPEN: f64 = 1.5;

/// The edges between which a bucket is shown, in milliseconds.
fn edges(bounds: &[f64], bucket: u8) -> (f64, f64) {
    let bound = |i: usize| bounds.get(i).copied();
    let i = usize::from(bucket);
    let high = bound(i);
    let low = i.checked_sub(1).and_then(bound);
    let low = low.or_else(|| high.map(|high| high / OPEN)).unwrap_or(1.0);
    (low, high.unwrap_or(low * OPEN))
}

/// The name of a bucket: "0.68–1 ms".
fn bucket_name(bounds: &[f64], bucket: u8) -> String {
    let (low, high) = edges(bounds, bucket);
    match usize::from(bucket) {
        0 => format!("below {high} ms"),
        i if i >= bounds.len() => format!("{low} ms or more"),
        _ => format!("{low}–{high} ms"),
    }
}

/// All buckets between and beside these bounds.
fn all_buckets(bounds: &[f64]) -> impl Iterator<Item = u8> {
    0..=bounds.len() as u8
}

/// The counts of all buckets: "0.68–1 ms: 12, 1–1.5 ms: 3".
fn by_duration(names: &[String], buckets: &[(u8, u32)]) -> String {
    let named = buckets.iter().filter_map(|(bucket, n)| Some(format!("{}: {n}", names.get(usize::from(*bucket))?)));
    named.collect::<Vec<_>>().join(", ")
}

/// The range of a scale over the buckets in use, with one more at each end.
fn scale_of(bounds: &[f64], used: impl Iterator<Item = u8> + Clone) -> Option<(f64, f64)> {
    let first = used.clone().min()?.saturating_sub(1);
    let last = (used.max()? + 1).min(bounds.len() as u8);
    Some((edges(bounds, first).0, edges(bounds, last).1))
}

/// The labels of a logarithmic axis: the powers of ten, and 2 and 5 times these where there is room.
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

/// The shade of a number of measurements, if there are any.
fn shade(n: u32) -> Option<usize> {
    SHADES.iter().rposition(|(from, _, _)| n >= *from)
}

/// The cells of a heatmap, by shade. Neighbours in a row that have the same shade are one box, so that there are no seams,
/// and a steady day is a few boxes instead of thousands.
fn cells(plane: &Plane, bounds: &[f64], columns: &[Column<'_>]) -> [Mark; SHADES.len()] {
    let mut paths = SHADES.map(|_| String::new());
    for bucket in all_buckets(bounds) {
        let (low, high) = edges(bounds, bucket);
        let sides = [plane.y(low), plane.y(high)];
        let count = |column: &Column<'_>| column.buckets.iter().find(|(one, _)| *one == bucket).map_or(0, |(_, n)| *n);
        let shades: Vec<_> = columns.iter().map(|column| shade(count(column))).collect();
        let mut start = 0;
        for same in shades.chunk_by(|a, b| a == b) {
            let end = start + same.len();
            if let Some(shade) = same[0] {
                paths[shade].push_str(&box_path([plane.x(start as f64), plane.x(end as f64)], sides));
            }
            start = end;
        }
    }
    let mut paths = paths.into_iter();
    SHADES.map(|(_, class, _)| Mark { class, path: paths.next().unwrap_or_default() })
}

fn percentile_keys() -> Vec<Key> {
    PERCENTILES.map(|name| Key::new(name, name)).to_vec()
}

/// Latency over time, with a column for each step.
pub fn heatmap(title: &str, sentence: String, axis: &TimeAxis, bounds: &[f64], columns: &[Column<'_>]) -> Chart {
    let used = columns.iter().flat_map(|column| column.buckets.iter().map(|(bucket, _)| *bucket));
    let (low, high) = scale_of(bounds, used).unwrap_or((0.1, 10.0));
    let plane = Plane { x: Scale::Linear(axis.end()), y: Scale::log(low, high) };
    let shades = cells(&plane, bounds, columns);
    let names: Vec<String> = all_buckets(bounds).map(|bucket| bucket_name(bounds, bucket)).collect();
    let lines = [0, 1, 2].map(|which| {
        let middle = |(second, column): (usize, &Column<'_>)| (second as f64 + 0.5, column.lines()[which]);
        plane.broken_line(columns.iter().enumerate().map(middle))
    });
    let casings = lines.clone().map(|path| Mark { class: "casing", path });
    let lines = LINES.into_iter().zip(lines).map(|(class, path)| Mark { class, path });
    let point = |(second, column): (usize, &Column<'_>)| axis.point(second, || column_cells(&names, column));
    let shade_keys = SHADES.map(|(_, class, name)| Key::new(class, name));
    Chart {
        title: title.to_owned(),
        sentence,
        axes: format!(
            "Milliseconds on a logarithmic scale, {}. The darker a cell, the more requests took that long.",
            axis.description()
        ),
        unit: "latency",
        axis: Some(*axis),
        y: scale_labels(low, high),
        marks: shades.into_iter().chain(casings).chain(lines).collect(),
        keys: LINES.map(|name| Key::new(name, name)).into_iter().chain(shade_keys).collect(),
        columns: vec!["time", "p50", "p95", "max", "requests", "by duration"],
        points: columns.iter().enumerate().map(point).collect(),
        ..Chart::default()
    }
}

/// The row of a column, without its time.
fn column_cells(bucket_names: &[String], column: &Column<'_>) -> [String; 5] {
    let [p50, p95, max] = column.lines().map(|ms| ms.map(|ms| millis(Some(ms))).unwrap_or_default());
    let requests = count(column.buckets.iter().map(|(_, n)| n).sum());
    [p50, p95, max, requests, by_duration(bucket_names, column.buckets)]
}

/// The distribution of all latencies.
pub fn distribution(
    title: &str,
    sentence: String,
    bounds: &[f64],
    buckets: &[(u8, u32)],
    percentiles: [Option<f64>; 3],
) -> Chart {
    let (low, high) = scale_of(bounds, buckets.iter().map(|(bucket, _)| *bucket)).unwrap_or((0.1, 10.0));
    let highest = buckets.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
    let total: u32 = buckets.iter().map(|(_, n)| n).sum();
    let plane = Plane { x: Scale::log(low, high), y: Scale::Linear(f64::from(highest) * 1.1) };
    let bars = buckets.iter().map(|(bucket, n)| plane.rect(edges(bounds, *bucket), (0.0, f64::from(*n)))).collect();
    let upright = percentiles.into_iter().zip(PERCENTILES);
    let upright = upright.filter_map(|(ms, class)| Some(Mark { class, path: plane.upright(ms?) }));
    let point = |(bucket, n): &(u8, u32)| {
        let (from, to) = edges(bounds, *bucket);
        let share = f64::from(*n) / f64::from(total.max(1)) * 100.0;
        let cells = vec![bucket_name(bounds, *bucket), count(*n), format!("{share:.1} %")];
        ChartPoint { at: plane.x.share((from * to).sqrt()), cells }
    };
    let side = round_ticks(f64::from(highest), 4).into_iter().filter(|n| n.fract() == 0.0);
    Chart {
        title: title.to_owned(),
        sentence,
        unit: "requests",
        axes: "Number of requests by latency, in milliseconds on a logarithmic scale.".to_owned(),
        x: scale_labels(low, high),
        y: side.map(|n| Tick { at: plane.y.share(n), text: count(n as u32) }).collect(),
        marks: std::iter::once(Mark { class: "bars", path: bars }).chain(upright).collect(),
        keys: percentile_keys(),
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
            [(0, (1.0 / OPEN, 1.0), "below 1 ms"), (1, (1.0, 10.0), "1–10 ms"), (3, (100.0, 150.0), "100 ms or more")];
        for (bucket, expected, name) in rows {
            assert_eq!((edges(&BOUNDS, bucket), bucket_name(&BOUNDS, bucket)), (expected, name.to_owned()));
        }
    }

    #[test]
    fn a_column_has_cells_lines_and_a_row() {
        let busy = Column { p50: Some(2.0), p95: None, max: Some(20.0), buckets: &[(1, 3), (2, 1)] };
        let chart = heatmap("Latency", String::new(), &TimeAxis::of_run(2), &BOUNDS, &[busy, Column::default()]);
        assert_eq!(chart.points[0].cells, ["0:00", "2.00 ms", "", "20.0 ms", "4", "1–10 ms: 3, 10–100 ms: 1"]);
        assert_eq!(chart.points[1].cells, ["0:01", "", "", "", "0", ""]);
        let shapes = |class: &str| {
            chart.marks.iter().find(|mark| mark.class == class).map(|mark| mark.path.matches('M').count())
        };
        assert_eq!(
            [shapes("heat-1"), shapes("heat-2"), shapes("heat-3"), shapes("p50")],
            [Some(1), Some(1), Some(0), Some(1)]
        );
    }

    #[test]
    fn neighbours_of_one_shade_are_one_box() {
        let column = |buckets| Column { buckets, ..Column::default() };
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
    fn without_measurements_the_frame_is_empty() {
        let chart = heatmap("Latency", String::new(), &TimeAxis::of_run(60), &BOUNDS, &[]);
        assert!(chart.marks.iter().all(|mark| mark.path.is_empty()) && chart.points.is_empty());
        assert_eq!(chart.y.len(), 3, "0.1, 1 and 10 ms");
    }
}
