//! The failures of a run, with the single ones fetched by those who open their list.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::engine::failures::Failure;
use crate::traffic::model::Run;
use crate::traffic::server_fns::get_failures;
use crate::traffic::view::failure_groups::FailureGroups;

/// The failures of a run. A run that has ended has its newest single failures; those of a run that goes on are fetched
/// when their list is opened.
#[component]
pub fn LiveFailures(
    /// The run.
    run: Signal<Run>,
) -> impl IntoView {
    let fetched = RwSignal::new(None::<(RunId, Result<Vec<Failure>, AppError>)>);
    let single = Memo::new(move |_| {
        run.with(|run| {
            let known = &run.stats.recent_failures;
            if !known.is_empty() {
                return Some(Ok(known.clone()));
            }
            let of_this_run = |(id, failures): &(RunId, _)| (*id == run.job_id).then(|| Clone::clone(failures));
            fetched.with(|fetched| fetched.as_ref().and_then(of_this_run))
        })
    });
    let on_open = Callback::new(move |()| {
        let id = run.with_untracked(|run| run.job_id);
        spawn_local(async move {
            let failures = get_failures(id).await;
            let _ = fetched.try_set(Some((id, failures)));
        });
    });
    view! { <FailureGroups run single=Signal::from(single) on_open /> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    fn html(run: Run) -> String {
        fixture::html(|| view! { <LiveFailures run=Signal::stored(run) /> })
    }

    #[test]
    fn an_ended_run_lists_its_failures_without_a_script() {
        let mut run = fixture::run(Status::Completed, true);
        let (method, path) = ("PATCH".to_owned(), "/api/v1/users/3".to_owned());
        run.stats.recent_failures =
            vec![Failure { seq: 7, method, path, status: Some(503), request_id: None, reason: String::new() }];
        assert!(html(run).contains("PATCH /api/v1/users/3"));
        let running = html(fixture::run(Status::Running, false));
        assert!(running.contains("/requests?origin="), "a way to those of a run that goes on: {running}");
    }
}
