//! What the traffic feature says on the wire, shared by server and browser.

use serde::{Deserialize, Serialize};

use super::engine::CAP;
use super::engine::audit::AuditOutcome;
use super::engine::dashboard_check::DashboardOutcome;
use super::engine::exchange::Exchange;
use super::engine::mix::Endpoint;
use super::engine::scenario::{Delay, Scenario, Shape};
use super::engine::stats::Stats;
use crate::origin::RunId;

/// The shortest run, in seconds.
pub const MIN_DURATION: u32 = 5;
/// The longest run, in seconds.
pub const MAX_DURATION: u32 = 600;

/// The choices of the form for the duration, in seconds, with their names. The third is preselected.
pub const DURATIONS: [(u32, &str); 5] =
    [(30, "30 seconds"), (60, "1 minute"), (120, "2 minutes"), (300, "5 minutes"), (600, "10 minutes")];
/// The preselected duration, in seconds.
pub const DEFAULT_DURATION: u32 = 120;
/// The choices of the form for Max RPS; those above the cap of the process are left out.
pub const RATES: [u32; 6] = [1, 2, 5, 10, 15, 20];

/// The chosen operations of the users API: `"all"` or a list on the wire, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints(Vec<Endpoint>);

impl Endpoints {
    /// All four.
    pub fn all() -> Self {
        Self(Endpoint::ALL.to_vec())
    }

    /// These, in the order of the rotation and without repetition. `None` when there is none.
    pub fn some(chosen: &[Endpoint]) -> Option<Self> {
        let chosen: Vec<Endpoint> = Endpoint::ALL.into_iter().filter(|endpoint| chosen.contains(endpoint)).collect();
        (!chosen.is_empty()).then_some(Self(chosen))
    }

    /// The operations, in the order of the rotation.
    pub fn list(&self) -> &[Endpoint] {
        &self.0
    }

    /// "All", or the names.
    pub fn title(&self) -> String {
        if self.0.len() == Endpoint::ALL.len() {
            return "All".to_owned();
        }
        self.0.iter().map(|endpoint| endpoint.title()).collect::<Vec<_>>().join(", ")
    }
}

/// How [`Endpoints`] stand on the wire.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WireEndpoints {
    Word(All),
    List(Vec<Endpoint>),
}

/// The word for all endpoints.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum All {
    All,
}

impl utoipa::PartialSchema for Endpoints {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
        let all = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["all"]));
        let some = ArrayBuilder::new().items(Endpoint::schema()).min_items(Some(1));
        OneOfBuilder::new().item(all).item(some).into()
    }
}

impl utoipa::ToSchema for Endpoints {}

impl Serialize for Endpoints {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wire = if self.0.len() == Endpoint::ALL.len() {
            WireEndpoints::Word(All::All)
        } else {
            WireEndpoints::List(self.0.clone())
        };
        wire.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Endpoints {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let endpoints = match WireEndpoints::deserialize(deserializer)? {
            WireEndpoints::Word(All::All) => Some(Self::all()),
            WireEndpoints::List(list) => Self::some(&list),
        };
        endpoints.ok_or_else(|| serde::de::Error::custom("\"all\" or a non-empty list of endpoints"))
    }
}

/// What a run is started with, checked: see [`super::validation`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// The load shape.
    pub scenario: Scenario,
    /// In seconds.
    pub duration: u32,
    /// Requests per second that were asked for.
    pub max_rps: u32,
    /// The operations in rotation.
    pub endpoints: Endpoints,
    /// Decides everything random.
    pub seed: u32,
    /// Where Latency Degradation waits.
    pub delay: Delay,
}

impl Settings {
    /// The plan's shape under the cap of the process.
    pub fn shape(&self, cap: u32) -> Shape {
        Shape::new(self.scenario, self.delay, self.duration, self.max_rps, cap.min(CAP), self.seed)
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Accepted; its clock has not started.
    Starting,
    /// Its clock runs.
    Running,
    /// Ended by itself.
    Completed,
    /// Ended by a stop.
    Cancelled,
    /// Ended by a fault: see [`Reason`].
    Error,
}

impl Status {
    /// All of them, in the order of a job's life.
    pub const ALL: [Self; 5] = [Self::Starting, Self::Running, Self::Completed, Self::Cancelled, Self::Error];

    /// Nothing will be sent any more.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Starting | Self::Running)
    }

