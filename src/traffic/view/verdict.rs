//! The verdict on a run as text: audit, cap, clean-up and dashboard check. All who show it take the text from here: the
//! card, the run's page, the report, the history, the comparison and the log.

use crate::traffic::engine::audit_outcome::{Audit, AuditOutcome};
use crate::traffic::engine::dashboard_outcome::{DashboardCheck, DashboardOutcome};
use crate::traffic::model::{Run, RunSummary};
use crate::ui::format::{count, millis, percent};

/// Whether a line of the verdict is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Checked, and correct.
    Good,
    /// Not checked, or not completely.
    Open,
    /// Checked, and wrong.
    Bad,
    /// A fact without a judgement.
    Plain,
}

impl Tone {
    /// The mark before the message, so that colour is not the only sign.
    pub fn mark(self) -> Option<&'static str> {
        match self {
            Self::Good => Some("✓"),
            Self::Open => Some("○"),
            Self::Bad => Some("✗"),
            Self::Plain => None,
        }
    }

    /// The class of the line in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Open => "open",
            Self::Bad => "bad",
            Self::Plain => "plain",
        }
    }
}

impl From<AuditOutcome> for Tone {
    fn from(outcome: AuditOutcome) -> Self {
        match outcome {
            AuditOutcome::Verified => Self::Good,
            AuditOutcome::Incomplete => Self::Open,
            AuditOutcome::Wrong => Self::Bad,
        }
    }
}

impl From<DashboardOutcome> for Tone {
    fn from(outcome: DashboardOutcome) -> Self {
        match outcome {
            DashboardOutcome::Right => Self::Good,
            DashboardOutcome::NotChecked => Self::Open,
            DashboardOutcome::Wrong => Self::Bad,
        }
    }
}

/// One line of the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictLine {
    /// Whether it is good news.
    pub tone: Tone,
    /// One or two sentences.
    pub message: String,
    /// Does it belong to the marked line above, and so have no mark of its own?
    pub is_detail: bool,
}

impl VerdictLine {
    fn of(tone: Tone, message: impl Into<String>) -> Self {
        Self { tone, message: message.into(), is_detail: false }
    }

    fn detail(tone: Tone, message: impl Into<String>) -> Self {
        Self { is_detail: true, ..Self::of(tone, message) }
    }

    /// The mark before the message, if there is one.
    pub fn mark(&self) -> Option<&'static str> {
        self.tone.mark().filter(|_| !self.is_detail)
    }

    /// Mark and message as one text.
    pub fn text(&self) -> String {
        self.mark().map_or_else(|| self.message.clone(), |mark| format!("{mark} {}", self.message))
    }
}

/// The verdict on a run: empty before the run is closed.
pub fn lines(run: &Run) -> Vec<VerdictLine> {
    if !run.closed {
        return Vec::new();
    }
    let early = run.reason.map(|reason| VerdictLine::detail(Tone::Bad, format!("Ended early: {}.", reason.message())));
    let audit = run.stats.audit.as_ref().map_or_else(never_audited, |audit| audit_lines(audit, run.stop_took));
    let dashboard = run.stats.dashboard_check.iter().flat_map(dashboard_lines);
    early.into_iter().chain(audit).chain(dashboard).collect()
}

/// The verdict on a run that an earlier version closed after a crash.
fn never_audited() -> Vec<VerdictLine> {
    vec![VerdictLine::of(
        Tone::Open,
        "No audit: the server was killed during the run. The numbers show what was recorded until then.",
    )]
}

fn number_or_unknown(number: Option<u32>) -> String {
    number.map_or_else(|| "an unknown number".to_owned(), count)
}

