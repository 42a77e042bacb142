//! The choices in the form: as signals while the page lives, and remembered in the browser from one visit to the next.

use leptos::prelude::*;
use web_sys::Storage;

use crate::traffic::engine::random::Random;
use crate::traffic::engine::scenario::{Delay, Scenario};
use crate::traffic::model::{DEFAULT_DURATION, Settings};
use crate::traffic::outcomes::CardState;
use crate::traffic::start_request::StartForm;
use crate::traffic::view::choices::{durations, endpoint_choices};
use crate::ui::field::Choice;

/// The choices of the form. They outlive it, so that it comes back after a run as the user left it.
#[derive(Clone, Copy, Debug)]
pub struct Draft {
    scenario: RwSignal<String>,
    pub(super) duration: RwSignal<String>,
    /// The rate of every scenario but Stress.
    rate: RwSignal<String>,
    /// The rate of Stress: the cap, until the user chooses a lower one.
    stress_rate: RwSignal<String>,
    pub(super) endpoints: RwSignal<String>,
    pub(super) delay: RwSignal<String>,
    pub(super) acknowledged: RwSignal<bool>,
    pub(super) seed: RwSignal<u32>,
    /// The cap of the server, in requests per second.
    pub(super) cap: u32,
}

impl Draft {
    /// The choices of the form in the address; without one the defaults, which the browser replaces by the remembered
    /// choices.
    pub(super) fn new(returned: Option<StartForm>, state: &CardState) -> Self {
        let is_default = returned.is_none();
        let form = returned.unwrap_or_default();
        let seed = form.seed.as_ref().and_then(|seed| seed.parse().ok()).unwrap_or(state.seed);
        let acknowledged = form.is_acknowledged();
        let cap = state.cap;
        let shown = FormValues::offered(form, cap);
        let draft = Self {
            scenario: RwSignal::new(shown.scenario),
            duration: RwSignal::new(shown.duration),
            rate: RwSignal::new(shown.rate),
            stress_rate: RwSignal::new(shown.stress_rate),
            endpoints: RwSignal::new(shown.endpoints),
            delay: RwSignal::new(shown.delay),
            acknowledged: RwSignal::new(acknowledged),
            seed: RwSignal::new(seed),
            cap,
        };
        draft.follow_storage(is_default);
        draft
    }

    /// Takes over the remembered choices if `recalls`, and remembers every change from then on. To be called before the
    /// controls are created: one that the user has changed before the script started then has the last word.
    fn follow_storage(self, recalls: bool) {
        Effect::new(move |before: Option<FormValues>| {
            let now = self.choices();
            match before {
                None => {
                    if let Some(last) = recalls.then(recall).flatten() {
                        self.show(FormValues::recalled(last, self.cap));
                    }
                }
                Some(before) if before != now => remember(&now.remembered()),
                Some(_) => {}
            }
            now
        });
    }

    /// The choices, tracked.
    fn choices(self) -> FormValues {
        FormValues {
            scenario: self.scenario.get(),
            duration: self.duration.get(),
            rate: self.rate.get(),
            stress_rate: self.stress_rate.get(),
            endpoints: self.endpoints.get(),
            delay: self.delay.get(),
        }
    }

    fn show(self, choices: FormValues) {
        self.scenario.set(choices.scenario);
        self.duration.set(choices.duration);
        self.rate.set(choices.rate);
        self.stress_rate.set(choices.stress_rate);
        self.endpoints.set(choices.endpoints);
        self.delay.set(choices.delay);
    }

    /// The scenario as a control. Choosing Stress raises its rate to the cap, each time.
    pub(super) fn scenario_choice(self) -> Choice {
        Choice::new(self.scenario, move |chosen: String| {
            if chosen == Scenario::Stress.wire_name() {
                self.stress_rate.set(self.cap.to_string());
            }
            self.scenario.set(chosen);
        })
    }

    /// The rate of the chosen scenario as a control. Stress has its own, so leaving it brings back what was chosen before.
    pub(super) fn rate_choice(self) -> Choice {
        let rate = move || if self.is_stress() { self.stress_rate } else { self.rate };
        Choice::new(Signal::derive(move || rate().get()), move |chosen| untrack(rate).set(chosen))
    }

