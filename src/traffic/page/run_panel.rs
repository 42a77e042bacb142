//! The panel of a run in the browser: live while the run is active, with the verdict afterwards.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::{MouseEvent, SubmitEvent};

use super::run_feed::RunFeed;
use super::run_title::follow_title;
use crate::error::AppError;
use crate::traffic::outcomes::StopOutcome;
use crate::traffic::server_fns::stop_traffic;
use crate::traffic::view::connection::Connection;
use crate::traffic::view::run_panel::Panel;
use crate::traffic::view::run_sentences::announcement;
use crate::ui::chart::Rows;
use crate::ui::chart::reader::Reader;
use crate::ui::dom::{focus, target};
use crate::ui::notice::{fault_html, here};
use crate::ui::patch::patch;

/// A request to stop the run.
#[derive(Clone, Copy)]
struct Stop {
    busy: RwSignal<bool>,
    /// Why the last stop failed, if it did.
    fault: RwSignal<Option<AppError>>,
}

impl Stop {
    /// Stops the run, unless a stop is under way.
    fn send(self, feed: RunFeed, panel: NodeRef<html::Div>) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        let id = feed.run.with_untracked(|run| run.job_id);
        spawn_local(async move {
            let outcome = stop_traffic(id).await;
            // The panel may be gone by now, and its signals with it.
            let _ = self.busy.try_set(false);
            let fault = match outcome {
                Ok(StopOutcome::Stopped) => None,
                Ok(StopOutcome::Gone) => Some(AppError::NotFound),
                Ok(StopOutcome::Failed(error)) | Err(error) => Some(error),
            };
            let panel = panel.try_get_untracked().flatten().filter(|_| fault.is_none());
            let _ = self.fault.try_set(fault);
            // The button disappears, and the focus must not be lost with it.
            if let Some(panel) = panel {
                focus(&panel, ".run-title");
            }
        });
    }
}

/// Why the page does not follow the run at the moment, with a link that helps. Empty while the page reconnects by itself,
/// because the connection says so.
fn trouble_html(connection: &Connection) -> String {
    match connection {
        Connection::Broken(AppError::Unreachable) => String::new(),
        Connection::Broken(AppError::NotFound) => "This run was deleted. <a href=\"/runs\">All runs</a>".to_owned(),
        Connection::Broken(error) => fault_html(error, &here()),
        _ => String::new(),
    }
}

/// Is the event one of the button that leads back to the form?
fn is_on_again(event: &MouseEvent) -> bool {
    target(event).is_some_and(|target| target.has_attribute("data-again"))
}

/// What the panel is rendered from.
#[derive(Clone, Copy)]
struct LivePanel {
    feed: RunFeed,
    stop: Stop,
    announcement: Memo<String>,
    on_card: bool,
}

impl LivePanel {
    /// Renders the panel, and tracks all signals that it depends on.
    fn html(self, rows: Rows) -> String {
        let run = self.feed.run.read();
        let connection = self.feed.connection.get();
        let stop_fault = self.stop.fault.get().map(|error| fault_html(&error, &here()));
        let panel = Panel {
            run: &run,
            trouble: trouble_html(&connection),
            connection,
            stopping: self.stop.busy.get(),
            stop_fault: stop_fault.unwrap_or_default(),
            announcement: self.announcement.get(),
            on_card: self.on_card,
            rows,
        };
        panel.html()
    }
}

/// The state, the numbers and the verdict of one run.
#[component]
pub fn RunPanel(
    /// The run to show.
    feed: RunFeed,
    /// Was the run started on this page just now? Then its heading takes the focus.
    #[prop(optional)]
    takes_focus: bool,
    /// On the card: leads back to the form.
    #[prop(optional)]
    again: Option<Callback<()>>,
    /// On the run's own page: what follows. The head with Stop stays in view above it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let panel = NodeRef::<html::Div>::new();
    let stop = Stop { busy: RwSignal::new(false), fault: RwSignal::new(None) };
    let announcement = Memo::new(move |_| feed.announcement());
    let live = LivePanel { feed, stop, announcement, on_card: again.is_some() };
    let first = untrack(|| live.html(Rows::All));
    Effect::new(move |before: Option<()>| {
        let html = live.html(Reader::wanted());
        let Some(panel) = panel.get() else { return };
        patch(&panel, &html);
        Reader::refresh(&panel);
        if takes_focus && before.is_none() {
            // The panel is on the page only from the next frame on.
            request_animation_frame(move || focus(&panel, ".run-title"));
        }
    });
    follow_title(feed);
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        stop.send(feed, panel);
    };
    let on_click = move |event: MouseEvent| {
        if let Some(again) = again.filter(|_| is_on_again(&event)) {
            again.run(());
        }
    };
    let flag = move |of: fn(RunFeed) -> bool| move || of(feed).to_string();
    view! {
        <div
            class="run"
            data-stale=flag(|feed| feed.connection.get().is_stale())
            data-over=flag(|feed| feed.run.read().status.is_final())
            data-closed=flag(|feed| feed.run.read().closed)
        >
            <div class="run-live" node_ref=panel inner_html=first on:submit=on_submit on:click=on_click></div>
            {children.map(|children| children())}
        </div>
    }
    .into_any()
}

impl RunFeed {
    /// The sentence for screen readers. It changes with the state of the run, and otherwise at most every ten seconds.
    fn announcement(self) -> String {
        let state = Memo::new(move |_| {
            let run = self.run.read();
            (run.status, run.closed, run.unstored, run.stats.elapsed / 10_000)
        });
        state.track();
        announcement(&self.run.read_untracked(), self.connection.get().is_stale())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_is_explained_with_a_link_that_helps() {
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
            assert!(!Connection::Broken(error).label().is_empty());
        }
        // The connection says "Reconnecting", and the user need not do anything.
        assert_eq!(trouble(AppError::Unreachable), "");
        for connected in
            [Connection::None, Connection::Connecting, Connection::Live, Connection::Polling, Connection::Ended]
        {
            assert_eq!((trouble_html(&connected).as_str(), connected.is_stale()), ("", false));
        }
    }
}
