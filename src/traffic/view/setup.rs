//! What the form says about the run that its choices make, in words and as a chart. All numbers come from the code that
//! drives the generator.

use leptos::prelude::*;

use super::settings_text::{planned_rate, rate_text};
use crate::traffic::engine::CAP;
use crate::traffic::engine::scenario::{Delay, Scenario};
use crate::traffic::model::Settings;
use crate::ui::chart::Chart;
use crate::ui::chart::figure::ChartFigure;
use crate::ui::chart::rate::{Rates, rate};
use crate::ui::format::{count, duration};

/// The choices of the scenario: the value in the form, and the label.
pub(crate) fn scenario_choices() -> Vec<(&'static str, &'static str)> {
    let label = |scenario: Scenario| match scenario {
        Scenario::Stress => "Stress Test (Safe) ⚠️",
        other => other.title(),
    };
    Scenario::ALL.into_iter().map(|scenario| (scenario.wire_name(), label(scenario))).collect()
}

/// The choices of the place where Latency Degradation waits.
pub(crate) fn delay_choices() -> Vec<(&'static str, &'static str)> {
    let label = |delay: Delay| match delay {
        Delay::Client => "Between requests",
        Delay::Server => "In the server's response",
    };
    Delay::ALL.into_iter().map(|delay| (delay.wire_name(), label(delay))).collect()
}

/// What the scenario does with these settings, on a server with this cap. Never longer than the card has room for: three
/// lines, or two above the choice of the delay.
pub(crate) fn description(settings: &Settings, cap: u32) -> String {
    let shape = settings.shape(cap);
    let top = rate_text(shape.ceiling());
    match settings.scenario {
        Scenario::Normal => format!("A steady {top} requests per second over the whole duration."),
        Scenario::Peak => {
            format!("Ramps up to {top} per second in the first quarter, holds, and ramps down in the last quarter.")
        }
        Scenario::ErrorInjection => format!(
            "A steady {top} per second. 3 of 10 requests call an endpoint that fails half of the time: about 15 % fail."
        ),
        Scenario::LatencyDegradation if settings.delay == Delay::Client => {
            format!("Random pauses of 100–500 ms lower the rate to about {:.1} per second.", shape.mean())
        }
        Scenario::LatencyDegradation => format!("Responses wait a random 100–500 ms; the rate stays {top} per second."),
        Scenario::Stress if settings.max_rps >= cap => format!(
            "All that the cap allows at once, {top} per second. Normal Traffic holds the rate you choose: at {cap} the same."
        ),
        Scenario::Stress => format!(
            "{top} per second at once, the same as Normal Traffic. Only at {cap} is it all that the cap allows."
        ),
    }
}

/// How many requests are planned and how fast: the total, and what follows it.
pub(crate) fn announcement_of_plan(settings: &Settings, cap: u32) -> (String, String) {
    let shape = settings.shape(cap);
    (count(shape.total()), format!(" requests in {}, {}", duration(settings.duration), planned_rate(&shape)))
}

/// What the planned rate means.
pub(crate) fn rate_help(settings: &Settings, cap: u32) -> String {
    let ceiling = settings.shape(cap).ceiling();
    if settings.scenario == Scenario::LatencyDegradation && settings.delay == Delay::Client {
        "The client pauses, so no latency that the server measures rises.".to_owned()
    } else if ceiling < f64::from(settings.max_rps) {
        format!("Planned {} per second, so that no second ever holds {}.", rate_text(ceiling), cap + 1)
    } else {
        format!("No second ever holds more than {cap} requests, whatever happens.")
    }
}

/// The planned rate as a small chart.
#[component]
pub fn PlanChart(
    /// The settings that the choices make, if they are valid.
    #[prop(into)]
    settings: Signal<Option<Settings>>,
    /// The cap of the server, in requests per second.
    cap: u32,
) -> impl IntoView {
    let chart =
        move || settings.with(|settings| settings.as_ref().map_or_else(no_plan, |settings| plan_chart(settings, cap)));
    let help = move || settings.with(|settings| settings.as_ref().map(|settings| rate_help(settings, cap)));
    view! {
        <div class="preview">
            <ChartFigure id="plan" chart=Signal::derive(chart) />
            <p class="help" id="rate-help">
                {help}
            </p>
        </div>
    }
    .into_any()
}

const PLAN_TITLE: &str = "The plan";

/// The empty chart of choices that are not valid.
fn no_plan() -> Chart {
    Chart { title: PLAN_TITLE.to_owned(), ..Chart::default() }
}

