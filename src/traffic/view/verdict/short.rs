//! The verdict in one line.

use super::labels::{audit_label, cap_label, dashboard_label};
use super::{VerdictLine, lines};
use crate::traffic::engine::audit_outcome::Audit;
use crate::traffic::engine::dashboard_outcome::DashboardOutcome;
use crate::traffic::model::{Run, RunSummary};
use crate::ui::format::count;
use crate::ui::tone::Tone;

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

/// The verdict as the line above its details: what was verified, or the first part that is wrong, else the first that is
/// open. Before the end it says what will be checked.
pub fn headline(run: &Run) -> VerdictLine {
    if run.unstored {
        let words = "Finished, not stored yet: the database can't be written. The server keeps trying.";
        return VerdictLine::of(Tone::Open, words);
    }
    if !run.closed {
        let words = match run.status.is_final() {
            true => "The run is being closed: every request is accounted for now.",
            false => "Audit, cap, clean-up and dashboard are checked at the end of the run.",
        };
        return VerdictLine::of(Tone::Quiet, words);
    }
    let lines = lines(run);
    for tone in [Tone::Bad, Tone::Open] {
        if let Some(at) = lines.iter().position(|line| line.tone == tone && !line.is_detail) {
            // What exactly is wrong stands in the line below.
            let why = lines.get(at + 1).filter(|line| line.is_detail && line.tone == tone);
            let parts = std::iter::once(&lines[at]).chain(why).map(|line| line.message.as_str());
            return VerdictLine::of(tone, parts.collect::<Vec<_>>().join(" "));
        }
    }
    VerdictLine::of(Tone::Good, format!("Verified: {}", verified_parts(run).join(" · ")))
}

/// What was verified, part by part.
fn verified_parts(run: &Run) -> Vec<String> {
    let stats = &run.stats;
    let audit = stats.audit.iter().map(accounts);
    let cap = stats.audit.iter().filter(|audit| audit.cap_kept == Some(true)).map(|_| "cap kept".to_owned());
    let right = stats.dashboard() == Some(DashboardOutcome::Right);
    audit.chain(cap).chain(right.then(|| "dashboard agrees".to_owned())).collect()
}

/// The three numbers that an audit compares. A request without a response may be missing in some of them.
fn accounts(audit: &Audit) -> String {
    if audit.arrived == Some(audit.sent) && audit.recorded == Some(audit.sent) {
        return "sent = arrived = recorded".to_owned();
    }
    let [arrived, recorded] = [audit.arrived, audit.recorded].map(|number| number.map_or("?".to_owned(), count));
    format!("{} sent, {arrived} arrived, {recorded} recorded", count(audit.sent))
}

/// The verdict in one line, for the log.
pub fn summary(run: &Run) -> String {
    let audit = run.stats.audited().map_or("not made", audit_label);
    let cap = cap_label(run.stats.audit.as_ref().and_then(|audit| audit.cap_kept));
    let dashboard = run.stats.dashboard().map_or("not checked", dashboard_label);
    format!("audit {audit}, cap {cap}, dashboard {dashboard}")
}
