//! The request log as it crosses the wire.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::engine::recorded_request::RecordedRequest;
use super::model::{Origins, Range};
use crate::origin::{Origin, RunId};
use crate::wire_name::wire_name;

/// How many requests a page of the log holds.
pub const LOG_PAGE: u32 = 50;

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

/// Which page of the request log is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogQuery {
    /// How far back.
    pub range: Range,
    /// Whose requests.
    pub origin: Origins,
    /// Only these answers.
    pub status: Option<StatusClass>,
    /// Only this method and route.
    pub endpoint: Option<(String, String)>,
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

/// One page of the request log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogPage {
    /// At most [`LOG_PAGE`] requests.
    pub requests: Vec<LoggedRequest>,
    /// Whether there is another page.
    pub more: bool,
    /// How many recorded requests, whoever made them, carry times after now, because an earlier clock was ahead; at most
    /// [`FUTURE_COUNTED`]. They are on no page.
    #[serde(default)]
    pub future: u32,
}
