//! The health of the simulator and the database, as it crosses the wire.

use serde::{Deserialize, Serialize};

use super::model::Range;

/// The program's own vital signs over a range.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Health {
    /// How far back.
    pub range: Range,
    /// The moment of the answer, in epoch milliseconds.
    pub now: i64,
    /// The steps that are over, oldest first, without those that have no reading: they are of an earlier process.
    pub points: Vec<GaugePoint>,
}

/// [`GaugePoint`] on the wire: a tuple, because the names of its fields would be most of it.
type WireGauge = (i64, [u32; 3], f64, Option<f64>);

/// The vital signs in one step: the worst of its readings, one a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "WireGauge", into = "WireGauge")]
pub struct GaugePoint {
    /// The start of the step, in epoch milliseconds.
    pub at: i64,
    /// Rows that waited for the writer.
    pub writer_queue: u32,
    /// Rows that were dropped in this step.
    pub dropped: u32,
    /// Live streams that were open.
    pub open_streams: u32,
    /// How long the writer had to wait for the database, in milliseconds.
    pub database_wait: f64,
    /// How late the newest request of the active run had left, in milliseconds; absent without a run.
    pub scheduling_delay: Option<f64>,
}

impl From<WireGauge> for GaugePoint {
    fn from((at, [writer_queue, dropped, open_streams], database_wait, scheduling_delay): WireGauge) -> Self {
        Self { at, writer_queue, dropped, open_streams, database_wait, scheduling_delay }
    }
}

impl From<GaugePoint> for WireGauge {
    fn from(point: GaugePoint) -> Self {
        let counts = [point.writer_queue, point.dropped, point.open_streams];
        (point.at, counts, point.database_wait, point.scheduling_delay)
    }
}
