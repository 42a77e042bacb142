//! The content of the card's form: HTML that is a pure function of the choices. The browser replaces the parts that changed
//! (see [`crate::ui::patch`]); the controls are in no part, so they keep their state.

use super::choices::{durations, endpoint_choices, rates};
use super::settings_text::planned_rate;
use crate::traffic::engine::CAP;
use crate::traffic::engine::scenario::{Delay, Scenario, Shape};
use crate::traffic::model::Settings;
use crate::traffic::start_request::StartForm;
use crate::ui::chart::Chart;
use crate::ui::chart::rate::{Rates, rate};
use crate::ui::format::{count, duration};
use crate::ui::table::{attribute, escaped};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setup {
    /// The choices, in every field but the seed.
    pub(crate) form: StartForm,
    pub(crate) seed: u32,
    /// The cap of the server, in requests per second.
    pub(crate) cap: u32,
    /// The settings that the choices make, if they are valid.
    pub(crate) settings: Option<Settings>,
    pub(crate) busy: bool,
    /// Is the script running? Without it the button must look enabled, and the server refuses what is not acknowledged.
    pub(crate) alive: bool,
    /// Why the last start was refused, as HTML.
    pub(crate) refusals: String,
    /// Does the table of the plan have its rows?
    pub(crate) rows: bool,
}

impl Setup {
    pub(crate) fn html(&self) -> String {
        let Self { form, seed, cap, busy, alive, refusals, .. } = self;
        let acknowledged = form.is_acknowledged();
        let fields = self.fields();
        format!(
            "<div class=\"controls\">{scenarios}<div class=\"fields\">{fields}</div>\
             <p class=\"help\" id=\"rate-help\" data-part=\"rate-help\">{rate_help}</p>\
             <input type=\"hidden\" name=\"form[seed]\" value=\"{seed}\">\
             <label class=\"check\"><input type=\"checkbox\" name=\"form[acknowledged]\" value=\"true\"{checked}>I understand this generates load</label>\
             <div role=\"alert\" class=\"refusals\" data-part=\"refusals\">{refusals}</div>\
             <button class=\"button primary\" type=\"submit\" data-part=\"start\" aria-disabled=\"{disabled}\" aria-describedby=\"start-help\">{start}</button>\
             <p class=\"help\" id=\"start-help\" data-part=\"start-help\">{start_help}</p></div>{preview}",
            scenarios = self.scenarios(),
            rate_help = rate_help(self.settings.as_ref(), *cap),
            checked = attribute(acknowledged, "checked"),
            disabled = *alive && (*busy || !acknowledged),
            start = if *busy { "Starting…" } else { "START TEST" },
            start_help = if acknowledged {
                "Requests go to this server's own users API, and nowhere else."
            } else {
                "Tick the box above to start."
            },
            preview = self.preview(),
        )
    }

    fn fields(&self) -> String {
        let duration = self.form.duration.as_deref().unwrap_or_default();
        let rate = self.form.max_rps.as_deref().unwrap_or_default();
        let endpoints = self.form.endpoints.as_deref().unwrap_or_default();
        [
            select("duration", "duration", "Duration", durations(duration), duration, ""),
            select("max-rps", "maxRps", "Max RPS", rates(self.cap, rate), rate, "hard capped"),
            select("endpoints", "endpoints", "Endpoints", endpoint_choices(endpoints), endpoints, ""),
        ]
        .concat()
    }

    fn scenarios(&self) -> String {
        let chosen = |scenario: &Scenario| Some(scenario.wire_name()) == self.form.scenario.as_deref();
        let warning = |scenario| match scenario {
            Scenario::Stress => {
                "<span class=\"warning\" role=\"img\" aria-label=\"generates the highest load\">⚠️</span>"
            }
            _ => "",
        };
        let radios: String = Scenario::ALL
            .iter()
            .map(|one| radio("scenario", one.wire_name(), one.title(), chosen(one), warning(*one)))
            .collect();
        let help = description(Scenario::ALL.into_iter().find(chosen).unwrap_or_default());
        let in_server = self.form.delay.as_deref() == Some("server");
        let delays = radio("delay", "client", "Between requests", !in_server, "")
            + &radio("delay", "server", "In the server's response", in_server, "");
        // The style sheet shows the choice of the delay for that scenario only, so it works without JavaScript.
        format!(
            "<fieldset class=\"scenarios\" aria-describedby=\"scenario-help\"><legend>Scenario</legend>{radios}</fieldset>\
             <p class=\"help\" id=\"scenario-help\" data-part=\"scenario-help\">{help}</p>\
             <fieldset class=\"delay\"><legend>Where to wait</legend>{delays}</fieldset>"
        )
    }

