//! The choices in the form: read from it, shown in it, and remembered.

use leptos::prelude::*;
use web_sys::{FormData, HtmlFormElement, HtmlInputElement, HtmlSelectElement};

use crate::traffic::engine::random::Random;
use crate::traffic::engine::scenario::{Delay, Scenario};
use crate::traffic::model::{DEFAULT_DURATION, Settings};
use crate::traffic::outcomes::CardState;
use crate::traffic::start_request::StartForm;
use crate::traffic::view::choices::{durations, endpoint_choices, rates, recall, remember};
use crate::ui::dom::find;

/// The choices in the form while the page lives, so that the form comes back as the user left it.
#[derive(Clone, Copy)]
pub struct Draft {
    /// The choices that the form shows, in every field but the seed.
    pub(crate) shown: RwSignal<StartForm>,
    pub(crate) seed: RwSignal<u32>,
    pub(crate) cap: u32,
    /// Does the form show the defaults, because the address asks for nothing else?
    is_default: StoredValue<bool>,
}

impl Draft {
    /// The form in the address, or else the defaults.
    pub(crate) fn new(returned: Option<StartForm>, state: &CardState) -> Self {
        let is_default = StoredValue::new(returned.is_none());
        let form = returned.unwrap_or_default();
        let seed = form.seed.as_ref().and_then(|seed| seed.parse().ok()).unwrap_or(state.seed);
        let shown = RwSignal::new(with_defaults(form, state.cap));
        Self { shown, seed: RwSignal::new(seed), cap: state.cap, is_default }
    }

    /// Derives the next seed from the last one, which the server drew at random.
    pub(crate) fn new_seed(&self) {
        self.seed.update(|seed| *seed = next_seed(*seed));
    }

    /// The form as it is sent.
    pub(crate) fn sent(&self) -> StartForm {
        StartForm { seed: Some(self.seed.get_untracked().to_string()), ..self.shown.get_untracked() }
    }

    /// The settings that the choices make, if the server will accept them.
    pub(crate) fn settings(&self) -> Option<Settings> {
        let seed = self.seed.get();
        let form = StartForm { seed: Some(seed.to_string()), ..self.shown.get() };
        form.settings(self.cap, || seed).ok()
    }

    /// Reads the form after the user has changed a choice.
    pub(crate) fn read(&self, form: &HtmlFormElement) {
        let mut now = read(form);
        // Stress sets the highest rate; the user can choose a lower one afterwards.
        let stress = Some(Scenario::Stress.wire_name().to_owned());
        if now.scenario == stress && self.shown.with_untracked(|before| before.scenario != stress) {
            now.max_rps = Some(self.cap.to_string());
            show(&now, form);
        }
        if self.shown.with_untracked(|before| *before != now) {
            remember(&StartForm { acknowledged: None, ..now.clone() });
            self.shown.set(now);
        }
    }

    /// Reads the form when the script starts: browsers restore values after a reload, and users may already have chosen. If it
    /// still shows the defaults, it gets the remembered choices.
    pub(crate) fn hydrate(&self, form: &HtmlFormElement) {
        let mut now = read(form);
        if self.is_default.get_value() && self.shown.with_untracked(|before| *before == now) {
            now = recall().map_or(now.clone(), |last| self.still_offered(&last, now));
            show(&now, form);
        }
        self.is_default.set_value(false);
        self.shown.set(now);
    }

    /// Keeps the remembered values that are still among the choices. The acknowledgement is never remembered.
    fn still_offered(&self, last: &StartForm, now: StartForm) -> StartForm {
        let among = |choices: Vec<(String, String)>, value: &Option<String>, now: Option<String>| {
            value.clone().filter(|value| choices.iter().any(|(choice, _)| choice == value)).or(now)
        };
        let scenarios = Scenario::ALL.map(|one| (one.wire_name().to_owned(), String::new())).to_vec();
        let delays = Delay::ALL.map(|one| (one.wire_name().to_owned(), String::new())).to_vec();
        StartForm {
            scenario: among(scenarios, &last.scenario, now.scenario),
            duration: among(durations(""), &last.duration, now.duration),
            max_rps: among(rates(self.cap, ""), &last.max_rps, now.max_rps),
            endpoints: among(endpoint_choices(""), &last.endpoints, now.endpoints),
            delay: among(delays, &last.delay, now.delay),
            ..now
        }
    }
}

fn next_seed(seed: u32) -> u32 {
    // Nothing else uses this stream of random numbers.
    (Random::new(seed, u64::MAX).next_u64() >> 32) as u32
}

