//! A run of the generator: its state, its settings and its numbers.

use serde::{Deserialize, Deserializer, Serialize};

use super::settings::{Endpoints, Settings};
use crate::origin::RunId;
use crate::traffic::engine::audit_outcome::AuditOutcome;
use crate::traffic::engine::dashboard_outcome::DashboardOutcome;
use crate::traffic::engine::scenario::{Delay, Scenario};
use crate::traffic::engine::stats::Stats;
use crate::wire_name::wire_name;

/// The most characters of a run's name.
pub const LONGEST_NAME: usize = 80;
/// The most characters of a run's note.
pub const LONGEST_NOTE: usize = 2000;

/// The state of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is accepted, but its clock has not started.
    Starting,
    /// Its clock is running.
    Running,
    /// It ended by itself.
    Completed,
    /// It was stopped.
    Cancelled,
    /// It ended by a fault: see [`Reason`].
    Error,
}

impl Status {
    /// All states, in the order of a run's life.
    pub const ALL: [Self; 5] = [Self::Starting, Self::Running, Self::Completed, Self::Cancelled, Self::Error];

    /// Has the run ended, so that nothing will be sent any more?
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Starting | Self::Running)
    }

    /// The name on the wire and on the page.
    pub fn wire_name(self) -> &'static str {
        wire_name(&self)
    }
}

/// Why a run ended with [`Status::Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Fifty requests in a row failed in transport.
    TargetDown,
    /// The database could not be written.
    Storage,
    /// The generator panicked.
    Panic,
    /// The process stood still for more than five seconds, or it died.
    Interrupted,
    /// The server was shut down.
    Shutdown,
    /// More requests arrived within a second than the cap allows.
    Cap,
}

impl Reason {
    /// The reason in words for a person.
    pub fn message(self) -> &'static str {
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

/// Reads a reason that only a newer version knows as `None`, so that the rest of the run can still be shown.
fn known_reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Reason>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum AnyReason {
        Known(Reason),
        Unknown(serde::de::IgnoredAny),
    }
    Ok(match Option::deserialize(deserializer)? {
        Some(AnyReason::Known(reason)) => Some(reason),
        Some(AnyReason::Unknown(_)) | None => None,
    })
}

/// One run of the generator at one moment, consistent in itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The id of the run.
    pub job_id: RunId,
    /// What a person calls the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What a person has noted about the run. A `stats` event leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The state of the run.
    pub status: Status,
    /// Why it ended, if it ended by a fault.
    #[serde(default, deserialize_with = "known_reason", skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What load the run makes.
    pub scenario: Scenario,
    /// The duration in seconds.
    pub duration: u32,
    /// The rate that was asked for, in requests per second.
    pub max_rps: u32,
    /// The operations in rotation.
    pub endpoints: Endpoints,
    /// Decides everything random in the run.
    pub seed: u32,
    /// Where Latency Degradation waits.
    pub delay: Delay,
    /// The cap of the server that runs or ran it, in requests per second.
    pub cap: u32,
    /// When its clock starts or started, in epoch milliseconds.
    pub start_time: i64,
    /// When it ended, in epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<i64>,
    /// The run is audited and stored: nothing about it will change any more.
    pub closed: bool,
    /// The run has ended, but its result could not be stored yet; the server retries until it can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unstored: bool,
    /// The numbers of the run.
    pub stats: Stats,
    /// How long it took from Stop until nothing could leave any more, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_took: Option<f64>,
}

impl Run {
    /// A run that was accepted, with no numbers yet. `start_time` is in epoch milliseconds.
    pub fn starting(id: RunId, settings: Settings, cap: u32, start_time: i64) -> Self {
        let Settings { scenario, duration, max_rps, endpoints, seed, delay } = settings;
        Self {
            job_id: id,
            name: None,
            note: None,
            status: Status::Starting,
            reason: None,
            scenario,
            duration,
            max_rps,
            endpoints,
            seed,
            delay,
            cap,
            start_time,
            end_time: None,
            closed: false,
            unstored: false,
            stats: Stats::default(),
            stop_took: None,
        }
    }

    /// What the run was started with.
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
    /// The id of the run.
    pub job_id: RunId,
    /// What a person calls the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What a person has noted about the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The state of the run.
    pub status: Status,
    /// Why it ended, if it ended by a fault.
    #[serde(default, deserialize_with = "known_reason", skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What load the run makes.
    pub scenario: Scenario,
    /// The duration in seconds.
    pub duration: u32,
    /// The rate that was asked for, in requests per second.
    pub max_rps: u32,
    /// The cap of the server that runs or ran it, in requests per second.
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
    /// The run is audited and stored: nothing about it will change any more.
    pub closed: bool,
    /// The run has ended, but its result could not be stored yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unstored: bool,
    /// Requests in the plan.
    pub planned: u32,
    /// Requests that left.
    pub sent: u32,
    /// Slots whose time passed. They are never sent later.
    pub missed: u32,
    /// Requests that ended ok or failed.
    pub total_requests: u32,
    /// Requests with an answer that is not 2xx, a timeout or a transport error.
    pub failed_requests: u32,
    /// Mean service time of ok and failed requests, in milliseconds.
    pub avg_latency: Option<f64>,
    /// 95th percentile of the service time of the ok requests, in milliseconds.
    pub p95: Option<f64>,
    /// Is every request accounted for? Absent before that was checked.
    pub audit: Option<AuditOutcome>,
    /// Did no second see more arrivals than the cap? Absent when that is not known.
    pub cap_kept: Option<bool>,
    /// Was the dashboard right about it? Absent before that was checked.
    pub dashboard_check: Option<DashboardOutcome>,
}

impl From<&Run> for RunSummary {
    fn from(run: &Run) -> Self {
        let stats = &run.stats;
        Self {
            job_id: run.job_id,
            name: run.name.clone(),
            note: run.note.clone(),
            status: run.status,
            reason: run.reason,
            scenario: run.scenario,
            duration: run.duration,
            max_rps: run.max_rps,
            cap: run.cap,
            delay: run.delay,
            endpoints: run.endpoints.clone(),
            start_time: run.start_time,
            end_time: run.end_time,
            closed: run.closed,
            unstored: run.unstored,
            planned: stats.planned,
            sent: stats.sent,
            missed: stats.missed,
            total_requests: stats.total_requests,
            failed_requests: stats.failed_requests,
            avg_latency: stats.avg_latency,
            p95: stats.service.ok.p95,
            audit: stats.audited(),
            cap_kept: stats.audit.as_ref().and_then(|audit| audit.cap_kept),
            dashboard_check: stats.dashboard(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_a_newer_version_can_be_read() {
        let newer = r#"{"jobId":"019b76da-a800-7000-8000-000000000000","status":"error","reason":"weather","scenario":"normal",
            "duration":5,"maxRps":20,"endpoints":"all","seed":1,"delay":"client","cap":20,"startTime":0,"closed":true,
            "note":null,"stats":{"sent":7,"moods":[1],"service":{"ok":{"count":7,"p42":1},"failed":{"count":0},"odd":{}}},"drill":{}}"#;
        let run: Run = serde_json::from_str(newer).expect("what is known of it");
        assert_eq!((run.status, run.reason, run.stats.sent, run.stats.service.ok.count), (Status::Error, None, 7, 7));
        let known: Run = serde_json::from_str(&newer.replace("weather", "cap")).expect("read");
        assert_eq!(known.reason, Some(Reason::Cap));
    }
}
