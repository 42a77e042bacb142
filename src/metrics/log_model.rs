//! The request log as it crosses the wire.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::engine::recorded_request::RecordedRequest;
use super::model::{Origins, Range};
use crate::origin::{Origin, RunId};
use crate::wire_name::{of_wire_name, wire_name};

/// How many requests a page of the log holds.
pub const LOG_PAGE: u32 = 50;

/// How many of the newest requests the dashboard lists.
pub const NEWEST: u32 = 8;

/// The requests that match a filter are counted up to this number: to count on would take longer than it tells.
pub const MOST_COUNTED: u32 = 10_000;

/// The requests that came after a page was loaded are counted up to this number.
pub const MOST_NEWER: u32 = 1000;

/// The longest duration by which requests can be filtered, in milliseconds: an hour.
pub const LONGEST: u32 = 3_600_000;

/// The last page of the log: requests further down are better found by a filter. To find the slowest requests, the
/// database sorts all requests of the period and keeps those of every earlier page.
pub fn last_page(slowest: bool) -> u32 {
    if slowest { 100 } else { 1000 }
}

/// Requests with times in the future are counted up to this number.
pub const FUTURE_COUNTED: u32 = 1000;

/// A group of statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusClass {
    /// Below 400.
    Ok,
    /// 400 and up.
    Errors,
    /// 400 to 499.
    #[serde(rename = "4xx")]
    Client,
    /// 500 and up.
    #[serde(rename = "5xx")]
    Server,
}

impl StatusClass {
    /// All classes.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Errors, Self::Client, Self::Server];

    /// The name of the class on the wire.
    pub fn wire_name(self) -> &'static str {
        wire_name(&self)
    }

    /// The lowest and the highest status of the class.
    pub fn bounds(self) -> (u16, u16) {
        match self {
            Self::Ok => (0, 399),
            Self::Errors => (400, 999),
            Self::Client => (400, 499),
            Self::Server => (500, 999),
        }
    }
}

/// The statuses that a filter lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// All statuses of a group.
    Class(StatusClass),
    /// This status alone.
    Exact(u16),
}

impl StatusFilter {
    /// The filter with this name: that of a group, or a status from 100 to 599. `None` for any other text.
    pub fn of_name(name: &str) -> Option<Self> {
        let exact = || name.parse().ok().filter(|status| (100..=599).contains(status)).map(Self::Exact);
        of_wire_name(name).map(Self::Class).or_else(exact)
    }

    /// The name on the wire.
    pub fn name(self) -> String {
        match self {
            Self::Class(class) => class.wire_name().to_owned(),
            Self::Exact(status) => status.to_string(),
        }
    }

    /// The lowest and the highest status that it lets through.
    pub fn bounds(self) -> (u16, u16) {
        match self {
            Self::Class(class) => class.bounds(),
            Self::Exact(status) => (status, status),
        }
    }
}

/// Which page of the request log is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogQuery {
    /// How far back. It does not count when the requests of one run or of one id are wanted.
    pub range: Range,
    /// Whose requests.
    pub origin: Origins,
    /// Only these statuses.
    pub status: Option<StatusFilter>,
    /// Only this method and route.
    pub endpoint: Option<(String, String)>,
    /// Only requests that took this long or longer, in microseconds.
    pub min_duration: Option<u32>,
    /// Only the request with this id.
    pub id: Option<Uuid>,
    /// The slowest first, instead of the newest.
    pub slowest: bool,
    /// Which page, from 1.
    pub page: u32,
}

impl Default for LogQuery {
    fn default() -> Self {
        Self {
            range: Range::default(),
            origin: Origins::default(),
            status: None,
            endpoint: None,
            min_duration: None,
            id: None,
            slowest: false,
            page: 1,
        }
    }
}

/// A recorded request as it crosses the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoggedRequest {
    /// The id in the answer's `x-request-id` and in the server's log.
    pub request_id: Uuid,
    /// When it arrived, in epoch microseconds.
    pub at: i64,
    /// The HTTP method.
    pub method: String,
    /// The route template.
    pub route: String,
    /// The HTTP status.
    pub status: u16,
    /// How long the answer took, in milliseconds.
    pub duration: f64,
    /// The run that made it, if one did.
    pub run: Option<RunId>,
    /// Its place in the plan of that run.
    pub seq: Option<u32>,
}

impl From<RecordedRequest> for LoggedRequest {
    fn from(request: RecordedRequest) -> Self {
        let (run, seq) = match request.origin {
            Origin::Real => (None, None),
            Origin::Simulated { run, seq } => (Some(run), Some(seq)),
        };
        Self {
            request_id: request.id,
            at: request.arrived_at,
            method: request.method.into_owned(),
            route: request.route.into_owned(),
            status: request.status,
            duration: f64::from(request.duration_us) / 1000.0,
            run,
            seq,
        }
    }
}

/// The name of a run, and when it started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamedRun {
    /// The id of the run.
    pub run: RunId,
    /// What people call it.
    pub name: String,
    /// When it started, in epoch milliseconds.
    pub started: i64,
}

/// One page of the request log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogPage {
    /// At most [`LOG_PAGE`] requests.
    pub requests: Vec<LoggedRequest>,
    /// The names of the runs that made them. A run that is not known any more has none.
    #[serde(default)]
    pub runs: Vec<NamedRun>,
    /// Whether there is another page.
    pub more: bool,
    /// How many requests match the filter. A number above [`MOST_COUNTED`] stands for any larger one. `None` when they
    /// were not counted.
    #[serde(default)]
    pub matching: Option<u32>,
    /// When the page was made, in epoch microseconds.
    #[serde(default)]
    pub to: i64,
    /// Requests that arrived after this moment, in epoch microseconds, count as newer than the page.
    #[serde(default)]
    pub seen: i64,
    /// How many recorded requests, whoever made them, carry times after now, because an earlier clock was ahead; at most
    /// [`FUTURE_COUNTED`]. They are on no page.
    #[serde(default)]
    pub future: u32,
}

/// A request, and the run that made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestDetails {
    /// What was recorded of the request.
    pub request: LoggedRequest,
    /// The run that made it; `None` for a real request, and for a run that is not known any more.
    pub run: Option<NamedRun>,
}

/// What the filters of the log offer to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogChoices {
    /// The endpoints that were called lately, as `GET /api/v1/users`, in the order of their names.
    pub endpoints: Vec<String>,
    /// The newest runs, the newest first.
    pub runs: Vec<NamedRun>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_filter_is_a_group_or_one_status() {
        let rows = [
            ("ok", Some((0, 399))),
            ("errors", Some((400, 999))),
            ("4xx", Some((400, 499))),
            ("5xx", Some((500, 999))),
            ("100", Some((100, 100))),
            ("503", Some((503, 503))),
            ("599", Some((599, 599))),
            ("99", None),
            ("600", None),
            ("-1", None),
            ("5x", None),
            ("", None),
        ];
        for (name, bounds) in rows {
            let filter = StatusFilter::of_name(name);
            assert_eq!(filter.map(StatusFilter::bounds), bounds, "{name}");
            assert!(filter.is_none_or(|filter| filter.name() == name), "{name}");
        }
    }
}
