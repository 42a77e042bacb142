//! The numbers of a run in sentences.

use super::run_badge::status_label;
use super::settings_text::planned_rate_of;
use crate::traffic::model::Run;
use crate::ui::format::count;

pub(crate) fn rate_sentence(run: &Run) -> String {
    let seconds = &run.stats.sent_per_second;
    let planned = planned_rate_of(run);
    let Some(highest) = seconds.iter().max() else {
        return format!("Planned: {planned}. The first second is not over yet.");
    };
    let mean = f64::from(seconds.iter().sum::<u32>()) / seconds.len() as f64;
    format!("Planned: {planned}. Sent: {mean:.1} per second on average, at most {highest} in one second of the clock.")
}

/// What became of the planned requests so far.
pub(crate) fn accounts(run: &Run) -> String {
    let stats = &run.stats;
    let open = if run.status.is_final() {
        format!("{} not reached", count(stats.not_reached))
    } else {
        format!("{} in flight", stats.in_flight)
    };
    let mut parts = vec![
        format!("{} planned", count(stats.planned)),
        format!("{} sent", count(stats.sent)),
        format!("{} missed", count(stats.missed)),
        open,
    ];
    let if_any = [
        (stats.cancelled, "cancelled"),
        (stats.gate_refusals, "throttled by the cap"),
        (stats.in_flight_refusals, "delayed by open requests"),
    ];
    parts.extend(if_any.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(n))));
    parts.join(" · ")
}

/// The sentence for screen readers, which hear nothing else of the numbers.
pub(crate) fn announcement(run: &Run, stale: bool) -> String {
    let stats = &run.stats;
    let so_far = format!("{} requests, {} failed.", stats.total_requests, stats.failed_requests);
    if run.closed {
        format!("Run {}: {so_far}", status_label(run.status))
    } else if run.unstored {
        "The run has finished but is not stored yet: the database can't be written. The server keeps trying.".to_owned()
    } else if run.status.is_final() {
        "The run has ended and is being closed.".to_owned()
    } else if stale {
        "The connection to the server is lost; reconnecting.".to_owned()
    } else {
        format!("Running: {} of {} seconds, {so_far}", stats.elapsed / 1000, run.duration)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::origin::RunId;
    use crate::traffic::engine::scenario::{Delay, Scenario};
    use crate::traffic::engine::stats::Stats;
    use crate::traffic::model::{Endpoints, Settings, Status};

    fn run(status: Status, closed: bool) -> Run {
        let settings = Settings {
            scenario: Scenario::Peak,
            duration: 30,
            max_rps: 20,
            endpoints: Endpoints::all(),
            seed: 9,
            delay: Delay::Client,
        };
        let stats = Stats { elapsed: 12_300, total_requests: 1234, failed_requests: 2, ..Stats::default() };
        Run { status, closed, stats, ..Run::starting(RunId(Uuid::from_u128(7)), settings, 20, 0) }
    }

    #[test]
    fn requests_throttled_by_the_cap_are_counted_apart_from_those_delayed_by_open_ones() {
        let mut run = run(Status::Running, false);
        run.stats.in_flight_refusals = 7;
        let line = accounts(&run);
        assert!(line.ends_with("7 delayed by open requests") && !line.contains("throttled"), "{line}");
        run.stats.gate_refusals = 3;
        assert!(accounts(&run).contains("3 throttled by the cap"), "{}", accounts(&run));
    }

    #[test]
    fn an_announcement_names_the_state() {
        let running = run(Status::Running, false);
        assert_eq!(announcement(&running, false), "Running: 12 of 30 seconds, 1234 requests, 2 failed.");
        assert!(announcement(&running, true).contains("reconnecting"));
        assert!(announcement(&run(Status::Completed, true), false).starts_with("Run completed: 1234"));
    }
}
