//! `/requests/{id}`: one request as the server recorded it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use uuid::Uuid;

use crate::error::AppError;
use crate::metrics::log_model::LoggedRequest;
use crate::metrics::server_fns::get_request;
use crate::ui::format::{millis, time_of_day, utc};
use crate::ui::notice::failed;
use crate::ui::page_answer::PageAnswer;

/// `/requests/{id}`
#[component]
pub fn RequestPage(
    /// Renders what the run that sent the request knows about it.
    exchange: Callback<LoggedRequest, AnyView>,
) -> impl IntoView {
    let params = use_params_map();
    let id = params.read_untracked().get("id").and_then(|id| id.parse::<Uuid>().ok());
    let content = async move {
        let Some(id) = id else { return not_found() };
        match get_request(id).await {
            Ok(Some(request)) => {
                let exchange = request.run.map(|_| exchange.run(request.clone()));
                view! { {details(&request)} {exchange} }.into_any()
            }
            Ok(None) | Err(AppError::NotFound) => not_found(),
            Err(error) => {
                let failed = failed("The request could not be loaded.", &error.to_string());
                view! { <h1>"Request"</h1> {failed} }.into_any()
            }
        }
    };
    view! {
        <Title text="Request · Traffic Simulator" />
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

fn details(request: &LoggedRequest) -> AnyView {
    let date = utc(request.at / 1000);
    let time = time_of_day(request.at / 1000, true);
    let arrived = format!("{} {}.{:06} UTC", &date[..10], &time[..8], request.at.rem_euclid(1_000_000));
    let kind = match request.status {
        499 => " (the client disconnected before the response)",
        400.. => " (error)",
        _ => "",
    };
    let facts = [
        ("Request id", request.request_id.to_string()),
        ("Arrived", arrived),
        ("Status", format!("{}{kind}", request.status)),
        ("Duration in the server", millis(Some(request.duration))),
        ("Sent by", if request.run.is_some() { "a run of the simulator" } else { "a real client" }.to_owned()),
    ];
    let facts = facts.map(|(name, value)| view! { <div class="stat"><dt>{name}</dt><dd>{value}</dd></div> }.into_any());
    let run = request.run.map(|run| {
        let seq = request.seq.map(|seq| format!(" as request #{seq}")).unwrap_or_default();
        view! { <p class="sentence"><a href=format!("/runs/{run}")>"The run"</a>" that sent it"{seq}"."</p> }.into_any()
    });
    view! {
        <h1><code>{format!("{} {}", request.method, request.route)}</code></h1>
        <section class="card" aria-label="What the server recorded">
            <dl class="facts">{facts.collect_view()}</dl>
            {run}
        </section>
    }
    .into_any()
}

fn not_found() -> AnyView {
    if let Some(answer) = use_context::<PageAnswer>() {
        (answer.set_status)(404);
    }
    view! {
        <h1>"No such request"</h1>
        <p>"Raw requests are kept for a limited time, and only those to /api/v1 are recorded."</p>
        <p class="actions"><a class="button" href="/requests">"All requests"</a></p>
    }
    .into_any()
}