/// Fills the form so that every field but the seed has a value that can be chosen, and there always is a plan. A rate above
/// the cap becomes the cap.
fn with_defaults(form: StartForm, cap: u32) -> StartForm {
    let known = |name: &String| Scenario::ALL.into_iter().any(|scenario| scenario.wire_name() == name);
    let scenario = form.scenario.filter(known);
    let acknowledged = (form.acknowledged.as_deref() == Some("true")).then(|| "true".to_owned());
    let chosen = |value: Option<String>, choices: fn(&str) -> Vec<(String, String)>, default: String| {
        value.filter(|value| choices(value).iter().any(|(choice, _)| choice == value)).or(Some(default))
    };
    let rate = form.max_rps.and_then(|rate| rate.parse::<u32>().ok()).filter(|rate| *rate > 0);
    StartForm {
        scenario: scenario.or_else(|| Some(Scenario::default().wire_name().to_owned())),
        duration: chosen(form.duration, durations, DEFAULT_DURATION.to_string()),
        max_rps: Some(rate.map_or(cap, |rate| rate.min(cap)).to_string()),
        endpoints: chosen(form.endpoints, endpoint_choices, "all".to_owned()),
        delay: Some(if form.delay.as_deref() == Some("server") { "server" } else { "client" }.to_owned()),
        seed: None,
        acknowledged,
    }
}

fn read(form: &HtmlFormElement) -> StartForm {
    let data = FormData::new_with_form(form).ok();
    let text = |name: &str| data.as_ref().and_then(|data| data.get(&format!("form[{name}]")).as_string());
    StartForm { seed: None, ..StartForm::read(text) }
}

fn show(choice: &StartForm, form: &HtmlFormElement) {
    for (name, value) in choice.pairs() {
        let Some(value) = value else { continue };
        let radio = format!("input[name=\"form[{name}]\"][value=\"{value}\"]");
        if let Some(radio) = find::<HtmlInputElement>(form, &radio) {
            radio.set_checked(true);
        }
        let select = format!("select[name=\"form[{name}]\"]");
        if let Some(select) = find::<HtmlSelectElement>(form, &select) {
            select.set_value(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_shows_a_value_in_every_field() {
        let text = |text: &str| Some(text.to_owned());
        let shown = with_defaults(StartForm::default(), 20);
        assert_eq!((shown.scenario, shown.duration, shown.max_rps), (text("normal"), text("120"), text("20")));
        assert_eq!((shown.endpoints, shown.delay, shown.acknowledged), (text("all"), text("client"), None));
        let returned =
            StartForm { scenario: text("no"), duration: text("45"), seed: text("7"), ..StartForm::default() };
        let shown = with_defaults(returned, 20);
        assert_eq!((shown.scenario, shown.duration, shown.seed), (text("normal"), text("45"), None));
    }

    #[test]
    fn every_field_of_a_form_that_came_back_can_be_chosen_and_makes_a_plan() {
        let text = |text: &str| Some(text.to_owned());
        let form = |duration: &str, rate: &str, endpoints: &str| StartForm {
            duration: text(duration),
            max_rps: text(rate),
            endpoints: text(endpoints),
            ..StartForm::default()
        };
        for (given, cap, expected) in [
            (form("45", "20", "list,get"), 5, ("45", "5", "list,get")),
            (form("ten", "", "delete"), 20, ("120", "20", "all")),
            (form("700", "0", "list,"), 5, ("120", "5", "all")),
            (form("60", "3", "all"), 5, ("60", "3", "all")),
        ] {
            let shown = with_defaults(given, cap);
            let [duration, rate, endpoints] =
                [&shown.duration, &shown.max_rps, &shown.endpoints].map(|value| value.clone().expect("a value"));
            assert_eq!((duration.as_str(), rate.as_str(), endpoints.as_str()), expected);
            for (choices, value) in [
                (durations(&duration), &duration),
                (rates(cap, &rate), &rate),
                (endpoint_choices(&endpoints), &endpoints),
            ] {
                assert!(choices.iter().any(|(choice, _)| choice == value), "{value}");
            }
            assert!(shown.settings(cap, || 0).is_ok(), "a plan: {shown:?}");
        }
    }

    #[test]
    fn the_next_run_has_another_seed() {
        let seeds: std::collections::BTreeSet<u32> =
            std::iter::successors(Some(0), |seed| Some(next_seed(*seed))).take(1000).collect();
        assert_eq!(seeds.len(), 1000);
    }
}
