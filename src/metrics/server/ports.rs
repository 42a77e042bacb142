//! What the metrics show of the rest of the program, declared here and connected in the wiring.

use std::time::Duration;

use crate::origin::RunId;

/// Knows how the rest of the program is doing.
pub trait Vitals: Send + Sync + 'static {
    /// How late the newest request of the active run left.
    fn pacer_lag(&self) -> Option<Duration>;
    /// The run that is not closed, if there is one: none of its requests may be removed.
    fn open_run(&self) -> Option<RunId>;
    /// Live streams that are open.
    fn open_streams(&self) -> u32;
    /// More numbers for `/metrics`.
    fn families(&self) -> Vec<Family>;
}

/// Numbers of one name in `/metrics`.
#[derive(Clone, Debug)]
pub struct Family {
    /// Its name, without the program's prefix.
    pub name: &'static str,
    /// What it counts, in one sentence.
    pub help: &'static str,
    /// `counter` (only grows; its name ends in `_total`) or `gauge`.
    pub kind: &'static str,
    /// Labels and value of each one. Label values come from a known, small set.
    pub samples: Vec<(Vec<(&'static str, &'static str)>, f64)>,
}
