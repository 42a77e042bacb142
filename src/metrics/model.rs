//! The dashboard's numbers, as they cross the wire.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::origin::RunId;
use crate::validation::FieldError;
use crate::wire_name::wire_name;

/// For how many milliseconds an answer about the metrics is shared by all who ask: a divisor of the moments at which it
/// changes by itself, because a second is over or settled.
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

/// The change from the period before, which was as long. Both end with their last step that is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trend {
    /// The change of the number of requests, as a share of those before: 0.1 is a tenth more.
    pub requests: f64,
    /// The change of the error rate, as a difference of shares: 0.05 is five percentage points more.
    pub error_rate: Option<f64>,
    /// The change of the 95th percentile, as a share of the one before.
    pub p95: Option<f64>,
}

/// How far back an overview looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Range {
    /// A minute, by second.
    #[serde(rename = "1m")]
    Minute,
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
    pub const ALL: [Self; 4] = [Self::Minute, Self::Minutes5, Self::Hour, Self::Day];
    /// The longest range of each length of step, the shortest step first.
    pub const BY_STEP: [Self; 3] = [Self::Minutes5, Self::Hour, Self::Day];

    /// The name of the range on the wire.
    pub fn wire_name(self) -> &'static str {
        wire_name(&self)
    }

    /// The length of one step of its time axis, in seconds.
    pub fn step(self) -> i64 {
        match self {
            Self::Minute | Self::Minutes5 => 1,
            Self::Hour => 60,
            Self::Day => 300,
        }
    }

    /// The index of its length of step in [`Range::BY_STEP`]: ranges with steps of the same length share them.
    pub fn step_index(self) -> usize {
        match self {
            Self::Minute | Self::Minutes5 => 0,
            Self::Hour => 1,
            Self::Day => 2,
        }
    }

    /// How many whole steps it has.
    pub fn steps(self) -> i64 {
        match self {
            Self::Minute | Self::Hour => 60,
            Self::Minutes5 => 300,
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

/// The fewest requests of a step for a 95th percentile of its own: with fewer it would be the slowest request.
pub const FEWEST_FOR_P95: u32 = 20;
/// The fewest requests of a step for a 99th percentile of its own.
pub const FEWEST_FOR_P99: u32 = 100;

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
type WirePoint = (i64, [u32; 3], [Option<f64>; 4], Vec<(u8, u32)>);

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
    /// p50, p95 and p99 of the duration in milliseconds. Absent without requests; p95 also below [`FEWEST_FOR_P95`]
    /// requests, and p99 below [`FEWEST_FOR_P99`], where they would be single requests.
    pub percentiles: [Option<f64>; 3],
    /// The longest duration in milliseconds; absent without requests.
    pub max: Option<f64>,
    /// Bucket and number of requests, for the buckets that are not empty: see [`crate::latency_buckets`].
    pub heat: Vec<(u8, u32)>,
}

impl From<WirePoint> for Point {
    fn from((at, [requests, client_errors, server_errors], [p50, p95, p99, max], heat): WirePoint) -> Self {
        Self { at, requests, client_errors, server_errors, percentiles: [p50, p95, p99], max, heat }
    }
}

impl From<Point> for WirePoint {
    fn from(point: Point) -> Self {
        let [p50, p95, p99] = point.percentiles;
        let counts = [point.requests, point.client_errors, point.server_errors];
        (point.at, counts, [p50, p95, p99, point.max], point.heat)
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
    /// The change from the period before; absent without a baseline that can be compared: see [`super::engine::trend`].
    pub trend: Option<Trend>,
    /// The part of the period that is over, in about [`SPARK_POINTS`] intervals, oldest first. The newest one is
    /// complete, and the oldest one may begin before the period, by less than its length.
    pub spark: Vec<SparkPoint>,
    /// The totals by endpoint, the most requested first.
    pub endpoints: Vec<EndpointTotals>,
    /// The number of requests by status.
    pub statuses: Vec<StatusCount>,
    /// The steps that are over, oldest first, without those that have no request.
    pub points: Vec<Point>,
    /// What came since the last step that is over. A chart leaves it out, because it would look like a drop.
    pub open: Point,
    /// Requests whose rows were dropped in this period, as far as known, and are in none of these numbers.
    pub dropped: u32,
}

impl Overview {
    /// The overview without what changes by time alone: two of them are equal if the same requests are in their periods.
    #[must_use]
    pub fn without_time(mut self) -> Self {
        (self.from, self.to, self.open.at) = (0, 0, 0);
        self.totals.rate = 0.0;
        for line in &mut self.endpoints {
            line.totals.rate = 0.0;
        }
        self
    }
}

/// Which overview is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

impl<T> QueryOutcome<T> {
    /// What was found, if the query was not refused.
    pub fn accepted(self) -> Option<T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Refused(_) => None,
        }
    }
}