    fn is_stress(self) -> bool {
        self.scenario.with(|scenario| scenario == Scenario::Stress.wire_name())
    }

    /// Prepares the form for the next run: with the same choices, another seed, and not acknowledged.
    pub(super) fn renew(self) {
        // With the same seed, the next run would create the same users.
        self.seed.update(|seed| *seed = next_seed(*seed));
        self.acknowledged.set(false);
    }

    /// The form as it is sent, tracked.
    pub(super) fn form(self) -> StartForm {
        StartForm {
            seed: Some(self.seed.get().to_string()),
            acknowledged: self.acknowledged.get().then(|| "true".to_owned()),
            ..self.choices().form()
        }
    }

    /// The settings that the choices make; `None` if the server would refuse them.
    pub(super) fn settings(self) -> Option<Settings> {
        let seed = self.seed.get();
        StartForm { seed: Some(seed.to_string()), ..self.choices().form() }.settings(self.cap, || seed).ok()
    }
}

/// The values of the controls.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FormValues {
    scenario: String,
    duration: String,
    rate: String,
    stress_rate: String,
    endpoints: String,
    delay: String,
}

impl FormValues {
    /// The choices of a form as far as they are offered, and the defaults for the others, so that there always is a plan. A
    /// rate above the cap becomes the cap.
    fn offered(form: StartForm, cap: u32) -> Self {
        let among = |value: Option<String>, choices: fn(&str) -> Vec<(String, String)>, default: String| {
            value.filter(|value| choices(value).iter().any(|(choice, _)| choice == value)).unwrap_or(default)
        };
        let known = |name: &String| Scenario::ALL.into_iter().any(|scenario| scenario.wire_name() == name);
        let scenario = form.scenario.filter(known).unwrap_or_else(|| Scenario::default().wire_name().to_owned());
        let rate = form.max_rps.and_then(|rate| rate.parse::<u32>().ok()).filter(|rate| *rate > 0);
        let rate = rate.map_or(cap, |rate| rate.min(cap)).to_string();
        let is_stress = scenario == Scenario::Stress.wire_name();
        let in_server = form.delay.as_deref() == Some(Delay::Server.wire_name());
        Self {
            scenario,
            duration: among(form.duration, durations, DEFAULT_DURATION.to_string()),
            stress_rate: if is_stress { rate.clone() } else { cap.to_string() },
            rate,
            endpoints: among(form.endpoints, endpoint_choices, "all".to_owned()),
            delay: if in_server { Delay::Server } else { Delay::Client }.wire_name().to_owned(),
        }
    }

    /// The choices that were remembered. They hold no rate of Stress.
    fn recalled(form: StartForm, cap: u32) -> Self {
        Self { stress_rate: cap.to_string(), ..Self::offered(form, cap) }
    }

    /// The choices as they are remembered: always with the rate that was chosen for the other scenarios.
    fn remembered(&self) -> StartForm {
        StartForm { max_rps: Some(self.rate.clone()), ..self.clone().form() }
    }

    /// The choices as they are sent: with the rate of the chosen scenario.
    fn form(self) -> StartForm {
        let is_stress = self.scenario == Scenario::Stress.wire_name();
        StartForm {
            scenario: Some(self.scenario),
            duration: Some(self.duration),
            max_rps: Some(if is_stress { self.stress_rate } else { self.rate }),
            endpoints: Some(self.endpoints),
            delay: Some(self.delay),
            seed: None,
            acknowledged: None,
        }
    }
}

fn next_seed(seed: u32) -> u32 {
    // Nothing else uses this stream of random numbers.
    (Random::new(seed, u64::MAX).next_u64() >> 32) as u32
}

/// The key in the browser's local storage.
const KEY: &str = "traffic-simulator.choices";

/// The browser's storage, unless it refuses access.
fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// The remembered choices, unchecked: anybody can change the browser's storage.
fn recall() -> Option<StartForm> {
    let json = storage()?.get_item(KEY).ok()??;
    serde_json::from_str(&json).ok()
}

