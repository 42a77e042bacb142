//! `/requests/{id}`: one request as the server recorded it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use uuid::Uuid;

use crate::error::AppError;
use crate::metrics::address::LogAddress;
use crate::metrics::log_model::{LoggedRequest, NamedRun, RequestDetails, StatusFilter};
use crate::metrics::model::{Origins, OverviewQuery, Range};
use crate::metrics::server_fns::get_request;
use crate::ui::card::Card;
use crate::ui::format::{millis, utc};
use crate::ui::http_status::{status_tone, status_words};
use crate::ui::moment::{Moment, date, time_with_millis};
use crate::ui::notice::Failed;
use crate::ui::page_answer::PageAnswer;

/// `/requests/{id}`
#[component]
pub fn RequestPage(
    /// Renders what is known about the request beside the server's record.
    context: Callback<LoggedRequest, AnyView>,
) -> impl IntoView {
    let params = use_params_map();
    let id = params.read_untracked().get("id").and_then(|id| id.parse::<Uuid>().ok());
    let content = async move {
        let Some(id) = id else { return not_found() };
        match get_request(id).await {
            Ok(Some(details)) => {
                let context = context.run(details.request.clone());
                view! {
                    <Recorded details />
                    {context}
                }
                .into_any()
            }
            Ok(None) | Err(AppError::NotFound) => not_found(),
            Err(error) => view! {
                <Title text="Request · Traffic Simulator" />
                <h1>"Request"</h1>
                <Failed what="The request could not be loaded." error />
            }
            .into_any(),
        }
    };
    view! {
        <nav class="crumbs" aria-label="Breadcrumb">
            <a href="/">"Dashboard"</a>
            <span aria-hidden="true">"/"</span>
            <a href="/requests">"Requests"</a>
            <span aria-hidden="true">"/"</span>
            <span aria-current="page">"Request"</span>
        </nav>
        <Suspense>{Suspend::new(content)}</Suspense>
    }
    .into_any()
}

/// What the server recorded, and where to go on from here.
#[component]
fn Recorded(details: RequestDetails) -> impl IntoView {
    let RequestDetails { request, run } = details;
    let name = format!("{} {}", request.method, request.route);
    let status = format!("{} {}", request.status, status_words(request.status));
    let tone = status_tone(request.status).name();
    view! {
        <Title text=format!("{status}: {name} · Traffic Simulator") />
        <div class="page-head request-head">
            <h1>
                <code>{name}</code>
            </h1>
            <p class="request-status" data-tone=tone>
                {status}
            </p>
        </div>
        <Card id="recorded-title" title="What the server recorded">
            <Facts request=request.clone() run />
            <p class="actions">{links(&request)}</p>
        </Card>
    }
    .into_any()
}

#[component]
fn Facts(request: LoggedRequest, run: Option<NamedRun>) -> impl IntoView {
    let at = request.at.div_euclid(1000);
    let micros = request.at.rem_euclid(1000);
    let arrived = format!("{} {}{micros:03} UTC", date(at), time_with_millis(at));
    let facts = [
        ("Arrived", view! { <Moment at text=arrived /> }.into_any()),
        ("Duration in the server", millis(Some(request.duration)).into_any()),
        ("Source", source(&request, run)),
        ("Request id", view! { <code>{request.request_id.to_string()}</code> }.into_any()),
    ];
    let fact = |(name, value): (&'static str, AnyView)| {
        view! {
            <div class="fact">
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    view! { <dl class="facts">{facts.map(fact).collect_view()}</dl> }
}

/// Who made the request: a real client, or a run, with a link.
fn source(request: &LoggedRequest, run: Option<NamedRun>) -> AnyView {
    let Some(id) = request.run else { return "A real client".into_any() };
    let name = run.map_or_else(|| "A run".to_owned(), |run| format!("{}, {}", run.name, utc(run.started)));
    let seq = request.seq.map(|seq| format!(", request #{seq} of its plan"));
    view! {
        <a href=format!("/runs/{id}")>{name}</a>
        {seq}
    }
    .into_any()
}

/// Links to the other requests like this one, and to all of its run.
fn links(request: &LoggedRequest) -> AnyView {
    let origin = request.run.map_or(Origins::All, Origins::Run);
    let all = LogAddress { view: OverviewQuery { range: Range::Day, origin }, ..LogAddress::default() };
    let alike = LogAddress {
        status: Some(StatusFilter::Exact(request.status)),
        endpoint: Some(format!("{} {}", request.method, request.route)),
        ..all.clone()
    };
    let of_run = request.run.map(|_| {
        view! {
            <a class="button" href=all.link()>
                "All requests of this run"
            </a>
        }
    });
    view! {
        <a class="button" href=alike.link()>
            "Requests like this"
        </a>
        {of_run}
    }
    .into_any()
}

fn not_found() -> AnyView {
    if let Some(answer) = use_context::<PageAnswer>() {
        (answer.set_status)(404);
    }
    view! {
        <Title text="No such request · Traffic Simulator" />
        <h1>"No such request"</h1>
        <p>"Recorded requests are kept for a limited time, and only those to /api/v1 are recorded."</p>
        <p class="actions">
            <a class="button" href="/requests">
                "All requests"
            </a>
        </p>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::RunId;

    #[test]
    fn a_request_says_who_made_it_and_leads_to_those_like_it() {
        let real = LoggedRequest {
            request_id: Uuid::from_u128(1),
            at: 1_795_444_565_123_456,
            method: "GET".into(),
            route: "/api/v1/users".into(),
            status: 503,
            duration: 1.25,
            run: None,
            seq: None,
        };
        let html = |request: LoggedRequest, run: Option<NamedRun>| {
            Owner::new().with(|| {
                let links = links(&request);
                view! {
                    <Facts request run />
                    {links}
                }
                .to_html()
                .replace("<!>", "")
            })
        };
        let text = html(real.clone(), None);
        for part in [
            "2026-11-23 14:36:05.123456 UTC",
            "A real client",
            "href=\"/requests?range=24h&amp;status=503&amp;endpoint=GET%20%2Fapi%2Fv1%2Fusers\"",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert!(!text.contains("of this run"), "{text}");
        let run = RunId(Uuid::from_u128(2));
        let named = NamedRun { run, name: "Peak Usage".to_owned(), started: 0 };
        let text = html(LoggedRequest { run: Some(run), seq: Some(7), ..real }, Some(named));
        for part in [
            "<a href=\"/runs/00000000-0000-0000-0000-000000000002\">Peak Usage, 1970-01-01 00:00 UTC</a>",
            ", request #7 of its plan",
            "origin=00000000-0000-0000-0000-000000000002\" class=\"button\">All requests of this run",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }
}
