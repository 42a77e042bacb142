//! The pure core of the metrics: from single requests to the numbers of the dashboard.
//!
//! There is no clock and no I/O here: time is always an argument. [`window`] keeps each
//! [`recorded_request`] in rings of steps ([`ring`]); a query walks over the steps of its period and gives totals,
//! percentiles ([`histogram`]) and the change against the period before ([`trend`]). [`rollup`] sums requests up by
//! minute for the database; [`gauges`] are the program's own vital signs on the same time axis.

pub mod gauges;
pub mod histogram;
pub mod overview;
pub mod recorded_request;
pub mod ring;
pub mod rollup;
pub mod trend;
pub mod window;
