//! The card's form in the browser: the choices, the plan they make, and why a start was refused.

use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use web_sys::SubmitEvent;

use super::draft::Draft;
use crate::error::AppError;
use crate::traffic::outcomes::StartOutcome;
use crate::traffic::server_fns::{StartTraffic, start_traffic};
use crate::traffic::start_request::StartForm;
use crate::traffic::view::setup::Setup;
use crate::ui::chart::reader::Reader;
use crate::ui::dom::focus;
use crate::ui::notice::{fault_html, here};
use crate::ui::patch::patch;
use crate::ui::table::escaped;
use crate::validation::FieldError;

/// Why a form was refused that was sent without JavaScript. It is checked again, so that no text of the address is shown.
pub(crate) fn faults_of(form: &StartForm, cap: u32) -> Vec<FieldError> {
    form.check(cap, || 0).err().map(|invalid| invalid.errors).unwrap_or_default()
}

/// A request to start a run.
#[derive(Clone, Copy)]
pub struct Start {
    /// The outcome of the last request.
    pub(crate) outcome: RwSignal<Option<Result<StartOutcome, AppError>>>,
    busy: RwSignal<bool>,
}

impl Start {
    pub(crate) fn new() -> Self {
        Self { outcome: RwSignal::new(None), busy: RwSignal::new(false) }
    }

    /// Requests a start, unless one is under way.
    fn send(self, form: StartForm) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            let outcome = start_traffic(form).await;
            // The form may be gone by now, and its signals with it.
            let _ = self.busy.try_set(false);
            let _ = self.outcome.try_set(Some(outcome));
        });
    }
}

/// The form.
#[component]
pub fn Form(
    /// Starts the run.
    start: Start,
    /// The choices.
    draft: Draft,
    /// Why the form in the address was refused, if it was.
    returned: Vec<FieldError>,
) -> impl IntoView {
    let form = NodeRef::<html::Form>::new();
    let alive = RwSignal::new(false);
    let refused_locally = RwSignal::new(false);
    let returned = StoredValue::new(returned);
    let setup = move || Setup {
        form: draft.shown.get(),
        seed: draft.seed.get(),
        cap: draft.cap,
        settings: draft.settings(),
        busy: start.busy.get(),
        alive: alive.get(),
        refusals: match refused_locally.get() && !draft.shown.read().is_acknowledged() {
            true => refusals(None, &faults_of(&draft.shown.read(), draft.cap)),
            false => returned.with_value(|returned| refusals(start.outcome.read().as_ref(), returned)),
        },
        rows: Reader::wanted().has("plan"),
    };
    let first = untrack(|| Setup { rows: true, ..setup() }.html());
    Effect::new(move |_| {
        let Some(form) = form.get() else { return };
        if !alive.get_untracked() {
            draft.hydrate(&form);
            alive.set(true);
        }
        patch(&form, &setup().html());
        Reader::refresh(&form);
    });
    // Without JavaScript the browser posts the form to the same address.
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = form.get_untracked() else { return };
        draft.read(&form);
        if draft.shown.read_untracked().is_acknowledged() {
            start.send(draft.sent());
            return;
        }
        refused_locally.set(true);
        focus(&form, "[type=checkbox]");
    };
    let on_change = move |_| {
        if let Some(form) = form.get_untracked() {
            draft.read(&form);
        }
    };
    view! {
        <form
            class="setup"
            method="post"
            action=StartTraffic::url()
            node_ref=form
            on:submit=on_submit
            on:change=on_change
            inner_html=first
        ></form>
    }
}

fn note(html: &str) -> String {
    format!("<p class=\"error-note\">{html}</p>")
}

/// Why the last start was refused, as HTML; empty if it was not.
fn refusals(outcome: Option<&Result<StartOutcome, AppError>>, returned: &[FieldError]) -> String {
    let faults = |faults: &[FieldError]| {
        faults.iter().map(|fault| note(&escaped(&format!("{} {}.", field_label(&fault.field), fault.detail)))).collect()
    };
    match outcome {
        None => faults(returned),
        Some(Ok(StartOutcome::Refused(refused))) => faults(refused),
        Some(Ok(StartOutcome::Busy(id))) => note(&format!(
            "Another run is active. <a href=\"/runs/{id}\">Watch it</a>, or stop it there, and start again."
        )),
        Some(Ok(StartOutcome::Started(_))) => String::new(),
        Some(Ok(StartOutcome::Failed(error)) | Err(error)) => note(&fault_html(error, &here())),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_which_field_and_is_no_markup() {
        let fault = |field: &str| FieldError { field: field.to_owned(), detail: "is <b>".to_owned() };
        assert_eq!(refusals(None, &[fault("maxRps")]), "<p class=\"error-note\">Max RPS is &lt;b&gt;.</p>");
        let refused = Ok(StartOutcome::Refused(vec![fault("seed"), fault("delay")]));
        assert_eq!(refusals(Some(&refused), &[fault("maxRps")]).matches("error-note").count(), 2);
        assert!(refusals(Some(&Err(AppError::Unreachable)), &[]).contains("can't be reached"));
    }
}