/// Makes a sentence of a phrase that starts in lower case and has no full stop.
fn sentence(phrase: &str) -> String {
    let mut letters = phrase.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

fn audit_lines(audit: &Audit, stop_took: Option<f64>) -> Vec<VerdictLine> {
    let tone = Tone::from(audit.outcome);
    let accounts = format!(
        "{} sent, {} arrived, {} recorded",
        count(audit.sent),
        number_or_unknown(audit.arrived),
        number_or_unknown(audit.recorded)
    );
    let mut gaps = audit.gaps.iter();
    let head = match audit.outcome {
        AuditOutcome::Incomplete => gaps.next().cloned().unwrap_or_else(|| accounts.clone()),
        _ => accounts.clone(),
    };
    let mut lines = vec![VerdictLine::of(tone, format!("Audit {}: {head}.", audit_label(audit.outcome)))];
    lines.extend(audit.differences.iter().map(|difference| VerdictLine::detail(Tone::Bad, sentence(difference))));
    lines.extend(gaps.map(|gap| VerdictLine::detail(Tone::Open, sentence(gap))));
    if audit.outcome == AuditOutcome::Incomplete {
        lines.push(VerdictLine::detail(Tone::Plain, sentence(&accounts)));
    }
    lines.push(cap_line(audit));
    lines.push(VerdictLine::of(Tone::Plain, clean_up_sentence(audit, stop_took)));
    lines
}

fn cap_line(audit: &Audit) -> VerdictLine {
    let (Some(kept), Some(most)) = (audit.cap_kept, audit.most_in_any_second) else {
        return VerdictLine::of(Tone::Open, "Cap not checked: the arrival times of the requests are no longer known.");
    };
    let tone = if kept { Tone::Good } else { Tone::Bad };
    let label = cap_label(Some(kept));
    let cap = audit.cap;
    let text = format!("Cap {label}: the server saw at most {most} requests in any second; {cap} are allowed.");
    VerdictLine::of(tone, text)
}

/// The clean-up of the run's users, then the requests without a response, then Stop.
fn clean_up_sentence(audit: &Audit, stop_took: Option<f64>) -> String {
    let mut text = format!("{} users created, {} removed", count(audit.created), count(audit.removed));
    if audit.arrived.is_none() {
        // Some may have been removed before the server was killed.
        text += " when the run was closed after the restart";
    }
    if audit.kept > 0 {
        text += &format!(", {} kept because a real client changed them", count(audit.kept));
    }
    text += ".";
    if audit.unanswered > 0 {
        text += &format!(" {} got no response.", count(audit.unanswered));
    }
    if let Some(never) = audit.never_arrived.filter(|never| *never > 0) {
        text += &format!(" {} were sent but never seen to arrive.", count(never));
    }
    if let Some(ms) = stop_took {
        text += &format!(" Stop took {}.", millis(Some(ms)));
    }
    text
}

/// Whether the dashboard showed the right numbers of the run.
fn dashboard_lines(check: &DashboardCheck) -> Vec<VerdictLine> {
    let tone = Tone::from(check.outcome);
    let word = dashboard_label(check.outcome);
    if check.outcome == DashboardOutcome::NotChecked {
        return vec![VerdictLine::of(tone, format!("Dashboard {word}: {}.", check.gaps.join("; ")))];
    }
    let expected = check.expected.as_ref().map(|expected| {
        format!(" Expected errors: {} ± {:.1}.", percent(Some(expected.share)), expected.four_sigma * 100.0)
    });
    let text = format!(
        "Dashboard {word}: it shows {} errors (injected: {}) and a p95 of {} (exact: {}).{}",
        percent(check.error_rate),
        percent(check.injected),
        millis(check.p95),
        millis(check.exact_p95),
        expected.unwrap_or_default(),
    );
    let differences = check.differences.iter().map(|difference| VerdictLine::detail(Tone::Bad, sentence(difference)));
    std::iter::once(VerdictLine::of(tone, text)).chain(differences).collect()
}

/// The label of an outcome of the audit.
pub fn audit_label(outcome: AuditOutcome) -> &'static str {
    match outcome {
        AuditOutcome::Verified => "verified",
        AuditOutcome::Incomplete => "incomplete",
        AuditOutcome::Wrong => "wrong",
    }
}

