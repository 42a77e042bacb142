//! What lists of runs say about a run, as text.

use crate::traffic::engine::scenario::Scenario;
use crate::traffic::model::{RunSummary, Status};
use crate::ui::format::{count, duration, percent, utc_exact};
use crate::ui::tone::Tone;

/// What a run is called: its name, or else its scenario.
pub fn title(name: Option<&str>, scenario: Scenario) -> String {
    name.unwrap_or(scenario.title()).to_owned()
}

/// A run told apart from all others in words: what it is called, and when it started.
pub fn title_and_start(run: &RunSummary) -> String {
    format!("{} of {}", title(run.name.as_deref(), run.scenario), utc_exact(run.start_time))
}

/// How long it lasted, and of how long it was to last if it ended early. A dash while it is active.
pub fn lasted(run: &RunSummary) -> String {
    let Some(end) = run.end_time else { return "–".to_owned() };
    let seconds = u32::try_from((end - run.start_time + 500) / 1000).unwrap_or(0);
    if run.status == Status::Completed || seconds >= run.duration {
        duration(run.duration)
    } else {
        format!("{} of {}", duration(seconds), duration(run.duration))
    }
}

/// How many of the planned requests were sent.
pub fn sent(run: &RunSummary) -> String {
    format!("{} of {}", count(run.sent), count(run.planned))
}

/// How many requests were missed, if there are any.
pub fn missed(run: &RunSummary) -> Option<String> {
    (run.missed > 0).then(|| format!("{} missed", count(run.missed)))
}

/// Failed requests, as a share of those that ended ok or failed.
pub fn failed(run: &RunSummary) -> String {
    match run.failed_requests {
        0 => "0".to_owned(),
        failed => {
            let share = (run.total_requests > 0).then(|| f64::from(failed) / f64::from(run.total_requests));
            format!("{} ({})", count(failed), percent(share))
        }
    }
}

/// Failed requests are bad news.
pub fn failed_tone(run: &RunSummary) -> Tone {
    Tone::bad_if(run.failed_requests > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::view::fixture;

    fn summary() -> RunSummary {
        RunSummary { planned: 594, sent: 592, missed: 2, ..RunSummary::from(&fixture::run(Status::Completed, true)) }
    }

    #[test]
    fn a_run_is_called_by_its_name_or_else_by_its_scenario() {
        assert_eq!(title_and_start(&summary()), "Peak Usage of 1970-01-01 00:00:00 UTC");
        let named = RunSummary { name: Some("Before".to_owned()), ..summary() };
        assert_eq!(title_and_start(&named), "Before of 1970-01-01 00:00:00 UTC");
    }

    #[test]
    fn a_run_that_ended_early_says_of_how_long() {
        let rows = [
            (Status::Running, None, "–"),
            (Status::Completed, Some(29_990), "30 s"),
            (Status::Cancelled, Some(12_300), "12 s of 30 s"),
            (Status::Error, Some(-5), "0 s of 30 s"),
        ];
        for (status, end_time, words) in rows {
            assert_eq!(lasted(&RunSummary { status, end_time, ..summary() }), words);
        }
    }

    #[test]
    fn figures_have_what_they_are_of() {
        assert_eq!((sent(&summary()).as_str(), missed(&summary()).as_deref()), ("592 of 594", Some("2 missed")));
        assert_eq!(missed(&RunSummary { missed: 0, ..summary() }), None);
        assert_eq!(failed(&summary()), "2 (0.2 %)");
        assert_eq!(failed(&RunSummary { failed_requests: 0, ..summary() }), "0");
        assert_eq!(failed(&RunSummary { total_requests: 0, ..summary() }), "2 (–)");
    }
}
