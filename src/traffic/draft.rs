//! What is chosen in the form, and what there is to choose.

use leptos::html;
use leptos::prelude::*;
use web_sys::wasm_bindgen::JsCast;

use super::choices;
use super::engine::mix::Endpoint;
use super::engine::scenario::{Delay, Scenario};
use super::form::StartForm;
use super::input;
use super::model::{DEFAULT_DURATION, DURATIONS, Endpoints, MAX_DURATION, MIN_DURATION, RATES, Settings};
use super::server_fns::CardState;
use crate::ui::format::duration;

/// The form's values while the page lives, so that it comes back as it was left.
#[derive(Clone, Copy)]
pub struct Draft {
    pub(super) scenario: RwSignal<Scenario>,
    pub(super) duration: RwSignal<String>,
    pub(super) max_rps: RwSignal<String>,
    pub(super) endpoints: RwSignal<String>,
    pub(super) delay: RwSignal<Delay>,
    pub(super) acknowledged: RwSignal<bool>,
    pub(super) seed: u32,
    cap: u32,
    /// Nobody asked for other values than the defaults.
    is_default: StoredValue<bool>,
}

impl Draft {
    /// From a refused form in the query, else the defaults.
    pub(super) fn new(returned: Option<StartForm>, state: &CardState) -> Self {
        let is_default = StoredValue::new(returned.is_none());
        let form = returned.unwrap_or_default();
        let acknowledged = form.is_acknowledged();
        let named = |name: &str| Scenario::ALL.into_iter().find(|scenario| scenario.wire_name() == name);
        Self {
            scenario: RwSignal::new(form.scenario.as_deref().and_then(named).unwrap_or_default()),
            duration: RwSignal::new(form.duration.unwrap_or_else(|| DEFAULT_DURATION.to_string())),
            max_rps: RwSignal::new(form.max_rps.unwrap_or_else(|| state.cap.to_string())),
            endpoints: RwSignal::new(form.endpoints.unwrap_or_else(|| "all".to_owned())),
            delay: RwSignal::new(if form.delay.as_deref() == Some("server") { Delay::Server } else { Delay::Client }),
            acknowledged: RwSignal::new(acknowledged),
            seed: form.seed.and_then(|seed| seed.parse().ok()).unwrap_or(state.seed),
            cap: state.cap,
            is_default,
        }
    }

    /// What is chosen now, as the form sends it, without the seed.
    fn as_form(&self) -> StartForm {
        StartForm {
            scenario: Some(self.scenario.get().wire_name().to_owned()),
            duration: Some(self.duration.get()),
            max_rps: Some(self.max_rps.get()),
            endpoints: Some(self.endpoints.get()),
            delay: Some(if self.delay.get() == Delay::Server { "server" } else { "client" }.to_owned()),
            seed: None,
            acknowledged: self.acknowledged.get().then(|| "true".to_owned()),
        }
    }

    /// What the form sends now.
    pub(super) fn sent(&self) -> StartForm {
        StartForm { seed: Some(self.seed.to_string()), ..untrack(|| self.as_form()) }
    }

    /// Takes over what is among the choices. The acknowledgement is never remembered, only shown.
    fn take(&self, form: &StartForm) {
        let known = |choices: Vec<(String, String)>, value: &Option<String>| {
            value.clone().filter(|value| choices.iter().any(|(choice, _)| choice == value))
        };
        if let Some(scenario) = Scenario::ALL.into_iter().find(|one| Some(one.wire_name()) == form.scenario.as_deref())
        {
            self.scenario.set(scenario);
        }
        let own = [self.duration, self.max_rps, self.endpoints].map(|signal| signal.get_untracked());
        let taken = [
            (self.duration, known(durations(&own[0]), &form.duration)),
            (self.max_rps, known(rates(self.cap, &own[1]), &form.max_rps)),
            (self.endpoints, known(endpoint_choices(&own[2]), &form.endpoints)),
        ];
        for (signal, value) in taken {
            if let Some(value) = value {
                signal.set(value);
            }
        }
        self.delay.set(if form.delay.as_deref() == Some("server") { Delay::Server } else { Delay::Client });
        self.acknowledged.set(form.is_acknowledged());
        self.is_default.set_value(false);
    }

