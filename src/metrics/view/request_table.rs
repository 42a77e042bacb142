//! Recorded requests as a table.

use leptos::prelude::*;

use crate::metrics::log_model::{LogPage, LoggedRequest, NamedRun};
use crate::origin::RunId;
use crate::ui::format::millis;
use crate::ui::http_status::{status_tone, status_words};
use crate::ui::moment::{Moment, time_as_of};
use crate::ui::table::{DataTable, Heads};

/// The requests of a page of the log. On a phone a row is two lines, with status and duration in the first one.
#[component]
pub fn RequestTable(
    /// What the table shows, for people who can't see it.
    label: &'static str,
    /// The requests.
    #[prop(into)]
    page: Signal<LogPage>,
    /// Has it a column with the ids of the requests?
    #[prop(optional)]
    with_ids: bool,
) -> impl IntoView {
    let mut heads = vec!["Arrived (UTC)", "Request", "Status", "Duration", "Source"];
    heads.extend(with_ids.then_some("Id"));
    let key = |request: &LoggedRequest| request.request_id;
    let row = move |request: LoggedRequest| {
        let (now, source) = page.with_untracked(|page| (page.to, source(&request, &page.runs)));
        view! { <RequestRow request source now with_ids /> }
    };
    view! {
        <DataTable label class="requests-table">
            <Heads names=heads />
            <tbody>
                <For each=move || page.with(|page| page.requests.clone()) key=key children=row />
            </tbody>
        </DataTable>
    }
    .into_any()
}

/// The run that made a request, and the name of the request among those of the run. `None` for a real one.
fn source(request: &LoggedRequest, runs: &[NamedRun]) -> Option<(RunId, String)> {
    let run = request.run?;
    let name = runs.iter().find(|named| named.run == run).map_or("Run", |named| &named.name);
    Some((run, format!("{name} #{}", request.seq.unwrap_or_default())))
}

#[component]
fn RequestRow(request: LoggedRequest, source: Option<(RunId, String)>, now: i64, with_ids: bool) -> impl IntoView {
    let at = request.at.div_euclid(1000);
    let time = time_as_of(at, now.div_euclid(1000));
    let href = format!("/requests/{}", request.request_id);
    let status = request.status;
    let source = match source {
        Some((run, text)) => view! { <a href=format!("/runs/{run}")>{text}</a> }.into_any(),
        None => "Real client".into_any(),
    };
    let id = with_ids.then(|| {
        view! {
            <td data-head="Id">
                <code>{request.request_id.to_string()}</code>
            </td>
        }
    });
    view! {
        <tr>
            <th scope="row" data-head="Arrived">
                <a href=href>
                    <Moment at text=time />
                </a>
            </th>
            <td data-head="Request">
                <code>{format!("{} {}", request.method, request.route)}</code>
            </td>
            <td data-head="Status" data-tone=status_tone(status).name()>
                {format!("{status} {}", status_words(status))}
            </td>
            <td data-head="Duration">{millis(Some(request.duration))}</td>
            <td data-head="Source">{source}</td>
            {id}
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn html(request: LoggedRequest) -> String {
        let run = RunId(Uuid::from_u128(2));
        let runs = vec![NamedRun { run, name: "Peak <1>".to_owned(), started: 0 }];
        let page = LogPage { requests: vec![request], runs, to: 1_795_444_999_000_000, ..LogPage::default() };
        Owner::new().with(|| {
            view! { <RequestTable label="Requests" page=Signal::stored(page) with_ids=true /> }
                .to_html()
                .replace("<!>", "")
        })
    }

    #[test]
    fn a_row_says_when_what_how_and_who_and_links_to_the_request_and_its_run() {
        let real = LoggedRequest {
            request_id: Uuid::from_u128(1),
            at: 1_795_444_565_123_456,
            method: "GET".into(),
            route: "/api/v1/users".into(),
            status: 200,
            duration: 1.25,
            run: None,
            seq: None,
        };
        let text = html(real.clone());
        for part in [
            "<a href=\"/requests/00000000-0000-0000-0000-000000000001\"><time datetime=\"2026-11-23T14:36:05Z\">14:36:05.123</time></a>",
            "<code>GET /api/v1/users</code>",
            "<td data-head=\"Status\" data-tone=\"plain\">200 OK</td>",
            "<td data-head=\"Duration\">1.25 ms</td>",
            "<td data-head=\"Source\">Real client</td>",
            "<code>00000000-0000-0000-0000-000000000001</code>",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        let of = |run: u128| LoggedRequest {
            status: 503,
            run: Some(RunId(Uuid::from_u128(run))),
            seq: Some(7),
            ..real.clone()
        };
        let text = html(of(2));
        assert!(text.contains("data-tone=\"bad\">503 Service Unavailable</td>"), "{text}");
        assert!(
            text.contains("<a href=\"/runs/00000000-0000-0000-0000-000000000002\">Peak &lt;1&gt; #7</a>"),
            "{text}"
        );
        assert!(html(of(3)).contains(">Run #7</a>"), "a run that is not known any more");
    }
}
