//! The numbers of each endpoint in a period.

use leptos::prelude::*;

use crate::error::AppError;
use crate::metrics::address::LogAddress;
use crate::metrics::model::{EndpointTotals, Overview, OverviewQuery};
use crate::ui::card::Card;
use crate::ui::format::{count, millis, percent};
use crate::ui::notice::Empty;
use crate::ui::table::{DataTable, Heads};
use crate::ui::tone::Tone;

/// The headers of the columns.
const HEADS: [&str; 6] = ["Endpoint", "Requests", "Failed", "p50", "p95", "p99"];

/// One row of the table.
#[derive(Clone, Debug, Default, PartialEq)]
struct EndpointLine {
    name: String,
    href: String,
    /// One text for each column after the first.
    cells: [String; 5],
    failed: Tone,
}

/// Requests, share of errors and latency by endpoint, with links to the requests in the log. Nothing where the overview
/// could not be loaded: the tiles say why.
#[component]
pub fn PeriodEndpoints(
    /// What the server measured.
    #[prop(into)]
    overview: Signal<Result<Overview, AppError>>,
) -> impl IntoView {
    let lines = Memo::new(move |_| overview.with(|overview| overview.as_ref().ok().map(lines)));
    let is_loaded = Memo::new(move |_| lines.with(Option::is_some));
    let is_empty = Memo::new(move |_| lines.with(|lines| lines.as_ref().is_none_or(Vec::is_empty)));
    let all = move || lines.get().unwrap_or_default();
    let row = move |line: EndpointLine| {
        let (name, first) = (line.name.clone(), line.clone());
        let find = move |lines: &Vec<EndpointLine>| lines.iter().find(|line| line.name == name).cloned();
        let line = Memo::new(move |_| {
            let found = lines.with(|lines| lines.as_ref().and_then(&find));
            found.unwrap_or_else(|| first.clone())
        });
        view! { <EndpointRow line /> }
    };
    let table = move || {
        view! {
            <DataTable label="Requests by endpoint" class="numbers">
                <Heads names=HEADS.to_vec() />
                <tbody>
                    <For each=all key=|line| line.name.clone() children=row />
                </tbody>
            </DataTable>
        }
    };
    let content = move || match is_empty.get() {
        true => view! { <Empty>"No requests in this period."</Empty> }.into_any(),
        false => table().into_any(),
    };
    let card = move || {
        is_loaded.get().then(|| {
            view! {
                <Card id="by-endpoint-title" title="By endpoint, server" class="endpoint-card">
                    {content}
                </Card>
            }
        })
    };
    view! { {card} }.into_any()
}

#[component]
fn EndpointRow(line: Memo<EndpointLine>) -> impl IntoView {
    let cell = move |(index, head): (usize, &'static str)| {
        let tone = move || if head == "Failed" { line.read().failed.name() } else { Tone::Plain.name() };
        view! {
            <td data-head=head data-tone=tone>
                {move || line.read().cells[index].clone()}
            </td>
        }
    };
    view! {
        <tr>
            <th scope="row">
                <a href=move || line.read().href.clone()>
                    <code>{move || line.read().name.clone()}</code>
                </a>
            </th>
            {HEADS.into_iter().skip(1).enumerate().map(cell).collect_view()}
        </tr>
    }
}

/// The rows, in the order of the routes: by their numbers they would change places all the time.
fn lines(overview: &Overview) -> Vec<EndpointLine> {
    let mut endpoints: Vec<&EndpointTotals> = overview.endpoints.iter().collect();
    endpoints.sort_by_key(|line| (&line.route, &line.method));
    let view = OverviewQuery { range: overview.range, origin: overview.origin };
    endpoints.into_iter().map(|endpoint| line(view, endpoint)).collect()
}

fn line(view: OverviewQuery, EndpointTotals { method, route, totals }: &EndpointTotals) -> EndpointLine {
    let name = format!("{method} {route}");
    let href = LogAddress { view, endpoint: Some(name.clone()), ..LogAddress::default() }.link();
    let failed = match totals.errors {
        0 => "0".to_owned(),
        errors => format!("{} ({})", count(errors), percent(totals.error_rate)),
    };
    let cells = [count(totals.requests), failed, millis(totals.p50), millis(totals.p95), millis(totals.p99)];
    EndpointLine { name, href, cells, failed: Tone::bad_if(totals.errors > 0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::model::Totals;

    fn html(overview: Result<Overview, AppError>) -> String {
        Owner::new().with(|| view! { <PeriodEndpoints overview=Signal::stored(overview) /> }.to_html())
    }

    #[test]
    fn a_row_links_to_the_requests_of_its_endpoint_and_says_what_share_failed() {
        let totals = Totals { requests: 8, errors: 2, error_rate: Some(0.25), p50: Some(1.0), ..Totals::default() };
        let endpoint = |method: &str, route: &str, totals: &Totals| EndpointTotals {
            method: method.to_owned(),
            route: route.to_owned(),
            totals: totals.clone(),
        };
        let endpoints =
            vec![endpoint("POST", "/api/v1/users", &Totals::default()), endpoint("GET", "/api/v1/users/{id}", &totals)];
        let page = html(Ok(Overview { endpoints, ..Overview::default() }));
        assert!(page.contains("href=\"/requests?endpoint=GET%20%2Fapi%2Fv1%2Fusers%2F%7Bid%7D\""), "{page}");
        assert!(page.contains("<td data-head=\"Failed\" data-tone=\"bad\">2 (25.0 %)"), "{page}");
        assert!(page.contains("<td data-head=\"p50\" data-tone=\"plain\">1.00 ms"), "{page}");
    }

    #[test]
    fn rows_keep_their_places_whatever_their_numbers() {
        let endpoint = |method: &str, route: &str, requests| EndpointTotals {
            method: method.to_owned(),
            route: route.to_owned(),
            totals: Totals { requests, ..Totals::default() },
        };
        let endpoints = vec![endpoint("GET", "/b", 9), endpoint("POST", "/a", 5), endpoint("GET", "/a", 4)];
        let overview = Overview { endpoints, ..Overview::default() };
        let names: Vec<_> = lines(&overview).into_iter().map(|line| line.name).collect();
        assert_eq!(names, ["GET /a", "POST /a", "GET /b"]);
    }

    #[test]
    fn without_requests_there_is_one_sentence_and_no_table() {
        let page = html(Ok(Overview::default()));
        assert!(page.contains("No requests in this period.") && !page.contains("<table"), "{page}");
        assert!(!html(Err(AppError::Unavailable)).contains("By endpoint"));
    }
}
