//! The card's form: the choices, the plan that they make, and why a start was refused.

use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use web_sys::SubmitEvent;

use super::draft::{Draft, durations, endpoint_choices, rates, read_restored_values};
use super::engine::CAP;
use super::engine::scenario::{Delay, Scenario};
use super::form::StartForm;
use super::input;
use super::model::Settings;
use super::server_fns::{StartOutcome, StartTraffic};
use crate::input::FieldError;
use crate::ui::chart::rate::{Rates, rate};
use crate::ui::chart::{Chart, ChartFrame};
use crate::ui::erased::{live, text};
use crate::ui::field::SelectField;
use crate::ui::format::{count, duration};

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
    // Without JavaScript the browser posts the form by itself, to the same place.
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        if draft.acknowledged.get_untracked() {
            if !start.pending().get_untracked() {
                start.dispatch(StartTraffic { form: draft.sent() });
            }
            return;
        }
        refused_locally.set(true);
        if let Some(input) = acknowledge.get_untracked() {
            // Where there is no focus to take, nothing is lost.
            let _unfocusable = input.focus();
        }
    };
    let settings = Memo::new(move |_| draft.settings(cap));
    // Without JavaScript the server refuses what is not acknowledged, and the button must look ready.
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    view! {
        <form class="setup" method="post" action=StartTraffic::url() node_ref=form on:submit=on_submit>
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
                    {text(move || rate_help(settings.get().as_ref(), cap))}
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
                    aria-disabled=text(move || (alive.get() && (busy() || !draft.acknowledged.get())).to_string())
                    aria-describedby="start-help"
                >
                    {text(move || if busy() { "Starting…" } else { "START TEST" }.to_owned())}
                </button>
                <p class="help" id="start-help">
                    {text(move || if draft.acknowledged.get() { "Requests go to this server's own users API, and nowhere else." } else { "Tick the box above to start." }.to_owned())}
                </p>
            </div>
            <Preview settings cap />
        </form>
    }
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
        <p class="help" id="scenario-help">{text(move || description(draft.scenario.get()).to_owned())}</p>
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
                .map(|(delay, value, words)| {
                    view! {
                        <label class="choice">
                            <input
                                type="radio"
                                name="form[delay]"
                                value=value
                                checked=draft.delay.get_untracked() == delay
                                on:change=move |_| draft.delay.set(delay)
                            />
                            <span>{words}</span>
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
            {live(move || match refused_locally.get() {
                true => view! { <p class="error-note">"Tick \"I understand this generates load\" first."</p> }.into_any(),
                false => ().into_any(),
            })}
            {live(move || {
                faults()
                    .into_iter()
                    .map(|fault| view! { <p class="error-note">{format!("{} {}.", field_label(&fault.field), fault.detail)}</p> })
                    .collect_view()
                    .into_any()
            })}
            {live(move || other().into_any())}
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
                <strong>{text(move || shape.get().map(|(shape, _)| count(shape.total())).unwrap_or_default())}</strong>
                " requests will be sent"
            </p>
            <ChartFrame id="plan" chart />
        </div>
    }
}
