//! The numbers of a run in sentences.

use super::result_sentence::result_sentence;
use crate::traffic::model::Run;
use crate::ui::format::{count, millis};

/// For so many seconds a run counts as just started.
const JUST_STARTED: u32 = 5;

/// The planned rate and the achieved one, which the events of the live stream know as a mean only.
/// What became of the planned requests so far.
pub(crate) fn accounts(run: &Run) -> String {
    let stats = &run.stats;
    let open = if run.status.is_final() {
        format!("{} not sent", count(stats.not_reached))
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

/// The sentence for screen readers, which hear nothing else of the numbers: what was started, how far it is, or what came
/// of it.
pub fn announcement(run: &Run) -> String {
    if run.closed {
        format!("The run has ended. {}", result_sentence(run))
    } else if run.unstored {
        "The run has finished but is not stored yet: the database can't be written. The server keeps trying.".to_owned()
    } else if run.status.is_final() {
        "The run has ended and is being closed.".to_owned()
    } else if run.stats.whole_seconds() < JUST_STARTED {
        format!(
            "{} has started: {} requests planned in {}.",
            run.scenario.title(),
            run.stats.planned,
            seconds(run.duration)
        )
    } else {
        so_far(run)
    }
}

/// The numbers of a run that goes on.
fn so_far(run: &Run) -> String {
    let stats = &run.stats;
    let p95 = stats.service.ok.p95.map(|p95| format!(", p95 {}", millis(Some(p95)))).unwrap_or_default();
    let (elapsed, duration) = (stats.whole_seconds(), seconds(run.duration));
    format!("{elapsed} of {duration}: {} requests, {} failed{p95}.", stats.total_requests, stats.failed_requests)
}

fn seconds(n: u32) -> String {
    format!("{n} seconds")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture::run;

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
    fn an_announcement_says_the_start_the_numbers_of_the_moment_and_the_result() {
        let at = |elapsed| {
            let mut run = run(Status::Running, false);
            run.stats.elapsed = elapsed;
            run.stats.planned = 444;
            run.stats.service.ok.p95 = Some(2.81);
            announcement(&run)
        };
        assert_eq!(at(0), "Peak Usage has started: 444 requests planned in 30 seconds.");
        assert_eq!(at(4999), at(0));
        assert_eq!(at(5000), "5 of 30 seconds: 1234 requests, 2 failed, p95 2.81 ms.");
        assert_eq!(at(20_900), "20 of 30 seconds: 1234 requests, 2 failed, p95 2.81 ms.");
        let closed = announcement(&run(Status::Completed, true));
        assert_eq!(closed, "The run has ended. 0.2 % of 1\u{202f}234 requests failed, not as planned.");
        let unstored = Run { unstored: true, ..run(Status::Completed, false) };
        assert!(announcement(&unstored).contains("not stored yet"));
        assert_eq!(announcement(&run(Status::Cancelled, false)), "The run has ended and is being closed.");
    }
}
