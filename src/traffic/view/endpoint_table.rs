//! The requests of a run by endpoint.

use leptos::prelude::*;

use crate::traffic::engine::mix::Call;
use crate::traffic::engine::scenario::Scenario;
use crate::traffic::engine::stats::CallStats;
use crate::traffic::model::Run;
use crate::ui::card::Card;
use crate::ui::format::{count, millis, percent};
use crate::ui::table::{DataTable, Heads};
use crate::ui::tone::Tone;

const HEADS: [&str; 6] = ["Endpoint", "Requests", "Failed", "p50", "p95", "Max"];

/// Requests, failures and latency of each endpoint that the run calls. The rows are there from the start, so that none
/// is inserted later.
#[component]
pub fn EndpointTable(
    /// The run.
    run: Signal<Run>,
) -> impl IntoView {
    let calls = Memo::new(move |_| run.with(planned_calls));
    view! {
        <Card id="endpoints" title="By endpoint">
            <DataTable label="Requests by endpoint" class="endpoint-table">
                <Heads names=HEADS.to_vec() />
                <tbody>
                    <For each=move || calls.get() key=|call| *call let:call>
                        <EndpointRow run call />
                    </For>
                </tbody>
            </DataTable>
            <p class="sentence">"Client. Latencies are of successful requests."</p>
        </Card>
    }
    .into_any()
}

#[component]
fn EndpointRow(run: Signal<Run>, call: Call) -> impl IntoView {
    let row = Memo::new(move |_| run.with(|run| Cells::of(run, call)));
    let cell = move |text: fn(&Cells) -> &str| move || text(&row.read()).to_owned();
    view! {
        <tr>
            <th scope="row">
                <code>{call.title()}</code>
            </th>
            <td data-head="Requests">{cell(|row| &row.requests)}</td>
            <td data-head="Failed" data-tone=move || row.read().tone.name()>
                {cell(|row| &row.failed)}
            </td>
            <td data-head="p50">{cell(|row| &row.latencies[0])}</td>
            <td data-head="p95">{cell(|row| &row.latencies[1])}</td>
            <td data-head="Max">{cell(|row| &row.latencies[2])}</td>
        </tr>
    }
}

/// The texts of one row.
#[derive(Clone, Debug, PartialEq)]
struct Cells {
    requests: String,
    failed: String,
    tone: Tone,
    /// p50, p95 and the slowest.
    latencies: [String; 3],
}

impl Cells {
    fn of(run: &Run, call: Call) -> Self {
        let Some(CallStats { ok, failed, service, .. }) = run.stats.calls.iter().find(|stats| stats.call == call)
        else {
            let nothing = || count(0);
            return Self {
                requests: nothing(),
                failed: nothing(),
                tone: Tone::Quiet,
                latencies: [None; 3].map(millis),
            };
        };
        let all = ok + failed;
        let failed_text = match failed {
            0 => count(0),
            failed => format!("{} ({})", count(*failed), percent(Some(f64::from(*failed) / f64::from(all)))),
        };
        Self {
            requests: count(all),
            failed: failed_text,
            tone: if *failed > 0 { Tone::Bad } else { Tone::Quiet },
            latencies: [service.p50, service.p95, service.max].map(millis),
        }
    }
}

/// What the run calls: the endpoints of its settings, the one that fails on purpose, and whatever else was called.
fn planned_calls(run: &Run) -> Vec<Call> {
    let mut calls: Vec<Call> = run.endpoints.list().iter().map(|endpoint| Call::from(*endpoint)).collect();
    calls.extend((run.scenario == Scenario::ErrorInjection).then_some(Call::Error));
    let others = run.stats.calls.iter().map(|stats| stats.call);
    let others: Vec<Call> = others.filter(|call| !calls.contains(call)).collect();
    calls.extend(others);
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::engine::latency::Latency;
    use crate::traffic::engine::mix::Endpoint;
    use crate::traffic::model::{Endpoints, Status};
    use crate::traffic::view::fixture;

    fn run() -> Run {
        let service = Latency { p50: Some(0.29), p95: Some(0.69), max: Some(81.0), ..Latency::default() };
        let mut run = fixture::run(Status::Running, false);
        run.stats.calls = vec![CallStats { call: Call::Error, ok: 1200, failed: 34, service }];
        run
    }

    #[test]
    fn a_row_holds_the_share_of_its_own_failures() {
        let cells = Cells::of(&run(), Call::Error);
        let latencies = ["0.29 ms", "0.69 ms", "81.0 ms"].map(str::to_owned);
        let (requests, failed) = ("1\u{202f}234".to_owned(), "34 (2.8 %)".to_owned());
        assert_eq!(cells, Cells { requests, failed, tone: Tone::Bad, latencies });
        let nothing = Cells::of(&run(), Call::List);
        assert_eq!((nothing.requests.as_str(), nothing.failed.as_str(), nothing.tone), ("0", "0", Tone::Quiet));
        assert_eq!(nothing.latencies, ["–", "–", "–"]);
    }

    #[test]
    fn the_rows_are_known_before_the_first_response() {
        let mut run = run();
        assert_eq!(planned_calls(&run), [Call::List, Call::Create, Call::Get, Call::Update, Call::Error]);
        run.stats.calls.clear();
        run.endpoints = Endpoints::some(&[Endpoint::Get]).expect("one");
        assert_eq!(planned_calls(&run), [Call::Get]);
        run.scenario = Scenario::ErrorInjection;
        assert_eq!(planned_calls(&run), [Call::Get, Call::Error]);
    }

    #[test]
    fn the_table_names_endpoints_as_the_api_does() {
        let html = fixture::html(|| view! { <EndpointTable run=Signal::stored(run()) /> });
        for part in [
            "<code>GET /api/v1/users/error</code>",
            "<td data-head=\"Failed\" data-tone=\"bad\">34 (2.8 %)",
            "<code>GET /api/v1/users</code>",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    }
}
