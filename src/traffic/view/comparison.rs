//! Two runs compared, number by number.

use super::settings_text;
use super::verdict::{audit_label, cap_label, dashboard_label};
use crate::traffic::model::{Run, Settings};
use crate::ui::format::{count, duration, millis, percent};

/// One line of the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The setting or number that is compared.
    pub what: &'static str,
    /// The value of the first run.
    pub a: String,
    /// The value of the second run.
    pub b: String,
    /// How the second value differs from the first.
    pub change: String,
    /// Do the values differ?
    pub differs: bool,
}

fn text(what: &'static str, a: String, b: String) -> Difference {
    let differs = a != b;
    let change = if differs { "different" } else { "the same" };
    Difference { what, change: change.to_owned(), differs, a, b }
}

fn number(what: &'static str, a: u32, b: u32) -> Difference {
    let change = match i64::from(b) - i64::from(a) {
        0 => "the same".to_owned(),
        more if more > 0 => format!("+{}", count(more.unsigned_abs() as u32)),
        less => format!("−{}", count(less.unsigned_abs() as u32)),
    };
    Difference { what, change, differs: a != b, a: count(a), b: count(b) }
}

fn latency(what: &'static str, a: Option<f64>, b: Option<f64>) -> Difference {
    let change = match (a, b) {
        (Some(a), Some(b)) if a > 0.0 => {
            let sign = if b >= a { "+" } else { "−" };
            format!("{sign}{} ({sign}{:.0} %)", millis(Some((b - a).abs())), ((b - a) / a * 100.0).abs())
        }
        _ => "–".to_owned(),
    };
    Difference { what, change, differs: a != b, a: millis(a), b: millis(b) }
}

/// Compares the settings of two runs, then their results.
pub fn compare(a: &Run, b: &Run) -> Vec<Difference> {
    let setting = |what, of: fn(&Settings) -> String| text(what, of(&a.settings()), of(&b.settings()));
    let x = &a.stats;
    let y = &b.stats;
    let failure_rate = |run: &Run| {
        let total = run.stats.total_requests;
        percent((total > 0).then(|| f64::from(run.stats.failed_requests) / f64::from(total)))
    };
    let audit = |run: &Run| run.stats.audited().map_or("–", audit_label).to_owned();
    let cap = |run: &Run| run.stats.audit.as_ref().map_or("–", |audit| cap_label(audit.cap_kept)).to_owned();
    let dashboard = |run: &Run| run.stats.dashboard().map_or("–", dashboard_label).to_owned();
    let most = |run: &Run| {
        let most = run.stats.audit.as_ref().and_then(|audit| audit.most_in_any_second);
        most.map_or("–".to_owned(), |most| most.to_string())
    };
    let delay =
        |settings: &Settings| settings_text::delay(settings.scenario, settings.delay).unwrap_or("none").to_owned();
    vec![
        setting("Scenario", |settings| settings.scenario.title().to_owned()),
        setting("Duration", |settings| duration(settings.duration)),
        setting("Max RPS", |settings| settings.max_rps.to_string()),
        text("Cap", a.cap.to_string(), b.cap.to_string()),
        setting("Delay", delay),
        setting("Endpoints", |settings| settings.endpoints.title()),
        setting("Seed", |settings| settings.seed.to_string()),
        number("Planned", x.planned, y.planned),
        number("Sent", x.sent, y.sent),
        number("Missed", x.missed, y.missed),
        number("Successful", x.successful_requests, y.successful_requests),
        number("Failed", x.failed_requests, y.failed_requests),
        text("Failure rate", failure_rate(a), failure_rate(b)),
        latency("Average latency", x.avg_latency, y.avg_latency),
        latency("p50", x.service.ok.p50, y.service.ok.p50),
        latency("p95", x.service.ok.p95, y.service.ok.p95),
        latency("p99", x.service.ok.p99, y.service.ok.p99),
        latency("Slowest", x.service.ok.max, y.service.ok.max),
        latency("Response time p99", x.response.ok.p99, y.response.ok.p99),
        latency("Scheduling delay p99", x.scheduling_delay_p99, y.scheduling_delay_p99),
        text("Most arrivals in any second", most(a), most(b)),
        text("Audit", audit(a), audit(b)),
        text("Cap kept", cap(a), cap(b)),
        text("Dashboard", dashboard(a), dashboard(b)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_latencies_say_how_b_stands_to_a() {
        let words = |difference: Difference| (difference.change, difference.differs);
        assert_eq!(words(number("x", 5, 5)), ("the same".to_owned(), false));
        assert_eq!(words(number("x", 5, 1205)), ("+1\u{202f}200".to_owned(), true));
        assert_eq!(words(number("x", 7, 5)), ("−2".to_owned(), true));
        assert_eq!(words(latency("x", Some(2.0), Some(3.0))), ("+1.00 ms (+50 %)".to_owned(), true));
        assert_eq!(words(latency("x", Some(2.0), Some(1.0))), ("−1.00 ms (−50 %)".to_owned(), true));
        assert_eq!(words(latency("x", None, Some(1.0))), ("–".to_owned(), true));
    }
}