/// Remembers these choices, unless the browser refuses storage or it is full.
fn remember(form: &StartForm) {
    if let (Some(storage), Ok(json)) = (storage(), serde_json::to_string(form)) {
        storage.set_item(KEY, &json).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::view::choices::rates;

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn draft(form: Option<StartForm>) -> Draft {
        Draft::new(form, &CardState { active: None, last: None, cap: 20, seed: 1 })
    }

    #[test]
    fn every_choice_of_a_form_that_came_back_is_offered_and_makes_a_plan() {
        let form = |duration: &str, rate: &str, endpoints: &str| StartForm {
            duration: text(duration),
            max_rps: text(rate),
            endpoints: text(endpoints),
            ..StartForm::default()
        };
        for (given, cap, expected) in [
            (StartForm::default(), 20, ("120", "20", "all")),
            (form("45", "20", "list,get"), 5, ("45", "5", "list,get")),
            (form("ten", "", "delete"), 20, ("120", "20", "all")),
            (form("700", "0", "list,"), 5, ("120", "5", "all")),
            (form("60", "3", "all"), 5, ("60", "3", "all")),
        ] {
            let shown = FormValues::offered(given, cap);
            assert_eq!((shown.duration.as_str(), shown.rate.as_str(), shown.endpoints.as_str()), expected);
            for (choices, value) in [
                (durations(&shown.duration), &shown.duration),
                (rates(cap, &shown.rate), &shown.rate),
                (endpoint_choices(&shown.endpoints), &shown.endpoints),
            ] {
                assert!(choices.iter().any(|(choice, _)| choice == value), "{value}");
            }
            assert!(shown.form().settings(cap, || 0).is_ok(), "a plan");
        }
        let strange = StartForm { scenario: text("no"), delay: text("both"), ..StartForm::default() };
        let shown = FormValues::offered(strange, 20);
        assert_eq!((shown.scenario.as_str(), shown.delay.as_str()), ("normal", "client"));
    }

    #[test]
    fn stress_takes_the_cap_and_leaving_it_brings_back_what_was_chosen() {
        Owner::new().with(|| {
            let draft = draft(None);
            let shown = || draft.rate_choice().get();
            draft.rate_choice().choose("5".to_owned());
            for (scenario, expected) in [("stress", "20"), ("peak", "5"), ("stress", "20")] {
                draft.scenario_choice().choose(scenario.to_owned());
                assert_eq!((shown().as_str(), draft.form().max_rps), (expected, text(expected)), "{scenario}");
            }
            // Somebody may lower the rate of Stress, until they choose it anew.
            draft.rate_choice().choose("10".to_owned());
            assert_eq!(shown(), "10");
            draft.scenario_choice().choose("normal".to_owned());
            assert_eq!(shown(), "5");
            draft.scenario_choice().choose("stress".to_owned());
            assert_eq!(shown(), "20");
        });
    }

    #[test]
    fn the_rate_that_was_chosen_before_stress_is_remembered_over_a_reload() {
        let stress = StartForm { scenario: text("stress"), max_rps: text("20"), ..StartForm::default() };
        let shown = FormValues { rate: "5".to_owned(), ..FormValues::offered(stress, 20) };
        let recalled = FormValues::recalled(shown.remembered(), 20);
        assert_eq!(recalled, shown);
        // A run that is repeated keeps its rate.
        let own = StartForm { scenario: text("stress"), max_rps: text("7"), ..StartForm::default() };
        assert_eq!(FormValues::offered(own, 20).form().max_rps, text("7"));
    }

    #[test]
    fn each_run_has_another_seed_and_is_acknowledged_anew() {
        Owner::new().with(|| {
            let draft = draft(Some(StartForm {
                scenario: text("peak"),
                seed: text("7"),
                acknowledged: text("true"),
                ..StartForm::default()
            }));
            let form = draft.form();
            assert_eq!((form.seed.as_deref(), form.is_acknowledged()), (Some("7"), true));
            draft.renew();
            let form = draft.form();
            assert_eq!((form.scenario.as_deref(), form.is_acknowledged()), (Some("peak"), false));
            assert_ne!(form.seed.as_deref(), Some("7"));
        });
        let seeds: std::collections::BTreeSet<u32> =
            std::iter::successors(Some(0), |seed| Some(next_seed(*seed))).take(1000).collect();
        assert_eq!(seeds.len(), 1000);
    }
}
