//! The newest runs, for the dashboard.

use leptos::prelude::*;

use super::run_badge::badge;
use super::run_figures::{failed, failed_tone, sent, title};
use super::settings_text::beside_name;
use super::verdict::short;
use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::engine::scenario::Shape;
use crate::traffic::model::RunSummary;
use crate::ui::badge::Badge;
use crate::ui::card::Card;
use crate::ui::chart::past::ChartPeriod;
use crate::ui::format::millis;
use crate::ui::moment::Moment;
use crate::ui::notice::{Empty, Failed};
use crate::ui::table::{DataTable, Heads};
use crate::ui::tone::Tone;

const LISTED: usize = 5;

/// The newest runs, or why they could not be loaded.
type Runs = Signal<Result<Vec<RunSummary>, AppError>>;

/// The newest runs as a card, with a link to all of them.
#[component]
pub fn NewestRuns(
    /// The runs, newest first.
    #[prop(into)]
    runs: Runs,
) -> impl IntoView {
    let is_empty =
        Memo::new(move |_| runs.with(|runs| runs.as_ref().map(Vec::is_empty).map_err(|error| error.clone())));
    let content = move || match is_empty.get() {
        Err(error) => view! { <Failed what="The runs could not be loaded." error /> }.into_any(),
        Ok(true) => {
            view! { <Empty>"No runs yet. Start one above: its numbers and its audit stay here."</Empty> }.into_any()
        }
        Ok(false) => view! { <NewestTable runs /> }.into_any(),
    };
    let all = view! { <a href="/runs">"All runs"</a> };
    view! {
        <Card id="newest-runs" title="Newest runs" aside=all.into_any()>
            {content}
        </Card>
    }
    .into_any()
}

#[component]
fn NewestTable(runs: Runs) -> impl IntoView {
    let listed = move |runs: &Result<Vec<RunSummary>, AppError>| -> Vec<RunId> {
        runs.iter().flatten().take(LISTED).map(|run| run.job_id).collect()
    };
    let ids = Memo::new(move |_| runs.with(listed));
    let heads = vec!["Run", "Started (UTC)", "State", "Sent", "Failed", "p95", "Verdict"];
    view! {
        <DataTable label="Newest runs as a table" class="newest-runs">
            <Heads names=heads />
            <tbody>
                <For each=move || ids.get() key=|id| *id let:id>
                    <NewestRow id runs />
                </For>
            </tbody>
        </DataTable>
    }
}

/// The row of one run, which stays while its figures change.
#[component]
fn NewestRow(id: RunId, runs: Runs) -> impl IntoView {
    let run = Memo::new(move |_| runs.with(|runs| runs.iter().flatten().find(|run| run.job_id == id).cloned()));
    let text = move |of: fn(&RunSummary) -> String| move || run.with(|run| run.as_ref().map(of).unwrap_or_default());
    let tone = move |of: fn(&RunSummary) -> Tone| move || run.with(|run| run.as_ref().map_or(Tone::Plain, of).name());
    let state =
        move || run.with(|run| run.as_ref().map_or(("", ""), |run| badge(run.status, run.closed, run.unstored)));
    let start = Signal::derive(move || run.with(|run| run.as_ref().map_or(0, |run| run.start_time)));
    view! {
        <tr>
            <th scope="row">
                <a href=format!("/runs/{id}")>{text(|run| title(run.name.as_deref(), run.scenario))}</a>
                <span class="run-in-short">{text(beside_name)}</span>
            </th>
            <td data-head="Started (UTC)">
                <Moment at=start />
            </td>
            <td data-head="State">
                <Badge state=Signal::derive(move || state().0) label=Signal::derive(move || state().1) />
            </td>
            <td data-head="Sent">{text(sent)}</td>
            <td data-head="Failed" data-tone=tone(failed_tone)>
                {text(failed)}
            </td>
            <td data-head="p95">{text(|run| millis(run.p95))}</td>
            <td data-head="Verdict" data-tone=tone(|run| short(run).tone)>
                {text(|run| short(run).text())}
            </td>
        </tr>
    }
}

/// A run as a period of a chart.
pub fn period(run: &RunSummary) -> ChartPeriod {
    // The seed moves slots, but not the rate.
    let shape = Shape::new(run.scenario, run.delay, run.duration, run.max_rps, run.cap, 0);
    let planned_end = run.start_time + i64::from(run.duration) * 1000;
    ChartPeriod {
        from: run.start_time,
        to: run.end_time.unwrap_or(planned_end),
        planned: shape.corners(),
        cap: run.cap,
        name: title(run.name.as_deref(), run.scenario),
        href: format!("/runs/{}", run.job_id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    fn html(runs: Result<Vec<RunSummary>, AppError>) -> String {
        Owner::new().with(|| view! { <NewestRuns runs=Signal::stored(runs) /> }.to_html())
    }

    #[test]
    fn the_card_has_rows_or_says_why_there_are_none() {
        let run = RunSummary::from(&fixture::run(Status::Completed, true));
        let named = RunSummary { name: Some("a < b".to_owned()), ..run.clone() };
        let listed = html(Ok(vec![named; 1]));
        assert!(listed.contains(">a &lt; b<") && listed.contains("2 (0.2 %)"), "{listed}");
        assert!(html(Ok(Vec::new())).contains("No runs yet."));
        assert!(html(Err(AppError::Unavailable)).contains("could not be loaded"));
        let band = period(&run);
        assert_eq!((band.name.as_str(), band.href), ("Peak Usage", format!("/runs/{}", run.job_id)));
        assert_eq!((band.from, band.to), (0, 30_000), "to its planned end while it has none");
    }
}
