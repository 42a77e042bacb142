//! The inside of the card's form as HTML: a pure function of what is chosen. In the browser it is taken over part by
//! part (see [`crate::ui::patch`]); the controls are in no part, so they stay as they are.

use std::sync::{Mutex, PoisonError};

use super::choices::{durations, endpoint_choices, rates};
use super::settings_words::planned_rate;
use crate::traffic::engine::CAP;
use crate::traffic::engine::scenario::{Delay, Scenario, Shape};
use crate::traffic::model::Settings;
use crate::traffic::start_request::StartForm;
use crate::ui::chart::Chart;
use crate::ui::chart::rate::{Rates, rate};
use crate::ui::format::{count, duration};
use crate::ui::table::escaped;

/// What the form shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setup {
    /// What is chosen, in every field but the seed.
    pub(crate) form: StartForm,
    /// The seed of the run.
    pub(crate) seed: u32,
    /// The cap of the server, in requests per second.
    pub(crate) cap: u32,
    /// The same, when it is valid.
    pub(crate) settings: Option<Settings>,
    /// A start is under way.
    pub(crate) busy: bool,
    /// A script is there. Without one the server refuses what is not acknowledged, and the button must look ready.
    pub(crate) alive: bool,
    /// Why the last start was refused, as HTML.
    pub(crate) refusals: String,
    /// The points of the plan are wanted as a table.
    pub(crate) rows: bool,
}

/// The chart of the plan that was drawn last, with what it depends on.
type Drawn = ((Option<Settings>, u32, bool), String);

static DRAWN: Mutex<Option<Drawn>> = Mutex::new(None);

impl Setup {
    /// As HTML.
    pub(crate) fn html(&self) -> String {
        let Self { form, seed, cap, busy, alive, refusals, .. } = self;
        let value = |value: &Option<String>| value.clone().unwrap_or_default();
        let (own_duration, own_rate, own_endpoints) =
            (value(&form.duration), value(&form.max_rps), value(&form.endpoints));
        let acknowledged = form.is_acknowledged();
        let fields = [
            select("duration", "duration", "Duration", durations(&own_duration), &own_duration, ""),
            select("max-rps", "maxRps", "Max RPS", rates(*cap, &own_rate), &own_rate, "hard capped"),
            select("endpoints", "endpoints", "Endpoints", endpoint_choices(&own_endpoints), &own_endpoints, ""),
        ]
        .concat();
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
            checked = mark(acknowledged, "checked"),
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
        let waits = self.form.delay.as_deref() == Some("server");
        let delays = radio("delay", "client", "Between requests", !waits, "")
            + &radio("delay", "server", "In the server's answer", waits, "");
        // The style sheet shows where to wait for that scenario only, so it works without JavaScript.
        format!(
            "<fieldset class=\"scenarios\" aria-describedby=\"scenario-help\"><legend>Scenario</legend>{radios}</fieldset>\
             <p class=\"help\" id=\"scenario-help\" data-part=\"scenario-help\">{help}</p>\
             <fieldset class=\"delay\"><legend>Where to wait</legend>{delays}</fieldset>"
        )
    }

    /// The planned rate of the present choice, drawn by the code that will drive the generator.
    fn preview(&self) -> String {
        let shape = self.settings.as_ref().map(|settings| (settings.shape(self.cap), settings.duration));
        let total = shape.as_ref().map(|(shape, _)| count(shape.total())).unwrap_or_default();
        let figure = self.figure(shape.as_ref());
        format!(
            "<div class=\"preview\"><h3>The plan</h3><p class=\"announced\" data-part=\"announced\"><strong>{total}</strong> requests will be sent</p>\
             <figure class=\"chart\" data-chart=\"plan\">{figure}</figure></div>"
        )
    }

    /// The chart of the plan. The last one that was drawn is kept: most visits begin with the same choice.
    fn figure(&self, shape: Option<&(Shape, u32)>) -> String {
        let seed = |settings: &Settings| match settings.scenario {
            Scenario::LatencyDegradation => settings.seed,
            _ => 0,
        };
        let settings = self.settings.clone().map(|settings| Settings { seed: seed(&settings), ..settings });
        let key = (settings, self.cap, self.rows);
        let mut drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
        match &*drawn {
            Some((known, figure)) if *known == key => figure.clone(),
            _ => {
                let figure = plan(shape, self.cap).figure_html("plan", self.rows);
                *drawn = Some((key, figure.clone()));
                figure
            }
        }
    }
}

fn plan(shape: Option<&(Shape, u32)>, cap: u32) -> Chart {
    let title = "Planned rate";
    let Some((shape, seconds)) = shape else { return Chart { title: title.to_owned(), ..Chart::default() } };
    let (total, length) = (count(shape.total()), duration(*seconds));
    let sentence = format!("{total} requests in {length}, {}.", planned_rate(shape));
    let rates = Rates { seconds: *seconds, planned: &shape.corners(), achieved: None, cap: cap.min(CAP) };
    rate(title, sentence, &rates)
}

fn mark(chosen: bool, word: &str) -> String {
    if chosen { format!(" {word}") } else { String::new() }
}

fn radio(name: &str, value: &str, words: &str, chosen: bool, more: &str) -> String {
    let checked = mark(chosen, "checked");
    format!(
        "<label class=\"choice\"><input type=\"radio\" name=\"form[{name}]\" value=\"{value}\"{checked}><span>{words}</span>{more}</label>"
    )
}

/// A labelled choice. One with a note is described by the help below, which says more about it.
fn select(id: &str, name: &str, label: &str, choices: Vec<(String, String)>, chosen: &str, note: &str) -> String {
    let option = |(value, text): &(String, String)| {
        let selected = mark(value == chosen, "selected");
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
        Scenario::Peak => "Up from nothing in the first quarter, hold, and down again in the last quarter.",
        Scenario::ErrorInjection => {
            "A steady rate; three of ten requests call an endpoint that fails half of the time, so about 15 % of all requests fail."
        }
        Scenario::LatencyDegradation => {
            "A pause of 100 to 500 ms, drawn at random, before each request. Between requests it lowers the rate and moves no number that the server measures; in the server's answer the rate stays, and the latency on this dashboard rises."
        }
        Scenario::Stress => "At once to the highest rate that the cap allows, for the whole duration.",
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
    fn the_chosen_is_marked_and_nothing_of_the_address_becomes_markup() {
        let html = setup().html();
        assert!(html.contains("value=\"peak\" checked><span>Peak Usage</span>"), "{html}");
        assert_eq!(html.matches(" checked").count(), 2);
        assert!(html.contains("<option value=\"20\" selected>20</option>"), "{html}");
        assert!(!html.contains("<script>"), "{html}");
        assert!(html.contains("<strong></strong> requests will be sent"), "no plan of what is not valid: {html}");
    }

    #[test]
    fn the_button_waits_for_the_box_where_there_is_a_script() {
        let disabled = |setup: &Setup| setup.html().contains("aria-disabled=\"true\"");
        let mut setup = setup();
        assert!(disabled(&setup));
        setup.alive = false;
        assert!(!disabled(&setup));
        (setup.alive, setup.form.acknowledged) = (true, Some("true".to_owned()));
        assert!(!disabled(&setup));
        setup.busy = true;
        assert!(disabled(&setup) && setup.html().contains(">Starting…</button>"));
    }
}