    /// The name on the wire and on the page.
    pub fn wire_name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Error => "error",
        }
    }
}

/// Why a job ended with [`Status::Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Fifty transport failures in a row.
    TargetDown,
    /// The database could not be written.
    Storage,
    /// A bug.
    Panic,
    /// The process stood still for more than five seconds, or died.
    Interrupted,
    /// The server was shut down.
    Shutdown,
    /// More requests arrived within a second than the cap allows.
    Cap,
}

impl Reason {
    /// The name on the wire.
    pub fn wire_name(self) -> &'static str {
        match self {
            Self::TargetDown => "target-down",
            Self::Storage => "storage",
            Self::Panic => "panic",
            Self::Interrupted => "interrupted",
            Self::Shutdown => "shutdown",
            Self::Cap => "cap",
        }
    }

    /// In words, for a person.
    pub fn words(self) -> &'static str {
        match self {
            Self::TargetDown => "the API did not answer fifty requests in a row",
            Self::Storage => "the database could not be written",
            Self::Panic => "the generator failed; please report this",
            Self::Interrupted => "the server stood still or was killed during the run",
            Self::Shutdown => "the server was shut down",
            Self::Cap => "more requests arrived within one second than the cap allows",
        }
    }
}

/// A reason that only a newer version knows is read as none: the rest of the run can still be shown.
fn known_reason<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Reason>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Told {
        Known(Reason),
        Unknown(serde::de::IgnoredAny),
    }
    Ok(match Option::deserialize(deserializer)? {
        Some(Told::Known(reason)) => Some(reason),
        Some(Told::Unknown(_)) | None => None,
    })
}

/// One run of the generator, as everybody sees it: taken at one moment and consistent in itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Its name.
    pub job_id: RunId,
    /// Where it stands.
    pub status: Status,
    /// Why it ended, when by a fault.
    #[serde(default, deserialize_with = "known_reason", skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The load shape.
    pub scenario: Scenario,
    /// In seconds.
    pub duration: u32,
    /// Requests per second that were asked for.
    pub max_rps: u32,
    /// The operations in rotation.
    pub endpoints: Endpoints,
    /// Decides everything random.
    pub seed: u32,
    /// Where Latency Degradation waits.
    pub delay: Delay,
    /// The cap of the server that ran it, in requests per second.
    pub cap: u32,
    /// When its clock starts or started, in epoch milliseconds.
    pub start_time: i64,
    /// When it ended, in epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<i64>,
    /// All is done and stored: nothing of this will change any more.
    pub closed: bool,
    /// The run has ended, but the database could not take its result yet; that is tried again until it can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unstored: bool,
    /// The numbers.
    pub stats: Stats,
    /// How long Stop took until nothing could leave any more, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_took: Option<f64>,
}

impl Run {
    /// What it was started with.
    pub fn settings(&self) -> Settings {
        Settings {
            scenario: self.scenario,
            duration: self.duration,
            max_rps: self.max_rps,
            endpoints: self.endpoints.clone(),
            seed: self.seed,
            delay: self.delay,
        }
    }
}

/// A run as the history lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunSummary {
    /// Its name.
    pub job_id: RunId,
    /// Where it stands.
    pub status: Status,
    /// Why it ended, when by a fault.
    #[serde(default, deserialize_with = "known_reason", skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The load shape.
    pub scenario: Scenario,
    /// In seconds.
    pub duration: u32,
    /// Requests per second that were asked for.
    pub max_rps: u32,
    /// Requests per second that were allowed.
    pub cap: u32,
    /// Where Latency Degradation waits.
    pub delay: Delay,
    /// The operations in rotation.
    pub endpoints: Endpoints,
    /// When its clock started, in epoch milliseconds.
    pub start_time: i64,
    /// When it ended, in epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<i64>,
    /// Nothing of it will change any more.
    pub closed: bool,
    /// The run has ended, but the database could not take its result yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unstored: bool,
    /// Requests in the plan.
    pub planned: u32,
    /// Requests that left.
    pub sent: u32,
    /// Slots whose time passed.
    pub missed: u32,
    /// Any answer that is not 2xx, timeout or transport error.
    pub failed_requests: u32,
    /// Mean service time, in milliseconds.
    pub avg_latency: Option<f64>,
    /// 95th percentile of the service time of the ok requests, in milliseconds.
    pub p95: Option<f64>,
    /// Is every request accounted for? Absent before that was checked.
    pub audit: Option<AuditOutcome>,
    /// Did no second see more arrivals than the cap? Absent when that is not known.
    pub cap_kept: Option<bool>,
    /// Was the dashboard right about it? Absent for a run that was never held against it.
    pub dashboard_check: Option<DashboardOutcome>,
}

