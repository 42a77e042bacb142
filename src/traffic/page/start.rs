//! Starts a run from the form.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::card_address::show_in_address;
use super::draft::Draft;
use super::run_feed::RunFeed;
use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::model::Run;
use crate::traffic::outcomes::{CardState, StartOutcome};
use crate::traffic::server_fns::start_traffic;
use crate::traffic::start_request::StartForm;
use crate::ui::dom::focus_id;
use crate::validation::FieldError;

/// The controls of the form by the names of their fields: the id, and the label that begins a sentence about it.
const CONTROLS: [(&str, &str, &str); 4] = [
    ("acknowledged", "acknowledged", "The acknowledgement"),
    ("duration", "duration", "Duration"),
    ("maxRps", "max-rps", "Max RPS"),
    ("endpoints", "chosen-endpoints", "Endpoints"),
];

/// Why no run was started.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NotStarted {
    /// Another run was active. Its id is known while it is.
    Busy(Option<RunId>),
    /// These fields were refused.
    Faulty(Vec<FieldError>),
    /// The server failed, or did not answer.
    Failed(AppError),
}

impl NotStarted {
    /// Why the form in the address came back, which was sent without JavaScript. It is checked again, so that no text of the
    /// address is shown.
    pub(super) fn of_address(refused: Option<&str>, form: Option<&StartForm>, state: &CardState) -> Option<Self> {
        let (refused, form) = (refused?, form?);
        if let Some(error) = AppError::of_wire_name(refused) {
            return Some(Self::Failed(error));
        }
        // A form without faults was refused because of another run.
        let busy = || Self::Busy(state.active.as_ref().map(|run| run.job_id));
        Some(Self::of_form(form, state.cap).unwrap_or_else(busy))
    }

    /// Why the server would refuse this form.
    fn of_form(form: &StartForm, cap: u32) -> Option<Self> {
        form.check(cap, || 0).err().map(|invalid| Self::Faulty(invalid.errors))
    }

    /// The run that was started, or why there is none.
    fn unless_started(outcome: Result<StartOutcome, AppError>) -> Result<Run, Self> {
        match outcome {
            Ok(StartOutcome::Started(run)) => Ok(*run),
            Ok(StartOutcome::Busy(id)) => Err(Self::Busy(Some(id))),
            Ok(StartOutcome::Refused(faults)) => Err(Self::Faulty(faults)),
            Ok(StartOutcome::Failed(error)) | Err(error) => Err(Self::Failed(error)),
        }
    }

    fn faults(&self) -> &[FieldError] {
        match self {
            Self::Faulty(faults) => faults,
            Self::Busy(_) | Self::Failed(_) => &[],
        }
    }

    /// What is wrong with a field, as a sentence; empty if nothing is.
    fn fault(&self, field: &str) -> String {
        let label = CONTROLS.iter().find(|(name, ..)| *name == field).map_or(field, |(.., label)| *label);
        let fault = self.faults().iter().find(|fault| fault.field == field);
        fault.map(|fault| format!("{label} {}.", fault.detail)).unwrap_or_default()
    }

    /// What is wrong with the fields that have no place of their own for that.
    pub(super) fn other_faults(&self) -> Vec<String> {
        let others = self.faults().iter().filter(|fault| CONTROLS.iter().all(|(name, ..)| fault.field != *name));
        let label = |field: &str| match field {
            "scenario" => "Scenario".to_owned(),
            "delay" => "Where to wait".to_owned(),
            "seed" => "Seed".to_owned(),
            other => other.to_owned(),
        };
        others.map(|fault| format!("{} {}.", label(&fault.field), fault.detail)).collect()
    }

    /// The id of the first control whose value was refused.
    fn first_control(&self) -> Option<&'static str> {
        let refused = |name: &str| self.faults().iter().any(|fault| fault.field == name);
        CONTROLS.iter().find(|(name, ..)| refused(name)).map(|(_, id, _)| *id)
    }
}

/// What the form and the card around it know about starting a run.
#[derive(Clone, Copy)]
pub struct Start {
    feed: RunFeed,
    draft: Draft,
    /// Is a start under way?
    pub(super) busy: RwSignal<bool>,
    /// Why the last start did not happen.
    pub(super) refusal: RwSignal<Option<NotStarted>>,
}

impl Start {
    pub(super) fn new(feed: RunFeed, draft: Draft, refusal: Option<NotStarted>) -> Self {
        Self { feed, draft, busy: RwSignal::new(false), refusal: RwSignal::new(refusal) }
    }

