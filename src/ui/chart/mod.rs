//! Charts as SVG. A chart is data: pure functions turn numbers into a [`Chart`], and [`figure::ChartFigure`] shows any of them.

pub mod axis;
pub mod figure;
pub mod group;
pub mod latency;
pub mod legend;
pub mod lines;
pub mod past;
pub mod picture;
pub mod point;
pub mod pointer;
pub mod rate;
pub mod scale;
pub mod spark;
pub mod stacked;
pub mod table;
pub mod waterfall;

use self::axis::TimeAxis;
use self::point::{ChartPoint, Tick};

/// Everything about a chart: its picture, its table, and its description in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// The caption.
    pub title: String,
    /// What the chart shows, in a sentence.
    pub sentence: String,
    /// What the axes are, for people who can't see them.
    pub axes: String,
    /// What the numbers along the side are, such as `requests per second`.
    pub unit: &'static str,
    /// The time axis; `None` for a chart that shows something else along the bottom.
    pub axis: Option<TimeAxis>,
    /// Labels along the bottom of a chart without a time axis.
    pub x: Vec<Tick>,
    /// Labels along the side.
    pub y: Vec<Tick>,
    /// The shapes of the picture, from back to front.
    pub marks: Vec<Mark>,
    /// Named periods above the picture, each with a link.
    pub bands: Vec<ChartBand>,
    /// The entries of the legend.
    pub keys: Vec<Key>,
    /// The headers of the table's columns.
    pub columns: Vec<&'static str>,
    /// Further column headers that depend on the data.
    pub more_columns: Vec<String>,
    /// The points of the picture, which are the rows of the table.
    pub points: Vec<ChartPoint>,
    /// Which points the table leaves out, in a sentence; empty if none.
    pub left_out: &'static str,
}

/// A named period of a chart, such as a run.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartBand {
    /// The start, as a share of the width.
    pub from: f64,
    /// The end, as a share of the width.
    pub to: f64,
    /// The name.
    pub name: String,
    /// The page about it.
    pub href: String,
}

impl ChartBand {
    /// Does it begin in the right half of the picture? Then its name ends where it ends.
    pub fn is_late(&self) -> bool {
        self.from > 0.5
    }

    /// Where a name that is `width` wide stands, as two shares of the width of the picture.
    pub fn name_span(&self, width: f64) -> (f64, f64) {
        if self.is_late() { (self.to - width, self.to) } else { (self.from, self.from + width) }
    }
}

/// One shape of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// The class in the style sheet.
    pub class: &'static str,
    /// The `d` attribute of an SVG path, in the units of [`scale`].
    pub path: String,
}

/// An entry of the legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The class of the marks that the entry explains.
    pub class: &'static str,
    /// What the marks stand for.
    pub name: String,
}

impl Key {
    /// The entry `name` for the marks of this class.
    pub fn new(class: &'static str, name: impl Into<String>) -> Self {
        Self { class, name: name.into() }
    }
}

impl Chart {
    /// The labels along the bottom of the part of the picture between two shares of its width, with their positions as
    /// shares of that part.
    pub fn bottom_ticks(&self, (from, to): (f64, f64)) -> Vec<Tick> {
        let ticks = self.axis.map_or_else(|| self.x.clone(), |axis| axis.ticks_between(from, to));
        let visible = |tick: Tick| Tick { at: (tick.at - from) / (to - from), ..tick };
        ticks.into_iter().map(visible).filter(|tick| (-1e-6..=1.0 + 1e-6).contains(&tick.at)).collect()
    }

    /// The index of the point that is nearest to a share of the width.
    pub fn nearest(&self, share: f64) -> Option<usize> {
        let distance = |point: &ChartPoint| (point.at - share).abs();
        let points = self.points.iter().enumerate();
        points.min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b))).map(|(index, _)| index)
    }

    /// The values of a point, each with the name of its column; those that are absent are left out.
    pub fn values(&self, index: usize) -> Vec<(String, String)> {
        let Some(point) = self.points.get(index) else { return Vec::new() };
        let named = self.heads().zip(&point.cells).filter(|(_, cell)| !cell.is_empty());
        named.map(|(head, cell)| (head.to_owned(), cell.clone())).collect()
    }

    /// The values of a point as one text: "0:12 · planned 19.8 · sent 20". The first column is the time, which needs no
    /// name.
    pub fn reading(&self, index: usize) -> String {
        let mut values = self.values(index).into_iter();
        let time = values.next().map(|(_, time)| time);
        let others = values.map(|(head, value)| format!("{head} {value}"));
        time.into_iter().chain(others).collect::<Vec<_>>().join(" · ")
    }

    /// The headers of all columns.
    pub fn heads(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().copied().chain(self.more_columns.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        let point = |at: f64, cells: [&str; 3]| ChartPoint { at, cells: cells.map(str::to_owned).to_vec() };
        Chart {
            columns: vec!["time", "planned", "sent"],
            points: vec![point(0.0, ["0:00", "19.8", "20"]), point(0.5, ["0:01", "19.8", ""])],
            ..Chart::default()
        }
    }

    #[test]
    fn a_reading_names_the_values_that_exist() {
        assert_eq!(chart().reading(0), "0:00 · planned 19.8 · sent 20");
        assert_eq!(chart().reading(1), "0:01 · planned 19.8");
        assert_eq!(chart().reading(2), "");
    }

    #[test]
    fn the_nearest_point_is_read() {
        assert_eq!([0.2, 0.3, 0.9].map(|share| chart().nearest(share)), [Some(0), Some(1), Some(1)]);
        assert_eq!(Chart::default().nearest(0.5), None);
    }

    #[test]
    fn the_labels_of_a_part_stand_where_they_do_in_the_whole() {
        let tick = |at: f64, text: &str| Tick { at, text: text.to_owned() };
        let chart = Chart { x: vec![tick(0.0, "a"), tick(0.5, "b"), tick(1.0, "c")], ..Chart::default() };
        assert_eq!(chart.bottom_ticks((0.0, 1.0)), chart.x);
        assert_eq!(chart.bottom_ticks((0.25, 0.75)), [tick(0.5, "b")]);
        let run = Chart { axis: Some(TimeAxis::of_run(60)), ..Chart::default() };
        let texts = |part| run.bottom_ticks(part).into_iter().map(|tick| tick.text).collect::<Vec<_>>();
        assert_eq!(texts((0.0, 1.0)), ["0:00", "0:15", "0:30", "0:45", "1:00"]);
        assert_eq!(texts((0.5, 0.6)), ["0:30", "0:32", "0:34", "0:36"]);
    }
}
