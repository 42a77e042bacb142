//! The card's form: the choices, the plan that they make, and why a start was refused.

use leptos::form::ActionForm;
use leptos::html;
use leptos::prelude::*;
use web_sys::SubmitEvent;
use web_sys::wasm_bindgen::JsCast;

use super::choices;
use super::engine::CAP;
use super::engine::mix::Endpoint;
use super::engine::scenario::{Delay, Scenario};
use super::form::StartForm;
use super::input;
use super::model::{DEFAULT_DURATION, DURATIONS, Endpoints, MAX_DURATION, MIN_DURATION, RATES, Settings};
use super::server_fns::{CardState, StartOutcome, StartTraffic};
use crate::input::FieldError;
use crate::ui::chart::rate::{Rates, rate};
use crate::ui::chart::{Chart, ChartFrame};
use crate::ui::field::SelectField;
use crate::ui::format::{count, duration};

/// The form's values while the page lives, so that it comes back as it was left.
#[derive(Clone, Copy)]
pub struct Draft {
    scenario: RwSignal<Scenario>,
    duration: RwSignal<String>,
    max_rps: RwSignal<String>,
    endpoints: RwSignal<String>,
    delay: RwSignal<Delay>,
    acknowledged: RwSignal<bool>,
    seed: u32,
    cap: u32,
    /// Nobody asked for other values than the defaults.
    is_default: StoredValue<bool>,
}