fn plan_chart(settings: &Settings, cap: u32) -> Chart {
    let (total, rest) = announcement_of_plan(settings, cap);
    let planned = settings.shape(cap).corners();
    let rates =
        Rates { seconds: settings.duration, planned: &planned, achieved: None, failed: None, cap: cap.min(CAP) };
    rate(PLAN_TITLE, format!("{total}{rest}."), &rates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::model::Endpoints;

    fn settings(scenario: Scenario, delay: Delay, max_rps: u32) -> Settings {
        Settings { scenario, duration: 30, max_rps, endpoints: Endpoints::all(), seed: 9, delay }
    }

    #[test]
    fn each_description_has_the_numbers_of_its_own_rate() {
        use Delay::{Client, Server};
        let rows = [
            (Scenario::Normal, Client, 20, 20, "A steady 19.8 requests per second over the whole duration."),
            (Scenario::Normal, Client, 5, 20, "A steady 5 requests per second over the whole duration."),
            (
                Scenario::Peak,
                Client,
                2,
                20,
                "Ramps up to 2 per second in the first quarter, holds, and ramps down in the last quarter.",
            ),
            (
                Scenario::ErrorInjection,
                Client,
                20,
                20,
                "A steady 19.8 per second. 3 of 10 requests call an endpoint that fails half of the time: about 15 % fail.",
            ),
            (
                Scenario::LatencyDegradation,
                Client,
                20,
                20,
                "Random pauses of 100–500 ms lower the rate to about 2.9 per second.",
            ),
            (
                Scenario::LatencyDegradation,
                Client,
                1,
                20,
                "Random pauses of 100–500 ms lower the rate to about 0.8 per second.",
            ),
            (
                Scenario::LatencyDegradation,
                Server,
                20,
                20,
                "Responses wait a random 100–500 ms; the rate stays 19.8 per second.",
            ),
            (
                Scenario::Stress,
                Client,
                20,
                20,
                "All that the cap allows at once, 19.8 per second. Normal Traffic holds the rate you choose: at 20 the same.",
            ),
            (
                Scenario::Stress,
                Client,
                5,
                20,
                "5 per second at once, the same as Normal Traffic. Only at 20 is it all that the cap allows.",
            ),
            (
                Scenario::Stress,
                Client,
                5,
                5,
                "All that the cap allows at once, 4.95 per second. Normal Traffic holds the rate you choose: at 5 the same.",
            ),
        ];
        for (scenario, delay, max_rps, cap, expected) in rows {
            assert_eq!(description(&settings(scenario, delay, max_rps), cap), expected);
        }
    }

    #[test]
    fn the_plan_is_announced_with_its_total_and_its_rate() {
        let rows = [
            (Scenario::Normal, Delay::Client, 20, "594 requests in 30 s, at most 19.8 per second"),
            (Scenario::Peak, Delay::Client, 20, "447 requests in 30 s, at most 19.8 per second"),
            (Scenario::ErrorInjection, Delay::Client, 10, "300 requests in 30 s, at most 10 per second"),
            (Scenario::LatencyDegradation, Delay::Server, 20, "594 requests in 30 s, at most 19.8 per second"),
            (Scenario::Stress, Delay::Client, 1, "30 requests in 30 s, at most 1 per second"),
        ];
        for (scenario, delay, max_rps, expected) in rows {
            let (total, rest) = announcement_of_plan(&settings(scenario, delay, max_rps), 20);
            assert_eq!(total + &rest, expected);
        }
        let (_, rest) = announcement_of_plan(&settings(Scenario::LatencyDegradation, Delay::Client, 20), 20);
        assert_eq!(rest, " requests in 30 s, about 2.9 per second, at most 6.6");
    }

    #[test]
    fn the_help_says_why_the_rate_is_a_little_below_the_cap() {
        let help = |scenario, delay, max_rps, cap| rate_help(&settings(scenario, delay, max_rps), cap);
        let below = "Planned 19.8 per second, so that no second ever holds 21.";
        assert_eq!(help(Scenario::Normal, Delay::Client, 20, 20), below);
        assert_eq!(help(Scenario::LatencyDegradation, Delay::Server, 20, 20), below);
        let lower = "Planned 4.95 per second, so that no second ever holds 6.";
        assert_eq!(help(Scenario::Stress, Delay::Client, 5, 5), lower);
        let kept = "No second ever holds more than 20 requests, whatever happens.";
        assert_eq!(help(Scenario::Peak, Delay::Client, 15, 20), kept);
        let client = help(Scenario::LatencyDegradation, Delay::Client, 20, 20);
        assert!(client.contains("no latency that the server measures rises"), "{client}");
    }

    #[test]
    fn the_chart_shows_the_plan_and_nothing_without_one() {
        let chart = plan_chart(&settings(Scenario::Peak, Delay::Client, 20), 20);
        assert_eq!(chart.sentence, "447 requests in 30 s, at most 19.8 per second.");
        assert_eq!(chart.points.len(), 4, "the corners of the curve");
        let html = |settings: Option<Settings>| {
            Owner::new().with(|| view! { <PlanChart settings=Signal::stored(settings) cap=20 /> }.into_any().to_html())
        };
        let plan = html(Some(settings(Scenario::Normal, Delay::Client, 20)));
        assert!(plan.contains("id=\"rate-help\"") && plan.contains("id=\"plan\""), "{plan}");
        assert!(!html(None).contains("class=\"planned\""));
    }
}