/// The label of an outcome of the dashboard check.
pub fn dashboard_label(outcome: DashboardOutcome) -> &'static str {
    match outcome {
        DashboardOutcome::Right => "right",
        DashboardOutcome::Wrong => "wrong",
        DashboardOutcome::NotChecked => "not checked",
    }
}

/// The label for whether the cap was kept.
pub fn cap_label(kept: Option<bool>) -> &'static str {
    match kept {
        Some(true) => "kept",
        Some(false) => "broken",
        None => "not checked",
    }
}

/// The verdict in two words: the first part that is wrong, else the first that could not be checked. A dash before the audit.
pub fn short(run: &RunSummary) -> VerdictLine {
    let Some(audit) = run.audit else { return VerdictLine::of(Tone::Plain, "–") };
    let cap = run.cap_kept.map_or(Tone::Open, |kept| if kept { Tone::Good } else { Tone::Bad });
    let parts = [
        Some((Tone::from(audit), format!("audit {}", audit_label(audit)))),
        Some((cap, format!("cap {}", cap_label(run.cap_kept)))),
        run.dashboard_check.map(|outcome| (Tone::from(outcome), format!("dashboard {}", dashboard_label(outcome)))),
    ];
    for tone in [Tone::Bad, Tone::Open] {
        if let Some((_, label)) = parts.iter().flatten().find(|part| part.0 == tone) {
            return VerdictLine::of(tone, label.clone());
        }
    }
    // Runs of older versions have no dashboard check.
    VerdictLine::of(Tone::Good, if run.dashboard_check.is_some() { "verified" } else { "audit verified" })
}

