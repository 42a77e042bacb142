//! What is chosen in the form: read from it, put into it, and remembered.

use leptos::prelude::*;
use web_sys::wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlFormElement, HtmlInputElement, HtmlSelectElement};

use super::choices::{self, durations, endpoint_choices, rates};
use super::engine::scenario::Scenario;
use super::form::StartForm;
use super::input;
use super::model::{DEFAULT_DURATION, Settings};
use super::server_fns::CardState;

/// The form's values while the page lives, so that it comes back as it was left.
#[derive(Clone, Copy)]
pub struct Draft {
    /// What the form shows, with every field but the seed.
    pub(super) shown: RwSignal<StartForm>,
    pub(super) seed: u32,
    pub(super) cap: u32,
    /// Nobody asked for other values than the defaults.
    is_default: StoredValue<bool>,
}

impl Draft {
    /// From a refused form in the query, else the defaults.
    pub(super) fn new(returned: Option<StartForm>, state: &CardState) -> Self {
        let is_default = StoredValue::new(returned.is_none());
        let form = returned.unwrap_or_default();
        let seed = form.seed.as_ref().and_then(|seed| seed.parse().ok()).unwrap_or(state.seed);
        Self { shown: RwSignal::new(with_defaults(form, state.cap)), seed, cap: state.cap, is_default }
    }

    /// What the form sends now.
    pub(super) fn sent(&self) -> StartForm {
        StartForm { seed: Some(self.seed.to_string()), ..self.shown.get_untracked() }
    }

    /// What is chosen now, as the server will check it.
    pub(super) fn settings(&self) -> Option<Settings> {
        let form = StartForm { seed: Some(self.seed.to_string()), ..self.shown.get() };
        input::settings(&form.fields(), self.cap, || self.seed).ok()
    }

    /// Takes over what the form shows, after somebody chose something.
    pub(super) fn read(&self, form: &HtmlFormElement) {
        let mut now = read(form);
        // Stress is meant at the highest rate that there is; a lower one can be chosen after it.
        let stress = Some(Scenario::Stress.wire_name().to_owned());
        if now.scenario == stress && self.shown.with_untracked(|before| before.scenario != stress) {
            now.max_rps = Some(self.cap.to_string());
            show(&now, form);
        }
        if self.shown.with_untracked(|before| *before != now) {
            choices::remember(&StartForm { acknowledged: None, ..now.clone() });
            self.shown.set(now);
        }
    }

    /// Browsers bring a form's values back after a reload, and people choose before we are here: take over what the
    /// form shows. One that shows nothing but defaults takes what was chosen last.
    pub(super) fn meet(&self, form: &HtmlFormElement) {
        let mut now = read(form);
        if self.is_default.get_value() && self.shown.with_untracked(|before| *before == now) {
            now = choices::recall().map_or(now.clone(), |last| self.known(&last, now));
            show(&now, form);
        }
        self.is_default.set_value(false);
        self.shown.set(now);
    }

    /// Of what was remembered, what is among the choices. The acknowledgement is never remembered.
    fn known(&self, last: &StartForm, now: StartForm) -> StartForm {
        let among = |choices: Vec<(String, String)>, value: &Option<String>, now: Option<String>| {
            value.clone().filter(|value| choices.iter().any(|(choice, _)| choice == value)).or(now)
        };
        let scenarios = Scenario::ALL.map(|one| (one.wire_name().to_owned(), String::new())).to_vec();
        let delays = ["client", "server"].map(|one| (one.to_owned(), String::new())).to_vec();
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

/// A form as it shows itself: with a value in every field but the seed.
fn with_defaults(form: StartForm, cap: u32) -> StartForm {
    let known = |name: &String| Scenario::ALL.into_iter().any(|scenario| scenario.wire_name() == name);
    let scenario = form.scenario.filter(known);
    let acknowledged = (form.acknowledged.as_deref() == Some("true")).then(|| "true".to_owned());
    StartForm {
        scenario: scenario.or_else(|| Some(Scenario::default().wire_name().to_owned())),
        duration: form.duration.or_else(|| Some(DEFAULT_DURATION.to_string())),
        max_rps: form.max_rps.or_else(|| Some(cap.to_string())),
        endpoints: form.endpoints.or_else(|| Some("all".to_owned())),
        delay: Some(if form.delay.as_deref() == Some("server") { "server" } else { "client" }.to_owned()),
        seed: None,
        acknowledged,
    }
}

fn read(form: &HtmlFormElement) -> StartForm {
    let data = FormData::new_with_form(form).ok();
    let text = |name: &str| data.as_ref().and_then(|data| data.get(&format!("form[{name}]")).as_string());
    StartForm {
        scenario: text("scenario"),
        duration: text("duration"),
        max_rps: text("maxRps"),
        endpoints: text("endpoints"),
        delay: text("delay"),
        seed: None,
        acknowledged: text("acknowledged"),
    }
}

/// Ticks and selects what is chosen.
fn show(choice: &StartForm, form: &HtmlFormElement) {
    for (name, value) in choice.pairs() {
        let Some(value) = value else { continue };
        let radio = form.query_selector(&format!("input[name=\"form[{name}]\"][value=\"{value}\"]")).ok().flatten();
        if let Some(radio) = radio.and_then(|radio| radio.dyn_into::<HtmlInputElement>().ok()) {
            radio.set_checked(true);
        }
        let select = form.query_selector(&format!("select[name=\"form[{name}]\"]")).ok().flatten();
        if let Some(select) = select.and_then(|select| select.dyn_into::<HtmlSelectElement>().ok()) {
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
            StartForm { scenario: text("no"), duration: text("ten"), seed: text("7"), ..StartForm::default() };
        let shown = with_defaults(returned, 20);
        assert_eq!((shown.scenario, shown.duration, shown.seed), (text("normal"), text("ten"), None));
    }
}
