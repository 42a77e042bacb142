//! What ranges and origins are called on the page.

use crate::metrics::model::{Origins, Range};

impl Range {
    /// The name on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::Minute => "1 min",
            Self::Minutes5 => "5 min",
            Self::Hour => "1 h",
            Self::Day => "24 h",
        }
    }
}

/// The name of an origin on the page.
pub fn origin_title(origin: Origins) -> &'static str {
    match origin {
        Origins::All => "All",
        Origins::Real => "Real",
        Origins::Simulated => "Simulated",
        Origins::Run(_) => "This run",
    }
}
