//! The form that sets up a run.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use web_sys::SubmitEvent;

use super::draft::Draft;
use super::start::Start;
use crate::traffic::server_fns::StartTraffic;
use crate::traffic::view::choices::{durations, endpoint_choices, rates};
use crate::traffic::view::setup::{PlanChart, announcement_of_plan, delay_choices, description, scenario_choices};
use crate::ui::button::Button;
use crate::ui::field::{Checkbox, Choice, Field, RadioGroup, Select};

/// The form. Without JavaScript the browser posts it to the same address.
#[component]
pub(super) fn SetupForm(start: Start, draft: Draft) -> impl IntoView {
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    start.follow_changes();
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        start.press();
    };
    let settings = Memo::new(move |_| draft.settings());
    let total = move || settings.with(|settings| Some(announcement_of_plan(settings.as_ref()?, draft.cap)));
    view! {
        <form class="setup" method="post" action=StartTraffic::url() on:submit=on_submit>
            <div class="controls">
                <ScenarioFields draft />
                <LoadFields start draft />
                <p class="announced">
                    <strong>{move || total().map(|(total, _)| total)}</strong>
                    {move || total().map(|(_, rest)| rest)}
                </p>
                <input type="hidden" name="form[seed]" value=move || draft.seed.get().to_string() />
                <StartFields start draft alive />
            </div>
            <PlanChart settings cap=draft.cap />
        </form>
    }
    .into_any()
}

/// The choice of the scenario, what it does, and where Latency Degradation waits. The style sheet shows that choice for that
/// scenario only, so it works without JavaScript; its place is there for all of them, so that nothing moves.
#[component]
fn ScenarioFields(draft: Draft) -> impl IntoView {
    let words = move || draft.settings().map(|settings| description(&settings, draft.cap));
    view! {
        <RadioGroup
            name="form[scenario]"
            legend="Scenario"
            class="scenarios"
            choices=scenario_choices()
            value=draft.scenario_choice()
            described_by="scenario-help"
        />
        <div class="scenario-details">
            <p class="help" id="scenario-help">
                {words}
            </p>
            <RadioGroup
                name="form[delay]"
                legend="Where to wait"
                class="delay"
                choices=delay_choices()
                value=draft.delay
                described_by="scenario-help"
            />
        </div>
    }
}

/// Duration, rate and endpoints, side by side.
#[component]
fn LoadFields(start: Start, draft: Draft) -> impl IntoView {
    let cap = draft.cap;
    let rate = draft.rate_choice();
    let faults = ["duration", "maxRps", "endpoints"].map(|field| start.fault(field));
    let [duration_fault, rate_fault, endpoints_fault] = faults;
    let [duration_invalid, rate_invalid, endpoints_invalid] =
        faults.map(|fault| Signal::derive(move || !fault.read().is_empty()));
    view! {
        <div class="fields">
            <Field id="duration" label="Duration" fault=duration_fault>
                <Select
                    id="duration"
                    name="form[duration]"
                    choices=offered(draft.duration.into(), durations)
                    value=draft.duration
                    invalid=duration_invalid
                />
            </Field>
            <Field id="max-rps" label="Max RPS" note="(hard capped)" fault=rate_fault>
                <Select
                    id="max-rps"
                    name="form[maxRps]"
                    choices=offered(rate, move |own| rates(cap, own))
                    value=rate
                    described_by="rate-help"
                    invalid=rate_invalid
                />
            </Field>
            <Field id="chosen-endpoints" label="Endpoints" fault=endpoints_fault>
                <Select
                    id="chosen-endpoints"
                    name="form[endpoints]"
                    choices=offered(draft.endpoints.into(), endpoint_choices)
                    value=draft.endpoints
                    invalid=endpoints_invalid
                />
            </Field>
        </div>
    }
}

/// The choices of a list, with the value that it shows among them. A choice stays when another one is chosen.
fn offered(
    value: Choice,
    choices: impl Fn(&str) -> Vec<(String, String)> + Send + Sync + 'static,
) -> Signal<Vec<(String, String)>> {
    let offered = Memo::new(move |before: Option<&Vec<(String, String)>>| {
        let shown = value.get();
        let known = before.filter(|before| before.iter().any(|(choice, _)| *choice == shown));
        known.cloned().unwrap_or_else(|| choices(&shown))
    });
    offered.into()
}

