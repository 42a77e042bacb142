//! The dashboard's numbers, as they cross the wire.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::origin::RunId;
use crate::validation::FieldError;
use crate::wire_name::wire_name;

/// For how many milliseconds an answer about the metrics stays good: a divisor of the moments at which it changes by itself,
/// because a second is over or settled.
pub const FRESH_MILLIS: u64 = 200;

/// About how many points a sparkline has. Each is an interval of whole steps.
pub const SPARK_POINTS: usize = 30;

/// One interval of the sparklines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SparkPoint {
    /// Requests.
    pub requests: u32,
    /// Requests with status 400 and up.
    pub errors: u32,
    /// 95th percentile of the duration in milliseconds; 0 without requests.
    pub p95: f64,
}

/// The change against the period before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trend {
    /// The change of requests per second, as a share of those before: 0.1 is a tenth more.
    pub requests: f64,
    /// The change of the error rate, as a difference of shares: 0.05 is five percentage points more.
    pub error_rate: Option<f64>,
    /// The change of the 95th percentile, as a share of the one before.
    pub p95: Option<f64>,
}

/// How far back an overview looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Range {
    /// Five minutes, by second.
    #[default]
    #[serde(rename = "5m")]
    Minutes5,
    /// An hour, by minute.
    #[serde(rename = "1h")]
    Hour,
    /// A day, by five minutes.
    #[serde(rename = "24h")]
    Day,
}

impl Range {
    /// All ranges, the shortest first.
    pub const ALL: [Self; 3] = [Self::Minutes5, Self::Hour, Self::Day];

    /// The name of the range on the wire.
    pub fn wire_name(self) -> &'static str {
        wire_name(&self)
    }

    /// The length of one step of its time axis, in seconds.
    pub fn step(self) -> i64 {
        match self {
            Self::Minutes5 => 1,
            Self::Hour => 60,
            Self::Day => 300,
        }
    }

    /// How many whole steps it has.
    pub fn steps(self) -> i64 {
        match self {
            Self::Minutes5 => 300,
            Self::Hour => 60,
            Self::Day => 288,
        }
    }

    /// Its length, in seconds.
    pub fn seconds(self) -> i64 {
        self.step() * self.steps()
    }
}

/// Whose requests count. On the wire `all`, `real`, `simulated`, or the id of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Origins {
    /// All requests.
    #[default]
    All,
    /// Requests that the generator did not make.
    Real,
    /// Requests that the generator made.
    Simulated,
    /// Requests of one run of the generator.
    Run(RunId),
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Real => f.write_str("real"),
            Self::Simulated => f.write_str("simulated"),
            Self::Run(run) => run.fmt(f),
        }
    }
}

impl FromStr for Origins {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            "real" => Ok(Self::Real),
            "simulated" => Ok(Self::Simulated),
            run => run.parse().map(Self::Run),
        }
    }
}

impl From<Origins> for String {
    fn from(origins: Origins) -> Self {
        origins.to_string()
    }
}

impl TryFrom<String> for Origins {
    type Error = uuid::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// The totals of some requests. Durations are in milliseconds, and absent without requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Totals {
    /// Requests.
    pub requests: u32,
    /// Requests with status 400 and up.
    pub errors: u32,
    /// Requests per second of the period.
    pub rate: f64,
    /// Share of errors, from 0 to 1; absent without requests.
    pub error_rate: Option<f64>,
    /// Mean duration.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
}

/// The numbers of one endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EndpointTotals {
    /// The HTTP method.
    pub method: String,
    /// The route template.
    pub route: String,
    /// The totals of its requests.
    pub totals: Totals,
}

/// How often a status was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusCount {
    /// The HTTP status; 499 for a client that went away before the answer.
    pub status: u16,
    /// How many requests.
    pub requests: u32,
}

/// [`Point`] on the wire: a tuple, because the names of its fields would be most of it.
type WirePoint = (i64, [u32; 3], [Option<f64>; 3], Vec<(u8, u32)>);

/// One step of the time axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "WirePoint", into = "WirePoint")]
pub struct Point {
    /// The start of the step, in epoch milliseconds.
    pub at: i64,
    /// Requests.
    pub requests: u32,
    /// Requests with status 400 to 499.
    pub client_errors: u32,
    /// Requests with status 500 and up.
    pub server_errors: u32,
    /// p50, p95 and p99 of the duration in milliseconds; absent without requests.
    pub percentiles: [Option<f64>; 3],
    /// Bucket and number of requests, for the buckets that are not empty: see [`crate::latency_buckets`].
    pub heat: Vec<(u8, u32)>,
}

impl From<WirePoint> for Point {
    fn from((at, [requests, client_errors, server_errors], percentiles, heat): WirePoint) -> Self {
        Self { at, requests, client_errors, server_errors, percentiles, heat }
    }
}

impl From<Point> for WirePoint {
    fn from(point: Point) -> Self {
        (point.at, [point.requests, point.client_errors, point.server_errors], point.percentiles, point.heat)
    }
}

/// [`GaugePoint`] on the wire.
type WireGauge = (i64, [u32; 3], f64, Option<f64>);

/// The program's own vital signs in one step: the worst of its readings, one a second.
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

/// Everything about one period, taken at one moment: `all = real + simulated`, and
/// `totals = points + open`, exactly.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Overview {
    /// How far back.
    pub range: Range,
    /// Whose requests.
    pub origin: Origins,
    /// The start of the period, in epoch milliseconds.
    pub from: i64,
    /// The end of the period, which is the moment of the answer.
    pub to: i64,
    /// The length of a step, in seconds.
    pub step: u32,
    /// All requests of the period, whatever `origin` says.
    pub all: u32,
    /// Real requests of the period.
    pub real: u32,
    /// Simulated requests of the period.
    pub simulated: u32,
    /// Answered requests of the newest second whose rows are complete.
    pub current_rate: u32,
    /// The numbers of the period.
    pub totals: Totals,
    /// The change against the period before; absent without a baseline.
    pub trend: Option<Trend>,
    /// The part of the period that is over, in about [`SPARK_POINTS`] intervals, oldest first.
    pub spark: Vec<SparkPoint>,
    /// The totals by endpoint, the most requested first.
    pub endpoints: Vec<EndpointTotals>,
    /// The number of requests by status.
    pub statuses: Vec<StatusCount>,
    /// The steps that are over, oldest first.
    pub points: Vec<Point>,
    /// What came since the last step that is over. A chart leaves it out, because it would look like a drop.
    pub open: Point,
    /// The program's vital signs on the same time axis; steps of an earlier process are left out.
    pub gauges: Vec<GaugePoint>,
    /// Requests whose rows were dropped in this period, as far as known, and are in none of these numbers.
    pub dropped: u32,
}

/// Which overview is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OverviewQuery {
    /// How far back.
    pub range: Range,
    /// Whose requests.
    pub origin: Origins,
}

/// The outcome of a query. A refusal is a value, because the page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum QueryOutcome<T> {
    /// What was found.
    Found(T),
    /// What is wrong with the fields of the query.
    Refused(Vec<FieldError>),
}
