//! The Traffic Simulator card: the form, and the run that was started with it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::draft::Draft;
use super::form::StartForm;
use super::live::LiveRun;
use super::run_panel::RunPanel;
use super::server_fns::{CardState, PackedJob, StartOutcome, get_card_state};
use super::start_form::{Form, Start, faults_of};
use crate::origin::RunId;
use crate::ui::erased::{later, live};
use crate::ui::notice::Failed;

/// The card on the dashboard.
#[component]
pub fn TrafficSimulatorCard() -> impl IntoView {
    let state = Resource::new(|| (), |()| get_card_state());
    view! {
        <section class="card simulator" aria-labelledby="simulator-title">
            <h2 id="simulator-title">"Traffic Simulator"</h2>
            <Suspense fallback=|| view! { <p class="loading">"Loading the simulator…"</p> }>
                {live(move || later(async move {
                    match state.await.and_then(|state| state.unpack()) {
                        Ok(state) => view! { <Body state /> }.into_any(),
                        Err(error) => view! { <Failed what="The simulator could not be loaded." why=error.to_string() retry=Callback::new(move |()| state.refetch()) /> }.into_any(),
                    }
                }))}
            </Suspense>
        </section>
    }
}

#[component]
fn Body(state: CardState) -> impl IntoView {
    let cap = state.cap;
    let query = use_query_map();
    let returned = StartForm::from_query(|name| query.read_untracked().get(name));
    let refused = returned.as_ref().filter(|_| query.read_untracked().get("refused").is_some());
    let faults = refused.map(|form| faults_of(form, cap)).unwrap_or_default();
    // A form that was refused without a fault was refused because of another run.
    let was_busy = refused.is_some() && faults.is_empty();
    let draft = Draft::new(returned, &state);
    let start = Start::new();
    let dismissed = RwSignal::new(None::<RunId>);
    let found = StoredValue::new(state.active);
    // The run that was started here, else the one that the page found active.
    let started = move || match start.outcome.get() {
        Some(Ok(StartOutcome::Started(job))) => Some(job),
        _ => None,
    };
    let run = move || started().or_else(|| found.get_value()).filter(|job| dismissed.get() != Some(job.job_id));
    // By id: the panel follows the run by itself, and must not be made anew.
    let shown = Memo::new(move |_| run().map(|job| job.job_id));
    let panel = move |job: PackedJob| {
        let (id, takes_focus) = (job.job_id, untrack(started).is_some_and(|started| started.job_id == job.job_id));
        let again = Callback::new(move |()| {
            found.set_value(None);
            dismissed.set(Some(id));
        });
        view! {
            <Suspense fallback=|| view! { <p class="loading">"Loading the run…"</p> }>
                {later(card_run(job, takes_focus, again))}
            </Suspense>
        }
        .into_any()
    };
    view! {
        {was_busy.then(|| view! { <p class="error-note" role="alert">"Your run was not started, because another one was active. Stop it or wait until it is closed, and start again."</p> })}
        {live(move || match shown.get().and_then(|_| untrack(run)) {
            Some(job) => panel(job),
            None => view! { <Form start draft returned=faults.clone() /> }.into_any(),
        })}
    }
}

/// Loads the code of a run, where the server has drawn one on the card.
#[cfg(feature = "split")]
pub(crate) async fn preload_shown_run() {
    if document().query_selector(".simulator .run").is_ok_and(|run| run.is_some()) {
        __preload_card_run().await;
    }
}

/// The run on the card. Loaded apart: a first visit has none.
#[cfg_attr(feature = "split", leptos::lazy)]
async fn card_run(job: PackedJob, takes_focus: bool, again: Callback<()>) -> AnyView {
    match job.job.unpack() {
        Ok(job) => view! { <RunPanel run=LiveRun::follow(job) takes_focus again /> }.into_any(),
        Err(_) => {
            let page = format!("/runs/{}", job.job_id);
            view! { <p>"This page is of another version than the server. "<a href=page rel="external">"Open the run"</a></p> }.into_any()
        }
    }
}
