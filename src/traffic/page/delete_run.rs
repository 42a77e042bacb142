//! The deletion of a run from the history.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::origin::RunId;
use crate::traffic::server_fns::DeleteRun;

/// Deletes a run in two steps, also without JavaScript: the first press opens a question, the second one deletes.
#[component]
pub fn DeleteRunForm(
    /// The id of the run.
    id: String,
    /// The name of the run for screen readers.
    name: String,
    /// Is the question open?
    open: bool,
    /// The query of the page to come back to.
    back: String,
) -> impl IntoView {
    view! {
        <details class="confirm" open=open>
            <summary aria-label=format!("Delete {name} …")>"Delete …"</summary>
            <form method="post" action=DeleteRun::url()>
                <input type="hidden" name="job_id" value=id />
                <input type="hidden" name="back" value=back />
                <button class="button danger" type="submit">
                    "Delete for good"
                </button>
            </form>
        </details>
    }
}

/// A list of the stored runs that can't be read, each with its deletion.
pub(super) fn unreadable_runs(runs: Vec<RunId>, not_deleted: Option<RunId>, back: String) -> Option<AnyView> {
    let item = |run: RunId| {
        let id = run.to_string();
        let name = format!("run {id}");
        let open = not_deleted == Some(run);
        view! {
            <li>
                <code>{id.clone()}</code>
                " "
                <DeleteRunForm id name open back=back.clone() />
            </li>
        }
    };
    if runs.is_empty() {
        return None;
    }
    let items = runs.into_iter().map(item).collect_view();
    let view = view! {
        <section class="unreadable" aria-label="Runs that can't be read">
            <p class="error-note">
                "These stored runs can't be read: they are damaged, or were written by a newer version of this program."
            </p>
            <ul>{items}</ul>
        </section>
    };
    Some(view.into_any())
}
