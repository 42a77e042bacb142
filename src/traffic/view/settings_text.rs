//! The settings of a run as text, for all pages and files that show them.

use crate::traffic::engine::scenario::{Delay, Scenario, Shape};
use crate::traffic::model::{Run, RunSummary, Settings};
use crate::ui::format::duration;

/// Where Latency Degradation adds its delay; `None` for the other scenarios.
pub fn delay(scenario: Scenario, delay: Delay) -> Option<&'static str> {
    match (scenario, delay) {
        (Scenario::LatencyDegradation, Delay::Client) => Some("pauses between requests"),
        (Scenario::LatencyDegradation, Delay::Server) => Some("delay in the server's response"),
        _ => None,
    }
}

fn joined(parts: impl IntoIterator<Item = String>, delay: Option<&str>) -> String {
    parts.into_iter().chain(delay.map(str::to_owned)).collect::<Vec<_>>().join(" · ")
}

/// All settings except the scenario, which is the title above them.
pub fn below_title(settings: &Settings) -> String {
    let endpoints = match settings.endpoints.title() {
        all if all == "All" => "all endpoints".to_owned(),
        some => some,
    };
    let rate = format!("up to {} requests per second", settings.max_rps);
    let parts = [duration(settings.duration), rate, endpoints, format!("seed {}", settings.seed)];
    joined(parts, delay(settings.scenario, settings.delay))
}

/// The settings that distinguish runs in a list, beside what a run is called. The scenario is one of them only if the run
/// has a name; otherwise it is called by its scenario.
pub fn beside_name(run: &RunSummary) -> String {
    let scenario = run.name.as_ref().map(|_| run.scenario.title().to_owned());
    let parts = [duration(run.duration), format!("{}/s", run.max_rps)];
    joined(scenario.into_iter().chain(parts), delay(run.scenario, run.delay))
}

/// The planned rate: the highest, and the mean where pauses lower it.
pub fn planned_rate(shape: &Shape) -> String {
    let top = shape.top();
    let mean = shape.mean();
    if mean < top {
        format!("about {mean:.1} per second, at most {top:.1}")
    } else {
        format!("at most {} per second", rate_text(top))
    }
}

/// A rate per second, with as many decimals as it needs, at most two.
pub fn rate_text(rate: f64) -> String {
    let text = format!("{rate:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The planned rate of a run.
pub fn planned_rate_of(run: &Run) -> String {
    planned_rate(&run.settings().shape(run.cap))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::model::Endpoints;

    fn settings(scenario: Scenario, delay: Delay) -> Settings {
        Settings { scenario, duration: 60, max_rps: 20, endpoints: Endpoints::all(), seed: 9, delay }
    }

    #[test]
    fn the_delay_is_named_where_there_is_one() {
        let words = |scenario, delay| below_title(&settings(scenario, delay));
        let common = "1 min · up to 20 requests per second · all endpoints · seed 9";
        assert_eq!(words(Scenario::Normal, Delay::Client), common);
        assert_eq!(words(Scenario::LatencyDegradation, Delay::Client), format!("{common} · pauses between requests"));
        assert_eq!(
            words(Scenario::LatencyDegradation, Delay::Server),
            format!("{common} · delay in the server's response")
        );
    }

    #[test]
    fn a_run_without_a_name_does_not_repeat_its_scenario() {
        let run = crate::traffic::view::fixture::run(crate::traffic::model::Status::Completed, true);
        let mut run = RunSummary::from(&run);
        assert_eq!(beside_name(&run), "30 s · 20/s");
        run.name = Some("Before".to_owned());
        assert_eq!(beside_name(&run), "Peak Usage · 30 s · 20/s");
    }

    #[test]
    fn a_plan_with_pauses_does_not_claim_to_reach_the_cap() {
        let words = |scenario, delay| planned_rate(&settings(scenario, delay).shape(20));
        assert_eq!(words(Scenario::Stress, Delay::Client), "at most 19.8 per second");
        assert_eq!(words(Scenario::Peak, Delay::Client), "at most 19.8 per second");
        assert_eq!(words(Scenario::LatencyDegradation, Delay::Client), "about 2.9 per second, at most 6.6");
        assert_eq!(words(Scenario::LatencyDegradation, Delay::Server), "at most 19.8 per second");
        assert_eq!([5.0, 20.0 / 1.01, 5.0 / 1.01, 10.0].map(rate_text), ["5", "19.8", "4.95", "10"]);
    }
}
