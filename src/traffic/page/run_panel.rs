//! A run on the page, followed: live while it runs, with its verdict afterwards.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, MouseEvent, SubmitEvent};

use super::run_feed::{Connection, RunFeed};
use super::run_title::follow_title;
use crate::error::AppError;
use crate::traffic::outcomes::StopOutcome;
use crate::traffic::server_fns::stop_traffic;
use crate::traffic::view::run_panel::{Panel, announcement};
use crate::ui::chart::Rows;
use crate::ui::chart::reader::Reader;
use crate::ui::notice::{fault_html, here};
use crate::ui::patch::patch;

/// A stop as the panel asks for it.
#[derive(Clone, Copy)]
struct Stop {
    busy: RwSignal<bool>,
    /// Why the last stop came to nothing, when it did.
    fault: RwSignal<Option<AppError>>,
}

impl Stop {
    fn ask(self, run: RunFeed, panel: NodeRef<html::Div>) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        let id = run.job.with_untracked(|job| job.job_id);
        spawn_local(async move {
            let answer = stop_traffic(id).await;
            // The panel may have been left meanwhile.
            let _left = self.busy.try_set(false);
            let fault = match answer {
                Ok(StopOutcome::Stopped) => None,
                Ok(StopOutcome::Gone) => Some(AppError::NotFound),
                Ok(StopOutcome::Failed(error)) | Err(error) => Some(error),
            };
            let stopped = fault.is_none();
            let _left = self.fault.try_set(fault);
            // The button goes away with the run, and the focus that was on it must not fall to nowhere.
            if let (true, Some(panel)) = (stopped, panel.try_get_untracked().flatten()) {
                focus_title(&panel);
            }
        });
    }
}

/// Why the page does not follow the run at the moment, with the way on. A server that can't be reached is tried again
/// without a word: the connection says so.
fn trouble_html(connection: &Connection) -> String {
    match connection {
        Connection::Broken(AppError::Unreachable) => String::new(),
        Connection::Broken(AppError::NotFound) => "This run was deleted. <a href=\"/runs\">All runs</a>".to_owned(),
        Connection::Broken(error) => fault_html(error, &here()),
        _ => String::new(),
    }
}

fn focus_title(panel: &Element) {
    let title = panel.query_selector(".run-title").ok().flatten();
    if let Some(title) = title.and_then(|title| title.dyn_into::<HtmlElement>().ok()) {
        // Where there is no focus to take, nothing is lost.
        let _unfocusable = title.focus();
    }
}

/// Everything about one run.
#[component]
pub fn RunPanel(
    /// The run, followed.
    run: RunFeed,
    /// The run was started on this page just now: its heading takes the focus.
    #[prop(optional)]
    takes_focus: bool,
    /// On the card: goes back to the form.
    #[prop(optional)]
    again: Option<Callback<()>>,
    /// On the run's own page: what follows. The head with Stop stays in view above it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let panel = NodeRef::<html::Div>::new();
    let stop = Stop { busy: RwSignal::new(false), fault: RwSignal::new(None) };
    let announcement = Memo::new(move |_| run.announcement());
    let html = move |rows: Rows| {
        let job = run.job.read();
        let stop_fault = stop.fault.get().map(|error| fault_html(&error, &here())).unwrap_or_default();
        let announcement = announcement.get();
        let (connection, stopping) = (run.connection.get(), stop.busy.get());
        let trouble = trouble_html(&connection);
        Panel { job: &job, connection, trouble, stopping, stop_fault, announcement, on_card: again.is_some(), rows }
            .html()
    };
    let first = untrack(|| html(Rows::All));
    Effect::new(move |before: Option<()>| {
        let html = html(Reader::wanted());
        let Some(panel) = panel.get() else { return };
        patch(&panel, &html);
        Reader::refresh(&panel);
        if takes_focus && before.is_none() {
            // It was made, but stands on the page only from the next frame on.
            request_animation_frame(move || focus_title(&panel));
        }
    });
    follow_title(run);
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        stop.ask(run, panel);
    };
    let on_click = move |event: MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if let (Some(again), true) = (again, target.is_some_and(|target| target.has_attribute("data-again"))) {
            again.run(());
        }
    };
    let said = move |of: fn(RunFeed) -> bool| move || of(run).to_string();
    view! {
        <div
            class="run"
            data-stale=said(|run| run.connection.get().is_stale())
            data-over=said(|run| run.job.read().status.is_final())
            data-closed=said(|run| run.job.read().closed)
        >
            <div class="run-live" node_ref=panel inner_html=first on:submit=on_submit on:click=on_click></div>
            {children.map(|children| children())}
        </div>
    }
    .into_any()
}

impl RunFeed {
    /// A new sentence at a change of state, and else at most every ten seconds.
    fn announcement(self) -> String {
        let moment = Memo::new(move |_| {
            let job = self.job.read();
            (job.status, job.closed, job.unstored, job.stats.elapsed / 10_000)
        });
        moment.track();
        announcement(&self.job.read_untracked(), self.connection.get().is_stale())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_the_page_from_the_run_is_said_with_the_way_on() {
        let trouble = |error: AppError| trouble_html(&Connection::Broken(error));
        assert_eq!(trouble(AppError::NotFound), "This run was deleted. <a href=\"/runs\">All runs</a>");
        let rows = [
            (AppError::LoggedOut, "You are not logged in any more.", "Log in again</a>"),
            (AppError::Forbidden, "The server refuses requests of this page.", "Go to the dashboard</a>"),
            (AppError::Internal(None), "The server could not answer.", ""),
            (AppError::Unreadable, "may be of a newer version", "Reload the page</a>"),
        ];
        for (error, words, link) in rows {
            let html = trouble(error.clone());
            assert!(html.contains(words) && html.contains(link), "{error:?}: {html}");
            assert!(!Connection::Broken(error).words().is_empty());
        }
        // The connection says "Reconnecting", and nobody has to do anything.
        assert_eq!(trouble(AppError::Unreachable), "");
        for well in [Connection::None, Connection::Connecting, Connection::Live, Connection::Polling, Connection::Ended]
        {
            assert_eq!((trouble_html(&well).as_str(), well.is_stale()), ("", false));
        }
    }
}