impl From<&Run> for RunSummary {
    fn from(job: &Run) -> Self {
        let stats = &job.stats;
        Self {
            job_id: job.job_id,
            status: job.status,
            reason: job.reason,
            scenario: job.scenario,
            duration: job.duration,
            max_rps: job.max_rps,
            cap: job.cap,
            delay: job.delay,
            endpoints: job.endpoints.clone(),
            start_time: job.start_time,
            end_time: job.end_time,
            closed: job.closed,
            unstored: job.unstored,
            planned: stats.planned,
            sent: stats.sent,
            missed: stats.missed,
            failed_requests: stats.failed_requests,
            avg_latency: stats.avg_latency,
            p95: stats.service.ok.p95,
            audit: stats.audited(),
            cap_kept: stats.audit.as_ref().and_then(|audit| audit.cap_kept),
            dashboard_check: stats.dashboard(),
        }
    }
}

/// One page of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunsPage {
    /// In the order that was asked for; newest first when none was.
    pub runs: Vec<RunSummary>,
    /// Stored runs of this page that can't be read, because they are damaged or of a newer version. They can be
    /// deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<RunId>,
    /// The `cursor` of the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Everything about a run, as the JSON export holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunExport {
    /// The run.
    pub run: Run,
    /// Each request with both of its sides, in the order of the plan.
    pub requests: Vec<Exchange>,
}

/// What a start is asked for, as the documentation shows it; [`super::validation::settings`] is what
/// checks it, and a test holds the two together.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartRequest {
    /// The load shape.
    pub scenario: Scenario,
    /// In seconds.
    #[schema(minimum = 5, maximum = 600, example = 10)]
    pub duration: u32,
    /// The highest rate, in requests per second.
    #[schema(minimum = 1, maximum = 20, example = 10)]
    pub max_rps: u32,
    /// The operations in rotation.
    pub endpoints: Endpoints,
    /// Decides everything random; drawn when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 4_294_967_295_i64, nullable = false, format = Int64)]
    pub seed: Option<u32>,
    /// Where Latency Degradation waits; for that scenario only.
    #[serde(default)]
    #[schema(nullable = false)]
    pub delay: Option<Delay>,
}

/// The answer to a start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// The new job.
    pub job_id: RunId,
    /// Always `starting`.
    pub status: Status,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_a_newer_version_can_be_read() {
        let newer = r#"{"jobId":"019b76da-a800-7000-8000-000000000000","status":"error","reason":"weather","scenario":"normal",
            "duration":5,"maxRps":20,"endpoints":"all","seed":1,"delay":"client","cap":20,"startTime":0,"closed":true,
            "stats":{"sent":7,"moods":[1],"service":{"ok":{"count":7,"p42":1},"failed":{"count":0},"odd":{}}},"drill":{}}"#;
        let job: Run = serde_json::from_str(newer).expect("what is known of it");
        assert_eq!((job.status, job.reason, job.stats.sent, job.stats.service.ok.count), (Status::Error, None, 7, 7));
        let known: Run = serde_json::from_str(&newer.replace("weather", "cap")).expect("read");
        assert_eq!(known.reason, Some(Reason::Cap));
    }

    #[test]
    fn endpoints_are_all_or_a_list_on_the_wire() {
        let rows = [
            (Endpoints::all(), r#""all""#),
            (Endpoints::some(&[Endpoint::Get]).expect("one"), r#"["get"]"#),
            (
                Endpoints::some(&[Endpoint::Update, Endpoint::List, Endpoint::Update]).expect("two"),
                r#"["list","update"]"#,
            ),
        ];
        for (endpoints, json) in rows {
            assert_eq!(serde_json::to_string(&endpoints).expect("serializes"), json);
            assert_eq!(serde_json::from_str::<Endpoints>(json).expect("parses"), endpoints);
        }
        for wrong in [r#""some""#, "[]", r#"["delete"]"#, "3"] {
            assert!(serde_json::from_str::<Endpoints>(wrong).is_err(), "{wrong}");
        }
    }
}
