//! The failures of a run: in groups, and one by one on demand.

use leptos::prelude::*;

use super::response_words::response_words;
use super::single_failures::{SingleFailures, sample};
use crate::error::Loaded;
use crate::query::link;
use crate::traffic::engine::failures::{Failure, FailureGroup};
use crate::traffic::engine::mix::Call;
use crate::traffic::engine::scenario::Scenario;
use crate::traffic::engine::stats::{Stats, Witnesses};
use crate::traffic::model::Run;
use crate::ui::card::Card;
use crate::ui::format::{clock, count, percent};
use crate::ui::notice::Notice;
use crate::ui::table::{DataTable, Heads};
use crate::ui::tone::Tone;

const GROUP_HEADS: [&str; 7] = ["Endpoint", "Response", "Requests", "Of failures", "First", "Last", "Sample"];

/// The failures of a run by endpoint and response, with one of each to open. The newest single ones are fetched when
/// they are asked for.
#[component]
pub fn FailureGroups(
    /// The run.
    run: Signal<Run>,
    /// The newest single failures. Without them those of the run itself are listed, which has them in the end.
    #[prop(optional)]
    single: Option<Signal<Loaded<Vec<Failure>>>>,
    /// Is called when the list of single failures is opened.
    #[prop(optional)]
    on_open: Option<Callback<()>>,
    /// Is it shown in a file, where there is nothing to open?
    #[prop(optional)]
    in_a_file: bool,
) -> impl IntoView {
    let sentence = Memo::new(move |_| run.with(|run| failures_sentence(&run.stats)));
    let any = Memo::new(move |_| run.with(|run| run.stats.failed_requests > 0));
    let witnesses = Memo::new(move |_| run.with(|run| run.stats.recounted));
    // The room that the groups of this scenario will take is kept from the start.
    let expected = move || run.with(|run| run.scenario == Scenario::ErrorInjection).to_string();
    let log = Memo::new(move |_| run.with(log_link));
    let to_the_log = move || {
        any.get().then(|| {
            view! {
                " "
                <a href=log>"Open them in the request log"</a>
            }
        })
    };
    let own = Signal::derive(move || run.with(|run| run.closed.then(|| Ok(run.stats.recent_failures.clone()))));
    let single = single.unwrap_or(own);
    let details = move || any.get().then(|| view! { <SingleFailures single on_open log in_a_file /> });
    view! {
        <Card id="failures" title="Failures" class="failures">
            <p class="sentence">{sentence} {(!in_a_file).then_some(to_the_log)}</p>
            {move || witnesses.get().map(counted_anew)}
            <div class="failure-groups" data-expected=expected>
                {move || any.get().then(|| view! { <GroupTable run in_a_file /> })}
            </div>
            {details}
        </Card>
    }
    .into_any()
}

/// Says whose record is left of a run whose process died.
fn counted_anew(Witnesses { by_client, by_server }: Witnesses) -> impl IntoView {
    let words = match (by_client, by_server) {
        (0, _) => "seen by the server; the client's side was lost".to_owned(),
        (_, 0) => "all are in the client's ledger".to_owned(),
        (client, server) => {
            format!("{} from the client's ledger, {} seen by the server alone", count(client), count(server))
        }
    };
    view! {
        <Notice tone=Tone::Open>
            {format!("The server was killed during this run. Its requests are counted anew: {words}.")}
        </Notice>
    }
}

#[component]
fn GroupTable(run: Signal<Run>, in_a_file: bool) -> impl IntoView {
    let keys = move || run.with(|run| run.stats.failures.iter().map(key).collect::<Vec<_>>());
    view! {
        <DataTable label="Failures by endpoint and response" class="failure-table">
            <Heads names=GROUP_HEADS.to_vec() />
            <tbody>
                <For each=keys key=Clone::clone let:key>
                    <GroupRow run key in_a_file />
                </For>
            </tbody>
        </DataTable>
    }
    .into_any()
}

/// Endpoint and response, which make a group.
type GroupKey = (Call, String);

fn key(group: &FailureGroup) -> GroupKey {
    (group.call, group.outcome.clone())
}

#[component]
fn GroupRow(run: Signal<Run>, key: GroupKey, in_a_file: bool) -> impl IntoView {
    let (call, response) = (key.0, response_words(&key.1));
    let row = Memo::new(move |_| run.with(|run| GroupCells::of(&run.stats, &key)));
    let cell = move |text: fn(&GroupCells) -> &str| move || text(&row.read()).to_owned();
    let sample = move || {
        let row = row.read();
        sample(&row.sample, row.request_id.clone().filter(|_| !in_a_file))
    };
    view! {
        <tr>
            <th scope="row">
                <code>{call.title()}</code>
            </th>
            <td data-head="Response" data-tone="bad">
                {response}
            </td>
            <td data-head="Requests">{cell(|row| &row.count)}</td>
            <td data-head="Of failures">{cell(|row| &row.share)}</td>
            <td data-head="First">{cell(|row| &row.first)}</td>
            <td data-head="Last">{cell(|row| &row.last)}</td>
            <td data-head="Sample">{sample}</td>
        </tr>
    }
}

/// The changing texts of one row.
#[derive(Clone, Debug, Default, PartialEq)]
struct GroupCells {
    count: String,
    share: String,
    first: String,
    last: String,
    sample: String,
    request_id: Option<String>,
}

