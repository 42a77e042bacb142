//! Charts as SVG. A chart is data: pure functions turn numbers into a [`Chart`], and one function
//! draws any of them, on the server and in the browser alike.

pub mod axis;
pub mod frame;
pub mod latency;
pub mod lines;
pub mod past;
pub mod path;
pub mod rate;
pub mod reader;
pub mod scale;
pub mod spark;
pub mod stacked;
mod svg;
pub mod waterfall;

pub use frame::ChartFrame;

use super::table::{Cell, row_with};

/// Which charts of a page are to have their points as rows of their tables.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Rows {
    /// All, for a page without a script.
    All,
    /// Those with these ids.
    Of(Vec<String>),
}

impl Rows {
    /// As a question has it: `all`, or ids with commas between. No page has more charts than are read here.
    pub fn read(text: &str) -> Self {
        match text {
            "all" => Self::All,
            ids => Self::Of(ids.split(',').filter(|id| !id.is_empty()).take(8).map(str::to_owned).collect()),
        }
    }

    /// Is this chart among them?
    pub fn has(&self, chart: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of(ids) => ids.iter().any(|id| id == chart),
        }
    }
}

/// Everything about a chart: what is drawn, what its table says, and how it is put into words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// Its name.
    pub title: String,
    /// What it shows now, in a sentence.
    pub sentence: String,
    /// What the axes are, for those who can't see them.
    pub axes: String,
    /// Marks along the bottom.
    pub x: Vec<Tick>,
    /// Marks along the side.
    pub y: Vec<Tick>,
    /// What is drawn, from back to front.
    pub marks: Vec<Mark>,
    /// What the marks mean.
    pub keys: Vec<Key>,
    /// The heads of the table's columns.
    pub columns: Vec<&'static str>,
    /// Further heads, where the data decide which there are.
    pub more_columns: Vec<String>,
    /// The drawn points, which are the rows of the table.
    pub points: Vec<Point>,
    /// What is not in the table, in a sentence; empty when everything is.
    pub left_out: &'static str,
}

/// A labelled place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// From 0 (left or bottom) to 1.
    pub at: f64,
    /// Its label.
    pub text: String,
}

/// One thing that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// The class of the style sheet that says how it looks.
    pub class: &'static str,
    /// The `d` of an SVG path, in the units of [`scale`].
    pub path: String,
}

/// An entry of the legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The class of the marks that it explains.
    pub class: &'static str,
    /// What they are.
    pub name: String,
}

/// One drawn point, or all that are drawn at one place of the x axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its place from 0 (left) to 1.
    pub at: f64,
    /// One text for each column of the table.
    pub cells: Vec<String>,
}

impl Chart {
    /// The heads of all columns.
    pub fn heads(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().copied().chain(self.more_columns.iter().map(String::as_str))
    }

    /// The rows of the table as HTML.
    pub fn rows_html(&self) -> String {
        let at = |point: &Point| format!(" data-at=\"{:.4}\"", point.at);
        self.points.iter().map(|point| row_with(&at(point), point.cells.iter().map(Cell::text))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        let point = |at: f64, cells: [&str; 3]| Point { at, cells: cells.map(str::to_owned).to_vec() };
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
