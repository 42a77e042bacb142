//! What the [dashboard check](super::dashboard_check) of a run found, as it is stored with the run and shown.

use serde::{Deserialize, Serialize};

/// The gap of a check that could not be made because rows were dropped: there is nothing whole to compare with.
pub const ROWS_DROPPED: &str = "requests of the run were not recorded (dropped, counted)";

/// Whether the dashboard was right about a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum DashboardOutcome {
    /// It says what is known from elsewhere.
    Right,
    /// It says something else.
    Wrong,
    /// What is known from elsewhere is not whole, so it could not be compared.
    NotChecked,
}

/// The errors that are to be expected by chance, where a run asks for errors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Expected {
    /// The expected share of errors, m·½ / n for m calls of the error endpoint among n requests.
    pub share: f64,
    /// Four standard deviations of that share, 4·√(m·¼) / n.
    pub four_sigma: f64,
}

/// The result of the dashboard check, stored with the run and shown in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", from = "StoredDashboardCheck")]
pub struct DashboardCheck {
    /// What was found.
    pub outcome: DashboardOutcome,
    /// Requests, by the dashboard.
    pub requests: u32,
    /// Requests that left and arrived, by the client's ledger and the arrivals.
    pub arrived: u32,
    /// Share of errors, by the dashboard.
    pub error_rate: Option<f64>,
    /// Share of errors among the arrived requests, by the client's ledger.
    pub injected: Option<f64>,
    /// 95th percentile on the server in milliseconds, by the dashboard.
    pub p95: Option<f64>,
    /// 95th percentile on the server in milliseconds, exactly, over all recorded rows.
    pub exact_p95: Option<f64>,
    /// The errors that chance makes likely, where errors were asked for. For information: no outcome depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
    /// Each way in which the dashboard is wrong, in words. Empty unless the outcome is `wrong`.
    pub differences: Vec<String>,
    /// Everything that kept it from being checked, in words. Empty unless the outcome is `notChecked`.
    pub gaps: Vec<String>,
}

/// A check as this version or an earlier one stored it. Earlier versions stored only whether the dashboard was `right`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StoredDashboardCheck {
    outcome: Option<DashboardOutcome>,
    right: bool,
    requests: u32,
    arrived: u32,
    error_rate: Option<f64>,
    injected: Option<f64>,
    p95: Option<f64>,
    exact_p95: Option<f64>,
    expected: Option<Expected>,
    differences: Vec<String>,
    gaps: Vec<String>,
}

impl From<StoredDashboardCheck> for DashboardCheck {
    fn from(stored: StoredDashboardCheck) -> Self {
        let earlier_outcome = if stored.right { DashboardOutcome::Right } else { DashboardOutcome::Wrong };
        Self {
            outcome: stored.outcome.unwrap_or(earlier_outcome),
            requests: stored.requests,
            arrived: stored.arrived,
            error_rate: stored.error_rate,
            injected: stored.injected,
            p95: stored.p95,
            exact_p95: stored.exact_p95,
            expected: stored.expected,
            differences: stored.differences,
            gaps: stored.gaps,
        }
    }
}

impl DashboardCheck {
    /// Turns the result into "not checked", with the reason why the run is not known as a whole.
    #[must_use]
    pub fn not_checked(self, gap: &str) -> Self {
        Self { outcome: DashboardOutcome::NotChecked, gaps: vec![gap.to_owned()], differences: Vec::new(), ..self }
    }
}