impl Draft {
    /// From a refused form in the query, else the defaults.
    pub(crate) fn new(returned: Option<StartForm>, state: &CardState) -> Self {
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
    fn settings(&self, cap: u32) -> Option<Settings> {
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

/// Why the form came back from a page without JavaScript: checked again, so that the address can't put words into our mouth.
pub(super) fn faults_of(form: &StartForm, cap: u32) -> Vec<FieldError> {
    let mut faults = input::settings(&form.fields(), cap, || 0).err().map(|invalid| invalid.errors).unwrap_or_default();
    if !form.is_acknowledged() {
        faults.insert(0, not_acknowledged());
    }
    faults
}

fn not_acknowledged() -> FieldError {
    FieldError {
        field: "acknowledged".to_owned(),
        detail: "is not ticked; tick \"I understand this generates load\" first".to_owned(),
    }
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

/// The form.
#[component]
pub fn Form(
    /// Asks the server for a run.
    start: ServerAction<StartTraffic>,
    /// What is chosen.
    draft: Draft,
    /// The cap of the server.
    cap: u32,
    /// Why the form came back, when it did.
    returned: Vec<FieldError>,
) -> impl IntoView {
    let acknowledge = NodeRef::<html::Input>::new();
    let form = NodeRef::<html::Form>::new();
    let busy = move || start.pending().get();
    read_restored_values(form, draft);
    let refused_locally = RwSignal::new(false);
    let on_submit = move |event: SubmitEvent| {
        if busy() || !draft.acknowledged.get_untracked() {
            event.prevent_default();
            event.stop_propagation();
        }
        if !draft.acknowledged.get_untracked() {
            refused_locally.set(true);
            if let Some(input) = acknowledge.get_untracked() {
                // Where there is no focus to take, nothing is lost.
                let _unfocusable = input.focus();
            }
        }
    };
    let settings = Memo::new(move |_| draft.settings(cap));
    // Without JavaScript the server refuses what is not acknowledged, and the button must look ready.
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    view! {
        <ActionForm action=start node_ref=form attr:class="setup" on:submit:capture=on_submit>
            <div class="controls">
                <ScenarioField draft cap />
                <div class="fields">
                    <SelectField
                        id="duration"
                        name="form[duration]"
                        label="Duration"
                        choices=durations(&draft.duration.get_untracked())
                        chosen=draft.duration
                    />
                    <SelectField
                        id="max-rps"
                        name="form[maxRps]"
                        label="Max RPS"
                        choices=rates(cap, &draft.max_rps.get_untracked())
                        chosen=draft.max_rps
                        note="hard capped".to_owned()
                        described_by="rate-help"
                    />
                    <SelectField id="endpoints" name="form[endpoints]" label="Endpoints" choices=endpoint_choices(&draft.endpoints.get_untracked()) chosen=draft.endpoints />
                </div>
                <p class="help" id="rate-help">
                    {move || rate_help(settings.get().as_ref(), cap)}
                </p>
                <input type="hidden" name="form[seed]" value=draft.seed.to_string() />
                <label class="check">
                    <input
                        node_ref=acknowledge
                        type="checkbox"
                        name="form[acknowledged]"
                        value="true"
                        checked=draft.acknowledged.get_untracked()
                        on:change:target=move |event| draft.acknowledged.set(event.target().checked())
                    />
                    "I understand this generates load"
                </label>
                <Refusals start returned refused_locally=Signal::derive(move || refused_locally.get() && !draft.acknowledged.get()) />
                <button
                    class="button primary"
                    type="submit"
                    aria-disabled=move || (alive.get() && (busy() || !draft.acknowledged.get())).to_string()
                    aria-describedby="start-help"
                >
                    {move || if busy() { "Starting…" } else { "START TEST" }}
                </button>
                <p class="help" id="start-help">
                    {move || if draft.acknowledged.get() { "Requests go to this server's own users API, and nowhere else." } else { "Tick the box above to start." }}
                </p>
            </div>
            <Preview settings cap />
        </ActionForm>
    }
}

/// Browsers bring a form's values back after a reload, and people choose before we are here: take
/// over what the form shows. That is why radios and checkbox are not bound: the page is right.
/// A form that shows nothing but defaults takes what was chosen last; from then on every choice is remembered.
fn read_restored_values(form: NodeRef<html::Form>, draft: Draft) {
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

fn durations(own: &str) -> Vec<(String, String)> {
    let text = own.parse().ok().filter(|seconds| (MIN_DURATION..=MAX_DURATION).contains(seconds)).map(duration);
    with_own(DURATIONS.map(|(seconds, text)| (seconds.to_string(), text.to_owned())).to_vec(), own, text)
}

fn rates(cap: u32, own: &str) -> Vec<(String, String)> {
    let below = RATES.into_iter().filter(|rate| *rate < cap);
    let choices = below.chain([cap]).map(|rate| (rate.to_string(), rate.to_string())).collect();
    let text = own.parse::<u32>().ok().filter(|rate| (1..=cap).contains(rate)).map(|rate| rate.to_string());
    with_own(choices, own, text)
}

fn endpoint_choices(own: &str) -> Vec<(String, String)> {
    let all = ("all".to_owned(), "All".to_owned());
    let one = Endpoint::ALL.map(|endpoint| (endpoint.wire_name().to_owned(), endpoint.title().to_owned()));
    let named = |name: &str| Endpoint::ALL.into_iter().find(|endpoint| endpoint.wire_name() == name);
    let several = own.split(',').map(named).collect::<Option<Vec<_>>>();
    let text = several.and_then(|list| Endpoints::some(&list)).map(|endpoints| endpoints.title());
    with_own(std::iter::once(all).chain(one).collect(), own, text)
}

fn rate_help(settings: Option<&Settings>, cap: u32) -> String {
    let Some(settings) = settings else { return String::new() };
    let ceiling = settings.shape(cap).ceiling();
    if settings.scenario == Scenario::LatencyDegradation && settings.delay == Delay::Client {
        let rate = settings.shape(cap).rate_at(0.0);
        format!("The pauses lower the rate to about {rate:.1} per second.")
    } else if ceiling < f64::from(settings.max_rps) {
        format!("Planned {ceiling:.1} per second, so that no second ever holds {}.", cap + 1)
    } else {
        format!("No second ever holds more than {cap} requests, whatever happens.")
    }
}

#[component]
fn ScenarioField(draft: Draft, cap: u32) -> impl IntoView {
    let choose = move |scenario: Scenario| {
        draft.scenario.set(scenario);
        if scenario == Scenario::Stress {
            draft.max_rps.set(cap.to_string());
        }
    };
    view! {
        <fieldset class="scenarios" aria-describedby="scenario-help">
            <legend>"Scenario"</legend>
            {Scenario::ALL
                .map(|scenario| {
                    let warning = (scenario == Scenario::Stress)
                        .then(|| view! { <span class="warning" role="img" aria-label="generates the highest load">"⚠️"</span> });
                    view! {
                        <label class="choice">
                            <input
                                type="radio"
                                name="form[scenario]"
                                value=scenario.wire_name()
                                checked=draft.scenario.get_untracked() == scenario
                                on:change=move |_| choose(scenario)
                            />
                            <span>{scenario.title()}</span>
                            {warning}
                        </label>
                    }
                })
                .collect_view()}
        </fieldset>
        <p class="help" id="scenario-help">{move || description(draft.scenario.get())}</p>
        <DelayField draft />
    }
}

/// Where Latency Degradation waits. The style sheet shows it for that scenario only, so it works without JavaScript.
#[component]
fn DelayField(draft: Draft) -> impl IntoView {
    view! {
        <fieldset class="delay">
            <legend>"Where to wait"</legend>
            {[(Delay::Client, "client", "Between requests"), (Delay::Server, "server", "In the server's answer")]
                .map(|(delay, value, text)| {
                    view! {
                        <label class="choice">
                            <input
                                type="radio"
                                name="form[delay]"
                                value=value
                                checked=draft.delay.get_untracked() == delay
                                on:change=move |_| draft.delay.set(delay)
                            />
                            <span>{text}</span>
                        </label>
                    }
                })
                .collect_view()}
        </fieldset>
    }
}

/// Why the last start was refused, if it was.
#[component]
fn Refusals(
    start: ServerAction<StartTraffic>,
    returned: Vec<FieldError>,
    refused_locally: Signal<bool>,
) -> impl IntoView {
    let returned = StoredValue::new(returned);
    let faults = move || match start.value().get() {
        Some(Ok(StartOutcome::Refused(faults))) => faults,
        Some(_) => Vec::new(),
        None => returned.get_value(),
    };
    let other = move || {
        match start.value().get() {
        Some(Ok(StartOutcome::Busy(id))) => Some(
            view! {
                <p class="error-note">
                    "Another run is active. " <a href=format!("/runs/{id}")>"Watch it"</a> ", or stop it there, and start again."
                </p>
            }
            .into_any(),
        ),
        Some(Err(error)) => Some(view! { <p class="error-note">{error.to_string()}</p> }.into_any()),
        _ => None,
    }
    };
    view! {
        <div role="alert" class="refusals">
            <Show when=move || refused_locally.get()>
                <p class="error-note">"Tick \"I understand this generates load\" first."</p>
            </Show>
            {move || {
                faults()
                    .into_iter()
                    .map(|fault| view! { <p class="error-note">{format!("{} {}.", field_label(&fault.field), fault.detail)}</p> })
                    .collect_view()
            }}
            {other}
        </div>
    }
}

fn field_label(field: &str) -> &str {
    match field {
        "scenario" => "Scenario",
        "duration" => "Duration",
        "maxRps" => "Max RPS",
        "endpoints" => "Endpoints",
        "acknowledged" => "The acknowledgement",
        "seed" => "Seed",
        "delay" => "Where to wait",
        other => other,
    }
}

/// The planned rate of the present choice, drawn by the code that will drive the generator.
#[component]
fn Preview(settings: Memo<Option<Settings>>, cap: u32) -> impl IntoView {
    let shape = Memo::new(move |_| settings.get().map(|settings| (settings.shape(cap), settings.duration)));
    let chart = Memo::new(move |_| {
        let Some((shape, seconds)) = shape.get() else { return Chart::default() };
        let sentence = format!(
            "{} requests in {}, at most {:.1} per second.",
            count(shape.total()),
            duration(seconds),
            shape.ceiling(),
        );
        let rates = Rates { seconds, planned: &shape.corners(), achieved: None, cap: cap.min(CAP) };
        rate("Planned rate", sentence, &rates)
    });
    view! {
        <div class="preview">
            <h3>"The plan"</h3>
            <p class="announced">
                <strong>{move || shape.get().map(|(shape, _)| count(shape.total()))}</strong>
                " requests will be sent"
            </p>
            <ChartFrame id="plan" chart />
        </div>
    }
}