    /// What is wrong with a field, as a sentence; empty if nothing is.
    pub(super) fn fault(self, field: &'static str) -> Signal<String> {
        Signal::derive(move || {
            let is_mended = field == "acknowledged" && self.draft.acknowledged.get();
            self.refusal.with(|refusal| match refusal {
                Some(refusal) if !is_mended => refusal.fault(field),
                _ => String::new(),
            })
        })
    }

    /// Forgets which fields were refused when one of them changes.
    pub(super) fn follow_changes(self) {
        Effect::new(move |before: Option<StartForm>| {
            let now = StartForm { acknowledged: None, ..self.draft.form() };
            let is_faulty = self.refusal.with_untracked(|refusal| matches!(refusal, Some(NotStarted::Faulty(_))));
            if is_faulty && before.is_some_and(|before| before != now) {
                self.refusal.set(None);
            }
            now
        });
    }

    /// Starts a run with the choices, unless a start is under way or something is missing, which is then said at its
    /// control.
    pub(super) fn press(self) {
        if self.busy.get_untracked() {
            return;
        }
        let form = untrack(|| self.draft.form());
        if let Some(refusal) = NotStarted::of_form(&form, self.draft.cap) {
            self.refuse(refusal);
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            let outcome = start_traffic(form).await;
            // The card may be gone by now, and its signals with it.
            if self.busy.try_set(false).is_some() {
                return;
            }
            match NotStarted::unless_started(outcome) {
                Ok(run) => self.started(run),
                Err(refusal) => self.refuse(refusal),
            }
        });
    }

    fn refuse(self, refusal: NotStarted) {
        let control = refusal.first_control();
        self.refusal.set(Some(refusal));
        if let Some(id) = control {
            focus_id(id);
        }
    }

    fn started(self, run: Run) {
        self.refusal.set(None);
        show_in_address(false);
        self.feed.follow(run);
        // The heading of the run is on the page only from the next frame on.
        request_animation_frame(|| focus_id("run-title"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    fn fault(field: &str) -> FieldError {
        FieldError { field: field.to_owned(), detail: "is wrong; mend it".to_owned() }
    }

    #[test]
    fn a_refusal_is_said_at_its_control_or_else_above_the_form() {
        let refusal = NotStarted::Faulty(vec![fault("scenario"), fault("maxRps"), fault("acknowledged")]);
        assert_eq!(refusal.fault("maxRps"), "Max RPS is wrong; mend it.");
        assert_eq!((refusal.fault("duration"), refusal.first_control()), (String::new(), Some("acknowledged")));
        assert_eq!(refusal.other_faults(), ["Scenario is wrong; mend it."]);
        let others = NotStarted::Faulty(vec![fault("seed"), fault("delay"), fault("new")]);
        assert_eq!(
            others.other_faults().concat(),
            "Seed is wrong; mend it.Where to wait is wrong; mend it.new is wrong; mend it."
        );
        assert_eq!(others.first_control(), None);
        let failed = NotStarted::Failed(AppError::Unreachable);
        assert!(failed.fault("maxRps").is_empty() && failed.other_faults().is_empty());
    }

    #[test]
    fn a_form_that_came_back_says_why_whatever_the_address_says() {
        let mut state = CardState { active: None, last: None, cap: 20, seed: 1 };
        let text = |text: &str| Some(text.to_owned());
        let good = StartForm {
            scenario: text("peak"),
            duration: text("30"),
            max_rps: text("20"),
            endpoints: text("all"),
            acknowledged: text("true"),
            ..StartForm::default()
        };
        let of = |why: &str, form: &StartForm, state: &CardState| NotStarted::of_address(Some(why), Some(form), state);
        assert_eq!(of("busy", &good, &state), Some(NotStarted::Busy(None)));
        assert_eq!(of("unavailable", &good, &state), Some(NotStarted::Failed(AppError::Unavailable)));
        let bad = StartForm { duration: text("<b>"), ..good.clone() };
        assert_eq!(of("busy", &bad, &state).expect("why").first_control(), Some("duration"));
        let not_acknowledged = StartForm { acknowledged: None, ..good.clone() };
        assert_eq!(of("input", &not_acknowledged, &state).expect("why").first_control(), Some("acknowledged"));
        let run = fixture::run(Status::Running, false);
        let id = run.job_id;
        state.active = Some(Box::new(run));
        assert_eq!(of("busy", &good, &state), Some(NotStarted::Busy(Some(id))));
        assert_eq!(NotStarted::of_address(None, Some(&good), &state), None, "a run that is set up again");
    }
}
