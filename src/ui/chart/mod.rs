//! Charts as SVG. A chart is data: pure functions turn numbers into a [`Chart`], and one function renders any of them, on the
//! server and in the browser alike.

pub mod axis;
pub mod frame;
pub mod latency;
pub mod lines;
pub mod past;
pub mod rate;
pub mod reader;
pub mod scale;
pub mod spark;
pub mod stacked;
mod svg;
pub mod waterfall;

use super::table::{TableCell, row_with};

/// The charts of a page whose tables are rendered with their rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Rows {
    /// All charts, for a page without a script.
    All,
    /// The charts with these ids.
    Of(Vec<String>),
}

impl Rows {
    /// Parses the parameter of a server function: `all`, or ids separated by commas. Reads at most eight ids, more than any page
    /// has charts.
    pub fn read(text: &str) -> Self {
        match text {
            "all" => Self::All,
            ids => Self::Of(ids.split(',').filter(|id| !id.is_empty()).take(8).map(str::to_owned).collect()),
        }
    }

    /// Does the table of this chart have its rows?
    pub fn has(&self, chart: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of(ids) => ids.iter().any(|id| id == chart),
        }
    }
}

/// Everything about a chart: its picture, its table, and its description in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// The caption.
    pub title: String,
    /// What the chart shows, in a sentence.
    pub sentence: String,
    /// What the axes are, for people who can't see them.
    pub axes: String,
    /// Labels along the bottom.
    pub x: Vec<Tick>,
    /// Labels along the side.
    pub y: Vec<Tick>,
    /// The shapes of the picture, from back to front.
    pub marks: Vec<Mark>,
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

/// A label on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The position from 0 (left or bottom) to 1.
    pub at: f64,
    /// The label.
    pub text: String,
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

/// One position on the x axis, with the values of all series there.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartPoint {
    /// The position from 0 (left) to 1.
    pub at: f64,
    /// One text for each column of the table.
    pub cells: Vec<String>,
}

impl Chart {
    /// The headers of all columns.
    pub fn heads(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().copied().chain(self.more_columns.iter().map(String::as_str))
    }

    /// The rows of the table as HTML.
    pub fn rows_html(&self) -> String {
        let at = |point: &ChartPoint| format!(" data-at=\"{:.4}\"", point.at);
        self.points.iter().map(|point| row_with(&at(point), point.cells.iter().map(TableCell::text))).collect()
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
    fn the_table_has_a_row_for_each_point() {
        assert_eq!(
            chart().rows_html(),
            "<tr data-at=\"0.0000\"><th scope=\"row\">0:00</th><td>19.8</td><td>20</td></tr><tr data-at=\"0.5000\"><th scope=\"row\">0:01</th><td>19.8</td><td>–</td></tr>"
        );
    }
}