/// The verdict in one line, for the log.
pub fn summary(run: &Run) -> String {
    let audit = run.stats.audited().map_or("not made", audit_label);
    let cap = cap_label(run.stats.audit.as_ref().and_then(|audit| audit.cap_kept));
    let dashboard = run.stats.dashboard().map_or("not checked", dashboard_label);
    format!("audit {audit}, cap {cap}, dashboard {dashboard}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::origin::RunId;
    use crate::traffic::engine::scenario::{Delay, Scenario};
    use crate::traffic::engine::stats::Stats;
    use crate::traffic::model::{Endpoints, Reason, Status};

    /// A closed run with an audit and a dashboard check from their stored JSON.
    fn run(audit: &str, check: &str) -> Run {
        let stats = Stats {
            audit: Some(serde_json::from_str(audit).expect("an audit")),
            dashboard_check: Some(serde_json::from_str(check).expect("a check")),
            ..Stats::default()
        };
        Run {
            job_id: RunId(Uuid::from_u128(7)),
            status: Status::Completed,
            reason: None,
            scenario: Scenario::Peak,
            duration: 30,
            max_rps: 20,
            endpoints: Endpoints::all(),
            seed: 9,
            delay: Delay::Client,
            cap: 20,
            start_time: 0,
            end_time: None,
            closed: true,
            unstored: false,
            stats,
            stop_took: None,
        }
    }

    fn texts(run: &Run) -> Vec<String> {
        lines(run).iter().map(VerdictLine::text).collect()
    }

    const VERIFIED: &str = r#"{"outcome":"verified","capKept":true,"sent":241,"unanswered":0,"neverArrived":0,"arrived":241,
        "recorded":241,"mostInAnySecond":20,"cap":20,"created":42,"removed":42,"a field of a newer version":1}"#;
    const RIGHT: &str = r#"{"outcome":"right","requests":241,"arrived":241,"errorRate":0.162,"injected":0.162,"p95":2.51,
        "exactP95":2.51,"expected":{"share":0.149,"fourSigma":0.07}}"#;

    #[test]
    fn a_run_that_is_in_order() {
        let run = Run { stop_took: Some(0.58), ..run(VERIFIED, RIGHT) };
        assert_eq!(
            texts(&run),
            [
                "✓ Audit verified: 241 sent, 241 arrived, 241 recorded.",
                "✓ Cap kept: the server saw at most 20 requests in any second; 20 are allowed.",
                "42 users created, 42 removed. Stop took 0.58 ms.",
                "✓ Dashboard right: it shows 16.2 % errors (injected: 16.2 %) and a p95 of 2.51 ms (exact: 2.51 ms). Expected errors: 14.9 % ± 7.0.",
            ]
        );
        assert_eq!(short(&RunSummary::from(&run)).text(), "✓ verified");
        assert_eq!(summary(&run), "audit verified, cap kept, dashboard right");
        assert_eq!(lines(&Run { closed: false, ..run }), [], "none before it is closed");
    }

    #[test]
    fn what_is_not_known_has_no_tick() {
        let audit = r#"{"outcome":"incomplete","capKept":true,"sent":149,"unanswered":69,"neverArrived":3,"arrived":146,"recorded":35,
            "dropped":114,"mostInAnySecond":19,"cap":20,"created":4,"removed":3,"kept":1,
            "gaps":["114 of 149 requests were not recorded (dropped, counted)","the recorded requests could not be read"]}"#;
        let check = r#"{"outcome":"notChecked","gaps":["requests of the run were not recorded (dropped, counted)"]}"#;
        let run = run(audit, check);
        assert_eq!(
            texts(&run),
            [
                "○ Audit incomplete: 114 of 149 requests were not recorded (dropped, counted).",
                "The recorded requests could not be read.",
                "149 sent, 146 arrived, 35 recorded.",
                "✓ Cap kept: the server saw at most 19 requests in any second; 20 are allowed.",
                "4 users created, 3 removed, 1 kept because a real client changed them. 69 got no response. 3 were sent but never seen to arrive.",
                "○ Dashboard not checked: requests of the run were not recorded (dropped, counted).",
            ]
        );
        assert_eq!(short(&RunSummary::from(&run)).text(), "○ audit incomplete");
    }

    #[test]
    fn what_is_wrong_is_said_first_and_one_by_one() {
        let audit = VERIFIED
            .replace("\"verified\"", "\"wrong\", \"differences\": [\"requests that arrived more than once: 1 (#4)\"]");
        let check =
            RIGHT.replace("\"right\"", "\"wrong\", \"differences\": [\"the dashboard says 7 requests, 241 arrived\"]");
        let both = Run { reason: Some(Reason::Shutdown), status: Status::Error, ..run(&audit, &check) };
        let texts = texts(&both);
        for expected in [
            "Ended early: the server was shut down.",
            "✗ Audit wrong: 241 sent, 241 arrived, 241 recorded.",
            "Requests that arrived more than once: 1 (#4).",
            "The dashboard says 7 requests, 241 arrived.",
        ] {
            assert!(texts.iter().any(|text| text == expected), "{expected}: {texts:?}");
        }
        let short = |audit: &str, check: &str| short(&RunSummary::from(&run(audit, check))).text();
        assert_eq!(short(&audit, &check), "✗ audit wrong");
        assert_eq!(short(VERIFIED, &check), "✗ dashboard wrong");
        assert_eq!(short(VERIFIED, r#"{"outcome":"notChecked"}"#), "○ dashboard not checked");
        assert_eq!(short(&VERIFIED.replace("\"capKept\":true", "\"capKept\":false"), RIGHT), "✗ cap broken");
        assert_eq!(short(&VERIFIED.replace("\"capKept\":true,", ""), RIGHT), "○ cap not checked");
    }

    #[test]
    fn a_run_that_an_older_version_closed_after_a_crash_has_no_audit() {
        let mut run = run(VERIFIED, RIGHT);
        run.stats.audit = None;
        run.stats.dashboard_check = None;
        assert!(texts(&run)[0].starts_with("○ No audit"), "{:?}", texts(&run));
        assert_eq!(short(&RunSummary::from(&run)).text(), "–");
    }
}