/// The acknowledgement, and the button that starts the run.
#[component]
fn StartFields(start: Start, draft: Draft, alive: RwSignal<bool>) -> impl IntoView {
    let fault = start.fault("acknowledged");
    // Without the script the button must look as if it could be pressed: the server refuses what is not acknowledged.
    let dimmed = Signal::derive(move || alive.get() && !draft.acknowledged.get());
    let help = move || match (draft.acknowledged.get(), fault.read().is_empty()) {
        (true, _) => "Requests go to this server's own users API, and nowhere else.",
        (false, true) => "Tick the box above to start.",
        // It is said at the box.
        (false, false) => "",
    };
    view! {
        <Checkbox
            id="acknowledged"
            name="form[acknowledged]"
            label="I understand this generates load"
            checked=draft.acknowledged
            fault
        />
        <Button
            label="START TEST"
            busy_label="Starting…"
            busy=start.busy
            dimmed
            class="primary"
            described_by="start-help acknowledged-fault"
        />
        <p class="help" id="start-help">
            {help}
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::super::run_feed::RunFeed;
    use super::super::start::NotStarted;
    use super::*;
    use crate::error::AppError;
    use crate::traffic::outcomes::CardState;
    use crate::traffic::start_request::StartForm;
    use crate::traffic::view::fixture;
    use crate::validation::FieldError;

    fn html(form: Option<StartForm>, refusal: Option<NotStarted>) -> String {
        fixture::html(move || {
            let draft = Draft::new(form, &CardState { active: None, last: None, cap: 20, seed: 7 });
            let start = Start::new(RunFeed::new(None), draft, refusal);
            view! { <SetupForm start draft /> }
        })
    }

    #[test]
    fn the_form_is_complete_without_a_script() {
        let html = html(None, None);
        for part in [
            "method=\"post\" action=\"/fn/traffic/start\"",
            "<legend>Scenario</legend>",
            "name=\"form[scenario]\" value=\"normal\" checked",
            "<span>Stress Test (Safe) ⚠️</span>",
            "A steady 19.8 requests per second over the whole duration.",
            "name=\"form[delay]\" value=\"client\" checked",
            "<label for=\"duration\">Duration</label>",
            "<option value=\"120\" selected>2 minutes",
            "<label for=\"max-rps\">Max RPS</label>",
            "<option value=\"20\" selected>20",
            "(hard capped)",
            "<label for=\"chosen-endpoints\">Endpoints</label>",
            "<option value=\"all\" selected>All",
            "name=\"form[seed]\" value=\"7\"",
            "I understand this generates load",
            "aria-disabled=\"false\"",
            "START TEST",
            "Tick the box above to start.",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert_eq!(html.matches("type=\"radio\"").count(), 7);
        assert_eq!(html.matches(" checked").count(), 2, "the acknowledgement is not ticked: {html}");
        assert!(!html.contains(" style=") && !html.contains("aria-invalid"), "{html}");
    }

    #[test]
    fn a_refused_form_shows_its_input_and_the_reason_at_the_field_and_nobody_else_s_markup() {
        let text = |text: &str| Some(text.to_owned());
        let form = StartForm {
            scenario: text("peak"),
            duration: text("45\"><script>"),
            max_rps: text("5"),
            endpoints: text("list,get"),
            acknowledged: text("true"),
            ..StartForm::default()
        };
        let fault = FieldError { field: "duration".to_owned(), detail: "is <b>; give 5".to_owned() };
        let refused = html(Some(form), Some(NotStarted::Faulty(vec![fault])));
        for part in [
            "value=\"peak\" checked",
            "<option value=\"5\" selected>5",
            "<option value=\"list,get\" selected>List users, Get users",
            "value=\"true\" checked",
            "Duration is &lt;b&gt;; give 5.",
            "aria-invalid=\"true\"",
        ] {
            assert!(refused.contains(part), "{part} is missing in {refused}");
        }
        assert_eq!(refused.matches("aria-invalid").count(), 1, "{refused}");
        assert!(!refused.contains("<script>"), "{refused}");
        let failed = html(None, Some(NotStarted::Failed(AppError::Unavailable)));
        assert!(!failed.contains("aria-invalid"), "a failure of the server says nothing about the form");
    }
}
