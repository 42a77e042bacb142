//! The pure core of the metrics: from single requests to the numbers of the dashboard.
//!
//! No clock, no I/O: time is always an argument. The way of a request: [`window`] keeps it in rings
//! of steps ([`ring`]) → a query walks over the steps of its period and gives totals, percentiles
//! ([`histogram`]) and the change against the period before ([`trend`]). [`rollup`] is the same sum
//! by minute, for the database; [`gauges`] are the program's own vital signs on the same time axis.

pub mod gauges;
pub mod histogram;
pub mod overview;
pub mod ring;
pub mod rollup;
pub mod trend;
pub mod window;

/// One recorded request, as far as the numbers need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample<'a> {
    /// When it arrived, in epoch microseconds.
    pub at: i64,
    /// The HTTP method.
    pub method: &'a str,
    /// The route template.
    pub route: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// How long the answer took, in microseconds.
    pub duration: u32,
    /// Who made it.
    pub source: Source,
}

impl Sample<'_> {
    /// The second in which it arrived, since the epoch.
    pub fn second(&self) -> i64 {
        self.at.div_euclid(1_000_000)
    }
}

/// Who made a request, as the numbers tell requests apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A person or a program that uses the API.
    Real,
    /// The traffic generator; in minutes and longer steps the run is not kept.
    Simulated(Option<crate::origin::RunId>),
}

impl From<crate::origin::Origin> for Source {
    fn from(origin: crate::origin::Origin) -> Self {
        match origin {
            crate::origin::Origin::Real => Self::Real,
            crate::origin::Origin::Simulated { run, .. } => Self::Simulated(Some(run)),
        }
    }
}

/// Is an answer of this status an error? 400 and up, as everywhere on the dashboard.
pub fn is_error(status: u16) -> bool {
    status >= 400
}
