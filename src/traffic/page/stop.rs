//! Stops the run that a page shows.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use web_sys::SubmitEvent;

use super::run_feed::RunFeed;
use crate::error::AppError;
use crate::traffic::outcomes::StopOutcome;
use crate::traffic::server_fns::{StopTraffic, stop_traffic};
use crate::ui::button::Button;
use crate::ui::dom::focus_id;
use crate::ui::notice::WayOut;

/// The element that takes the focus when the button disappears, so that it is not lost.
const NEXT_FOCUS: &str = "run-title";

/// A request to stop the run.
#[derive(Clone, Copy)]
struct Stop {
    feed: RunFeed,
    busy: RwSignal<bool>,
    /// Why the last stop failed, if it did.
    fault: RwSignal<Option<AppError>>,
}

impl Stop {
    /// Stops the run, unless a stop is under way.
    fn send(self) {
        let id = self.feed.run.with_untracked(|run| run.as_ref().map(|run| run.job_id));
        let Some(id) = id.filter(|_| !self.busy.get_untracked()) else { return };
        self.busy.set(true);
        spawn_local(async move {
            let outcome = stop_traffic(id).await;
            // The strip may be gone by now, and its signals with it.
            let _ = self.busy.try_set(false);
            let fault = match outcome {
                Ok(StopOutcome::Stopped) => None,
                Ok(StopOutcome::Gone) => Some(AppError::NotFound),
                Ok(StopOutcome::Failed(error)) | Err(error) => Some(error),
            };
            let stopped = fault.is_none();
            let _ = self.fault.try_set(fault);
            if stopped {
                focus_id(NEXT_FOCUS);
            }
        });
    }
}

/// The button that stops the run, while there is one to stop. Without JavaScript the browser posts the form.
#[component]
pub fn StopForm(
    /// The run.
    feed: RunFeed,
) -> impl IntoView {
    let stop = Stop { feed, busy: RwSignal::new(false), fault: RwSignal::new(None) };
    let id = move || feed.run.with(|run| run.as_ref().map(|run| run.job_id.to_string()).unwrap_or_default());
    let over = move || feed.run.with(|run| run.as_ref().is_none_or(|run| run.status.is_final()));
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        stop.send();
    };
    let fault = move || {
        stop.fault.get().map(|error| {
            view! {
                <p class="error-note" role="alert">
                    "The run was not stopped. "
                    {error.to_string()}
                    " "
                    <WayOut error />
                </p>
            }
        })
    };
    view! {
        <form class="stop-form" method="post" action=StopTraffic::url() hidden=over on:submit=on_submit>
            <input type="hidden" name="job_id" value=id />
            <Button label="Stop" busy_label="Stopping…" busy=stop.busy class="danger" />
        </form>
        {fault}
    }
    .into_any()
}
