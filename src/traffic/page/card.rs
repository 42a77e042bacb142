//! The Traffic Simulator card: the form, or the run that was started with it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::draft::Draft;
use super::run_feed::RunFeed;
use super::run_panel::RunPanel;
use super::run_title::title;
use super::start_form::{Form, Start, faults_of};
use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::model::Run;
use crate::traffic::outcomes::{CardState, StartOutcome};
use crate::traffic::server_fns::get_card_state;
use crate::traffic::start_request::StartForm;
use crate::ui::notice::failed;
use crate::validation::FieldError;

/// The card on the dashboard.
#[component]
pub fn TrafficSimulatorCard() -> impl IntoView {
    let query = use_query_map();
    let returned = StartForm::from_query(|name| query.read_untracked().get(name));
    let refused = query.read_untracked().get("refused");
    let content = async move {
        match get_card_state().await {
            Ok(state) => card(state, returned, refused),
            Err(error) => failed("The simulator could not be loaded.", &error.to_string()),
        }
    };
    view! {
        <section class="card simulator" aria-labelledby="simulator-title">
            <h2 id="simulator-title">"Traffic Simulator"</h2>
            <Suspense>{Suspend::new(content)}</Suspense>
        </section>
    }
    .into_any()
}

fn card(state: CardState, returned: Option<StartForm>, refused: Option<String>) -> AnyView {
    let failed = refused.as_deref().and_then(AppError::of_wire_name);
    // A failure of the server says nothing about the form.
    let checked = returned.as_ref().filter(|_| refused.is_some() && failed.is_none());
    let faults = checked.map(|form| faults_of(form, state.cap)).unwrap_or_default();
    let note = match failed {
        Some(error) => Some(format!("Your run was not started. {error} Your choices are still here.")),
        // A form without faults was refused because of another run.
        None if refused.is_some() && faults.is_empty() => Some(ANOTHER_RUN.to_owned()),
        None => returned.as_ref().and_then(|form| lowered_rate(form, state.cap)),
    };
    view! {
        {state.active.as_ref().map(|run| view! { <Title text=title(run) /> })}
        {note.map(|note| view! { <p class="error-note" role="alert">{note}</p> })}
        <Simulator state returned faults />
    }
    .into_any()
}

const ANOTHER_RUN: &str =
    "Your run was not started because another run was active. Stop it or wait until it is closed, then start again.";

/// A note on a run that is set up again on a server with a lower cap.
fn lowered_rate(form: &StartForm, cap: u32) -> Option<String> {
    let asked = form.max_rps.as_ref()?.parse::<u32>().ok().filter(|asked| *asked > cap)?;
    Some(format!("Max RPS is {cap} instead of {asked}: the cap of this server is {cap}."))
}

/// The interactive part of the card.
#[island]
fn Simulator(
    /// The state when the page was rendered.
    state: CardState,
    /// A refused form, or one to run again.
    returned: Option<StartForm>,
    /// Why the form was refused.
    faults: Vec<FieldError>,
) -> impl IntoView {
    let draft = Draft::new(returned, &state);
    let start = Start::new();
    let dismissed = RwSignal::new(None::<RunId>);
    let active = StoredValue::new(state.active);
    // The run that was started here, or else the one that was active when the page was rendered.
    let started = move || match start.outcome.get() {
        Some(Ok(StartOutcome::Started(run))) => Some(run),
        _ => None,
    };
    let run = move || started().or_else(|| active.get_value()).filter(|run| dismissed.get() != Some(run.job_id));
    // The id only: the panel follows the run by itself and must not be rendered again.
    let shown = Memo::new(move |_| run().map(|run| run.job_id));
    let panel = move |run: Box<Run>| {
        let id = run.job_id;
        let takes_focus = untrack(started).is_some_and(|started| started.job_id == id);
        let again = Callback::new(move |()| {
            active.set_value(None);
            // With the same seed, the next run would create the same users.
            draft.new_seed();
            dismissed.set(Some(id));
        });
        view! { <RunPanel feed=RunFeed::follow(*run) takes_focus again /> }.into_any()
    };
    move || match shown.get().and_then(|_| untrack(run)) {
        Some(run) => panel(run),
        None => view! { <Form start draft returned=faults.clone() /> }.into_any(),
    }
}
