//! What the metrics need from the rest of the program. `server/compose.rs` connects it.

use std::time::Duration;

use async_trait::async_trait;

use crate::metrics::log_model::NamedRun;
use crate::origin::RunId;
use crate::platform::database::StoreError;

/// The status of the rest of the program.
pub trait ProgramStatus: Send + Sync + 'static {
    /// How late the newest request of the active run left.
    fn scheduling_delay(&self) -> Option<Duration>;
    /// The run that is not closed, if there is one: none of its requests may be removed.
    fn open_run(&self) -> Option<RunId>;
    /// How many live streams are open.
    fn open_streams(&self) -> u32;
    /// More numbers for `/metrics`.
    fn families(&self) -> Vec<Family>;
}

/// How a number of `/metrics` changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    /// It only grows. Its name ends in `_total`.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// The numbers of one name in `/metrics`.
#[derive(Clone, Debug)]
pub struct Family {
    /// The name, without the program's prefix.
    pub name: &'static str,
    /// What it counts, in one sentence.
    pub help: &'static str,
    /// How it changes.
    pub kind: FamilyKind,
    /// The names of the labels.
    pub labels: &'static [&'static str],
    /// The values of the labels, in the order of the names, and the number. No client can choose a value, and there are only
    /// a few at a time.
    pub samples: Vec<(Vec<String>, f64)>,
}

impl Family {
    /// A single number that only grows.
    pub fn counter(name: &'static str, help: &'static str, value: f64) -> Self {
        Self { name, help, kind: FamilyKind::Counter, labels: &[], samples: vec![(Vec::new(), value)] }
    }

    /// A single number that goes up and down.
    pub fn gauge(name: &'static str, help: &'static str, value: f64) -> Self {
        Self { kind: FamilyKind::Gauge, ..Self::counter(name, help, value) }
    }
}

/// Knows what people call the runs.
#[async_trait]
pub trait RunNames: Send + Sync + 'static {
    /// The name of a run. `None` if it is not known any more, or can't be read.
    async fn name(&self, run: RunId) -> Result<Option<NamedRun>, StoreError>;
    /// The newest runs that can be read, at most `count` of them, the newest first.
    async fn newest(&self, count: u32) -> Result<Vec<NamedRun>, StoreError>;
}
