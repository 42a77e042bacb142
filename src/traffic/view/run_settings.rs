//! The settings of a run as a list, in place of the form that they were chosen in.

use leptos::prelude::*;

use super::settings_text::{delay, planned_rate_of};
use crate::traffic::model::Run;
use crate::ui::format::duration;

/// What the run was started with.
#[component]
pub fn RunSettings(
    /// The run.
    run: Signal<Run>,
) -> impl IntoView {
    let settings = Memo::new(move |_| run.with(settings));
    let entry = |(name, value): (&'static str, String)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    view! { <dl class="settings">{move || settings.get().into_iter().map(entry).collect_view()}</dl> }.into_any()
}

/// Each setting with its value.
fn settings(run: &Run) -> Vec<(&'static str, String)> {
    let delay = delay(run.scenario, run.delay).map(|delay| ("Delay", delay.to_owned()));
    let before = [
        ("Scenario", run.scenario.title().to_owned()),
        ("Duration", duration(run.duration)),
        ("Max RPS", run.max_rps.to_string()),
        ("Planned rate", planned_rate_of(run)),
        ("Endpoints", run.endpoints.title()),
    ];
    let after = [("Seed", run.seed.to_string()), ("Cap", format!("{} per second", run.cap))];
    before.into_iter().chain(delay).chain(after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::engine::scenario::Scenario;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    #[test]
    fn the_delay_is_listed_for_the_scenario_that_has_one() {
        let mut run = fixture::run(Status::Running, false);
        let texts =
            |run: &Run| settings(run).iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>();
        let peak = [
            "Scenario: Peak Usage",
            "Duration: 30 s",
            "Max RPS: 20",
            "Planned rate: at most 19.8 per second",
            "Endpoints: All",
            "Seed: 9",
            "Cap: 20 per second",
        ];
        assert_eq!(texts(&run), peak);
        run.scenario = Scenario::LatencyDegradation;
        let texts = texts(&run);
        assert_eq!(
            (texts[3].as_str(), texts[5].as_str()),
            ("Planned rate: about 2.9 per second, at most 6.6", "Delay: pauses between requests")
        );
        let html = fixture::html(|| view! { <RunSettings run=Signal::stored(run) /> });
        assert!(html.contains("<dt>Seed</dt><dd>9"), "{html}");
    }
}
