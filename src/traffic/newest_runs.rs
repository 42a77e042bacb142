//! The newest runs, for the dashboard.

use std::time::Duration;

use leptos::prelude::*;

use super::form::RunsForm;
use super::model::RunSummary;
use super::run_badge::RunBadge;
use super::server_fns::get_runs;
use crate::ui::format::{count, duration, millis, utc};
use crate::ui::notice::{Empty, Failed};
use crate::ui::stat::tone;

const REFRESH: Duration = Duration::from_secs(5);

/// The five newest runs, fresh every five seconds while somebody looks.
#[component]
pub fn NewestRuns() -> impl IntoView {
    let form = || RunsForm { limit: Some("5".to_owned()), ..RunsForm::default() };
    let runs = Resource::new(|| (), move |()| get_runs(form()));
    Effect::new(move |_| {
        let refresh = move || {
            if !document().hidden() {
                runs.refetch();
            }
        };
        if let Ok(timer) = set_interval_with_handle(refresh, REFRESH) {
            on_cleanup(move || timer.clear());
        }
    });
    view! {
        <section class="card newest" aria-labelledby="newest-title">
            <div class="card-head">
                <h2 id="newest-title" class="section-title">
                    "Newest runs"
                </h2>
                <a href="/runs">"All runs"</a>
            </div>
            <Transition fallback=|| view! { <p class="loading">"Loading the runs…"</p> }>
                {move || Suspend::new(async move {
                    match runs.await {
                        Ok(page) if page.runs.is_empty() => {
                            view! { <Empty>"No run yet. Set one up above; it stays here with its numbers and its proof."</Empty> }.into_any()
                        }
                        Ok(page) => view! { <Table runs=page.runs /> }.into_any(),
                        Err(error) => {
                            let retry = Callback::new(move |()| runs.refetch());
                            view! { <Failed what="The runs could not be loaded." why=error.to_string() retry /> }.into_any()
                        }
                    }
                })}
            </Transition>
        </section>
    }
    .into_any()
}

#[component]
fn Table(runs: Vec<RunSummary>) -> impl IntoView {
    view! {
        <div class="table-scroll" role="region" tabindex="0" aria-label="Newest runs as a table">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Started"</th>
                        <th scope="col">"Scenario"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Sent"</th>
                        <th scope="col">"Failed"</th>
                        <th scope="col">"p95"</th>
                    </tr>
                </thead>
                <tbody>{runs.iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

fn row(run: &RunSummary) -> impl IntoView + use<> {
    view! {
        <tr>
            <th scope="row">
                <a href=format!("/runs/{}", run.job_id)>{utc(run.start_time)}</a>
            </th>
            <td>{format!("{} · {}", run.scenario.title(), duration(run.duration))}</td>
            <td>
                <RunBadge state=(run.status, run.closed) />
            </td>
            <td>{count(run.sent)}</td>
            <td data-tone=tone(run.failed_requests > 0)>{count(run.failed_requests)}</td>
            <td>{millis(run.p95)}</td>
        </tr>
    }
}