impl GroupCells {
    /// The row of a group; an empty one for a group that has just left the list.
    fn of(stats: &Stats, wanted: &GroupKey) -> Self {
        let Some(group) = stats.failures.iter().find(|group| key(group) == *wanted) else { return Self::default() };
        let share = f64::from(group.count) / f64::from(stats.failed_requests.max(1));
        Self {
            count: count(group.count),
            share: percent(Some(share)),
            first: moment(group.first),
            last: moment(group.last),
            sample: format!("#{}", group.sample.seq),
            request_id: group.sample.request_id.clone(),
        }
    }
}

/// A moment of a run, given in milliseconds since its start.
fn moment(millis: Option<u32>) -> String {
    millis.map_or("–".to_owned(), |millis| clock(millis / 1000))
}

/// How many requests failed, and how many of these the groups cover.
fn failures_sentence(stats: &Stats) -> String {
    let shown: u32 = stats.failures.iter().map(|group| group.count).sum();
    match (stats.failed_requests, stats.failed_requests.saturating_sub(shown)) {
        (0, _) if stats.total_requests == 0 => "No response yet.".to_owned(),
        (0, _) => "No request has failed.".to_owned(),
        // A stored run of an earlier version.
        (all, _) if shown == 0 => format!("{} requests failed.", count(all)),
        (1, 0) => "One request failed.".to_owned(),
        (all, 0) => format!("{} requests failed.", count(all)),
        (all, others) => format!(
            "{} requests failed. The {} most frequent groups are shown; {} failed in other ways.",
            count(all),
            stats.failures.len(),
            count(others)
        ),
    }
}

/// The failed requests of the run in the request log.
fn log_link(run: &Run) -> String {
    link("/requests", &[("origin", run.job_id.to_string()), ("status", "errors".to_owned())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::engine::failures::FailureSample;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    const ID: &str = "019b76da-a800-7000-8000-000000000000";

    fn group(outcome: &str, count: u32) -> FailureGroup {
        let sample = FailureSample { seq: 220, path: Some("/x?a=<b>".to_owned()), request_id: Some(ID.to_owned()) };
        let (first, last) = (Some(3_200), Some(61_900));
        FailureGroup { call: Call::Error, outcome: outcome.to_owned(), count, first, last, sample }
    }

    fn failing(status: Status, closed: bool) -> Run {
        let mut run = fixture::run(status, closed);
        run.stats.failed_requests = 80;
        run.stats.failures = vec![group("503", 60), group("timeout", 20)];
        run
    }

    #[test]
    fn a_group_has_its_share_and_its_first_and_last_moment() {
        let cells = GroupCells::of(&failing(Status::Running, false).stats, &(Call::Error, "503".to_owned()));
        let texts = [&cells.count, &cells.share, &cells.first, &cells.last, &cells.sample].map(String::as_str);
        assert_eq!(texts, ["60", "75.0 %", "0:03", "1:01", "#220"]);
        let gone = GroupCells::of(&Stats::default(), &(Call::Error, "503".to_owned()));
        assert_eq!(gone, GroupCells::default());
        assert_eq!(moment(None), "–");
    }

    #[test]
    fn the_sentence_says_what_the_groups_leave_out() {
        let stats =
            |failed_requests, failures| Stats { total_requests: 9, failed_requests, failures, ..Stats::default() };
        let rows = [
            (Stats::default(), "No response yet."),
            (stats(0, Vec::new()), "No request has failed."),
            (stats(1, vec![group("503", 1)]), "One request failed."),
            (stats(3, vec![group("503", 2), group("500", 1)]), "3 requests failed."),
            (
                stats(9, vec![group("503", 2)]),
                "9 requests failed. The 1 most frequent groups are shown; 7 failed in other ways.",
            ),
            (stats(5, Vec::new()), "5 requests failed."),
        ];
        for (stats, words) in rows {
            assert_eq!(failures_sentence(&stats), words);
        }
    }

    fn html(run: Run, single: Loaded<Vec<Failure>>, in_a_file: bool) -> String {
        fixture::html(|| {
            view! { <FailureGroups run=Signal::stored(run) single=Signal::stored(single) in_a_file /> }
        })
    }

    #[test]
    fn a_sample_can_be_opened_and_so_can_the_log() {
        let page = html(failing(Status::Running, false), None, false);
        let log = "/requests?origin=00000000-0000-0000-0000-000000000007&amp;status=errors";
        for part in ["GET /api/v1/users/error", "no response within 5 s", &format!("href=\"/requests/{ID}\""), log] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        let file = html(failing(Status::Running, false), None, true);
        assert!(!file.contains("href=\"/requests/") && file.contains("#220"), "a report stands for itself: {file}");
    }

    #[test]
    fn a_run_without_failures_has_no_table() {
        let mut run = fixture::run(Status::Completed, true);
        run.stats.failed_requests = 0;
        let html = html(run, None, false);
        assert!(html.contains("No request has failed.") && !html.contains("<table"), "{html}");
    }

    #[test]
    fn a_killed_run_says_whose_side_is_left() {
        let html = |recounted| {
            let mut run = failing(Status::Error, true);
            run.stats.recounted = recounted;
            html(run, None, false)
        };
        let lost = html(Some(Witnesses { by_client: 0, by_server: 156 }));
        assert!(lost.contains("seen by the server; the client's side was lost."), "{lost}");
        let both = html(Some(Witnesses { by_client: 129, by_server: 27 }));
        assert!(both.contains("129 from the client's ledger, 27 seen by the server alone."), "{both}");
        let all = html(Some(Witnesses { by_client: 172, by_server: 0 }));
        assert!(all.contains("counted anew: all are in the client's ledger."), "{all}");
        assert!(!html(None).contains("killed"));
    }
}
