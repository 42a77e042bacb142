//! The positions of a chart that have a text: labels on an axis, and points with their values.

/// A label on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The position from 0 (left or bottom) to 1.
    pub at: f64,
    /// The label.
    pub text: String,
}

/// One position on the x axis, with the values of all series there.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartPoint {
    /// The position from 0 (left) to 1.
    pub at: f64,
    /// One text for each column of the table.
    pub cells: Vec<String>,
}
