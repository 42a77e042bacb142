//! The verdict on a run as text: audit, cap, clean-up and dashboard check. All who show it take the text from here: the
//! card, the run's page, the report, the history, the comparison and the log.

mod labels;
mod short;

pub use labels::{audit_label, cap_label, dashboard_label};
pub use short::{headline, short, summary};

use crate::traffic::engine::audit_outcome::{Audit, AuditOutcome};
use crate::traffic::engine::dashboard_outcome::{DashboardCheck, DashboardOutcome};
use crate::traffic::model::Run;
use crate::ui::format::{count, millis, percent};
use crate::ui::tone::Tone;

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

#[cfg(test)]
mod tests;