    /// Ticks the radios that show the draft; the selects follow it by themselves.
    fn show_in(&self, form: &web_sys::HtmlFormElement) {
        let delay = if self.delay.get_untracked() == Delay::Server { "server" } else { "client" };
        for (name, value) in [("scenario", self.scenario.get_untracked().wire_name()), ("delay", delay)] {
            let selector = format!("input[name=\"form[{name}]\"][value=\"{value}\"]");
            let radio = form.query_selector(&selector).ok().flatten();
            if let Some(radio) = radio.and_then(|radio| radio.dyn_into::<web_sys::HtmlInputElement>().ok()) {
                radio.set_checked(true);
            }
        }
    }

    /// What is chosen now, as the server will check it.
    pub(super) fn settings(&self, cap: u32) -> Option<Settings> {
        let scenario = self.scenario.get();
        let fields = StartForm {
            scenario: Some(scenario.wire_name().to_owned()),
            duration: Some(self.duration.get()),
            max_rps: Some(self.max_rps.get()),
            endpoints: Some(self.endpoints.get()),
            delay: (self.delay.get() == Delay::Server).then(|| "server".to_owned()),
            seed: Some(self.seed.to_string()),
            acknowledged: None,
        }
        .fields();
        input::settings(&fields, cap, || self.seed).ok()
    }
}

/// Browsers bring a form's values back after a reload, and people choose before we are here: take
/// over what the form shows. That is why radios and checkbox are not bound: the page is right.
/// A form that shows nothing but defaults takes what was chosen last; from then on every choice is remembered.
pub(super) fn read_restored_values(form: NodeRef<html::Form>, draft: Draft) {
    Effect::new(move |_| {
        let Some(form) = form.get() else { return };
        let Ok(data) = web_sys::FormData::new_with_form(&form) else { return };
        let text = |name: &str| data.get(&format!("form[{name}]")).as_string();
        let shown = StartForm {
            scenario: text("scenario"),
            duration: text("duration"),
            max_rps: text("maxRps"),
            endpoints: text("endpoints"),
            delay: text("delay"),
            seed: None,
            acknowledged: text("acknowledged"),
        };
        // Untracked: this is about the moment in which the form comes to life.
        let untouched = draft.is_default.get_value() && shown == untrack(|| draft.as_form());
        draft.take(&if untouched { choices::recall().unwrap_or(shown) } else { shown });
        draft.show_in(&form);
    });
    Effect::new(move |before: Option<StartForm>| {
        let now = draft.as_form();
        if before.is_some_and(|before| before != now) {
            choices::remember(&StartForm { acknowledged: None, ..now.clone() });
        }
        now
    });
}

/// The choices, and what a run that is set up again had instead.
fn with_own(mut choices: Vec<(String, String)>, own: &str, text: Option<String>) -> Vec<(String, String)> {
    if let Some(text) = text.filter(|_| choices.iter().all(|(value, _)| value != own)) {
        choices.push((own.to_owned(), text));
    }
    choices
}

pub(super) fn durations(own: &str) -> Vec<(String, String)> {
    let text = own.parse().ok().filter(|seconds| (MIN_DURATION..=MAX_DURATION).contains(seconds)).map(duration);
    with_own(DURATIONS.map(|(seconds, text)| (seconds.to_string(), text.to_owned())).to_vec(), own, text)
}

pub(super) fn rates(cap: u32, own: &str) -> Vec<(String, String)> {
    let below = RATES.into_iter().filter(|rate| *rate < cap);
    let choices = below.chain([cap]).map(|rate| (rate.to_string(), rate.to_string())).collect();
    let text = own.parse::<u32>().ok().filter(|rate| (1..=cap).contains(rate)).map(|rate| rate.to_string());
    with_own(choices, own, text)
}

pub(super) fn endpoint_choices(own: &str) -> Vec<(String, String)> {
    let all = ("all".to_owned(), "All".to_owned());
    let one = Endpoint::ALL.map(|endpoint| (endpoint.wire_name().to_owned(), endpoint.title().to_owned()));
    let named = |name: &str| Endpoint::ALL.into_iter().find(|endpoint| endpoint.wire_name() == name);
    let several = own.split(',').map(named).collect::<Option<Vec<_>>>();
    let text = several.and_then(|list| Endpoints::some(&list)).map(|endpoints| endpoints.title());
    with_own(std::iter::once(all).chain(one).collect(), own, text)
}