    /// The planned rate of the current choices, computed by the code that drives the generator.
    fn preview(&self) -> String {
        let plan = self.settings.as_ref().map(|settings| (settings.shape(self.cap), settings.duration));
        let total = plan.as_ref().map(|(shape, _)| count(shape.total())).unwrap_or_default();
        let chart = plan.map_or_else(no_plan, |(shape, duration)| plan_chart(&shape, duration, self.cap));
        let figure = chart.figure_html("plan", self.rows);
        format!(
            "<div class=\"preview\"><h3>The plan</h3><p class=\"announced\" data-part=\"announced\"><strong>{total}</strong> requests will be sent</p>\
             <figure class=\"chart\" data-chart=\"plan\">{figure}</figure></div>"
        )
    }
}

const PLAN_TITLE: &str = "Planned rate";

/// The empty chart of choices that are not valid.
fn no_plan() -> Chart {
    Chart { title: PLAN_TITLE.to_owned(), ..Chart::default() }
}

fn plan_chart(shape: &Shape, seconds: u32, cap: u32) -> Chart {
    let total = count(shape.total());
    let sentence = format!("{total} requests in {}, {}.", duration(seconds), planned_rate(shape));
    let rates = Rates { seconds, planned: &shape.corners(), achieved: None, cap: cap.min(CAP) };
    rate(PLAN_TITLE, sentence, &rates)
}

fn radio(name: &str, value: &str, words: &str, chosen: bool, more: &str) -> String {
    let checked = attribute(chosen, "checked");
    format!(
        "<label class=\"choice\"><input type=\"radio\" name=\"form[{name}]\" value=\"{value}\"{checked}><span>{words}</span>{more}</label>"
    )
}

/// A labelled select. One with a note is described by the help text of the rate.
fn select(id: &str, name: &str, label: &str, choices: Vec<(String, String)>, chosen: &str, note: &str) -> String {
    let option = |(value, text): &(String, String)| {
        let selected = attribute(value == chosen, "selected");
        format!("<option value=\"{}\"{selected}>{}</option>", escaped(value), escaped(text))
    };
    let options: String = choices.iter().map(option).collect();
    let described = if note.is_empty() { "" } else { " aria-describedby=\"rate-help\"" };
    format!(
        "<div class=\"field\"><label for=\"{id}\">{label}</label>\
         <select id=\"{id}\" name=\"form[{name}]\"{described}>{options}</select><span class=\"note\">{note}</span></div>"
    )
}

fn description(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::Normal => "A steady rate over the whole duration.",
        Scenario::Peak => "Ramps up from zero in the first quarter, holds, and ramps down in the last quarter.",
        Scenario::ErrorInjection => {
            "A steady rate. Three of ten requests call an endpoint that fails half of the time, so about 15 % of all requests fail."
        }
        Scenario::LatencyDegradation => {
            "A random delay of 100 to 500 ms for each request. Between requests it lowers the rate, and no number that the server measures changes; in the server's response the rate stays, and the latency on this dashboard rises."
        }
        Scenario::Stress => "The highest rate that the cap allows, at once and for the whole duration.",
    }
}

fn rate_help(settings: Option<&Settings>, cap: u32) -> String {
    let Some(settings) = settings else { return String::new() };
    let ceiling = settings.shape(cap).ceiling();
    if settings.scenario == Scenario::LatencyDegradation && settings.delay == Delay::Client {
        format!("The pauses lower the rate to about {:.1} per second.", settings.shape(cap).mean())
    } else if ceiling < f64::from(settings.max_rps) {
        format!("Planned {ceiling:.1} per second, so that no second ever holds {}.", cap + 1)
    } else {
        format!("No second ever holds more than {cap} requests, whatever happens.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup() -> Setup {
        let text = |text: &str| Some(text.to_owned());
        let form = StartForm {
            scenario: text("peak"),
            duration: text("30\"><script>"),
            max_rps: text("20"),
            endpoints: text("all"),
            delay: text("client"),
            seed: None,
            acknowledged: None,
        };
        Setup { form, seed: 7, cap: 20, settings: None, busy: false, alive: true, refusals: String::new(), rows: false }
    }

    #[test]
    fn choices_are_marked_and_no_input_becomes_markup() {
        let html = setup().html();
        assert!(html.contains("value=\"peak\" checked><span>Peak Usage</span>"), "{html}");
        assert_eq!(html.matches(" checked").count(), 2);
        assert!(html.contains("<option value=\"20\" selected>20</option>"), "{html}");
        assert!(!html.contains("<script>"), "{html}");
        assert!(html.contains("<strong></strong> requests will be sent"), "no plan without valid choices: {html}");
    }

    #[test]
    fn the_button_waits_for_the_acknowledgement_if_the_script_runs() {
        let disabled = |setup: &Setup| setup.html().contains("aria-disabled=\"true\"");
        let mut setup = setup();
        assert!(disabled(&setup));
        setup.alive = false;
        assert!(!disabled(&setup));
        setup.alive = true;
        setup.form.acknowledged = Some("true".to_owned());
        assert!(!disabled(&setup));
        setup.busy = true;
        assert!(disabled(&setup) && setup.html().contains(">Starting…</button>"));
    }
}
