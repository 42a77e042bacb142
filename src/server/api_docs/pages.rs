//! `/docs` and `/api/openapi.json`: the description of the API, for people and for programs. The page is rendered on the
//! server from the same description; it loads nothing from elsewhere and runs no script.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use leptos::prelude::*;
use serde_json::Value;

use super::examples::{ExampleServer, FIRST_STEPS, FirstStep};
use super::operations::{OperationDocs, operations};
use crate::server::auth::Access;
use crate::server::plain_page::{PlainHead, respond};
use crate::ui::table::{DataTable, Heads};

/// What a request that is refused gets, whatever the operation.
const REFUSALS: [(&str, &str); 8] = [
    ("400", "The request is malformed: not JSON, or a path with dots, double slashes or control characters."),
    ("401", "The token is missing or wrong, on a server that has one."),
    ("403", "Another site's page sent it, or the host name is not one of this server's."),
    ("404", "There is nothing at this path, or no such run or user."),
    ("409", "Something is in the way: another run is active, or the e-mail address is taken."),
    ("415", "The body has another content type than application/json."),
    ("422", "A value is out of range; errors names each field."),
    ("503", "Not now: the server is busy or shutting down. Retry-After says when to come back."),
];

struct Docs {
    json: Value,
    access: Access,
    style: Arc<str>,
}

/// The routes of the page and of the description. `style` is the address of the style sheet.
pub fn routes(json: Value, access: Access, style: Arc<str>) -> Router {
    let docs = Arc::new(Docs { json, access, style });
    Router::new().route("/api/openapi.json", get(openapi)).route("/docs", get(page)).with_state(docs)
}

async fn openapi(State(docs): State<Arc<Docs>>) -> Json<Value> {
    Json(docs.json.clone())
}

async fn page(State(docs): State<Arc<Docs>>, headers: HeaderMap) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    // The front service has checked the host name.
    let scheme = if text("x-forwarded-proto") == "https" { "https" } else { "http" };
    let server = ExampleServer { base: format!("{scheme}://{}", text("host")), guarded: docs.access.is_guarded() };
    let operations = operations(&docs.json, &server);
    let head =
        PlainHead { style: &docs.style, title: "API", path: "/docs", log_out: docs.access.has_session(&headers) };
    respond(StatusCode::OK, head, || view! { <ApiPage operations server /> })
}

#[component]
fn ApiPage(operations: Vec<OperationDocs>, server: ExampleServer) -> impl IntoView {
    let guarded = server.guarded;
    let steps = FIRST_STEPS.iter().map(|step| view! { <Step step command=server.complete(step.command) /> });
    let steps = steps.collect_view();
    let contents = operations.iter().map(contents_entry).collect_view();
    let reference = operations.into_iter().map(|operation| view! { <Operation operation /> }).collect_view();
    view! {
        <div class="docs">
            <h1>"API"</h1>
            <p>
                "Everything that the pages of this server do can be done by HTTP, too. For programs there is "
                <a href="/api/openapi.json">"the description in OpenAPI 3.1"</a> "."
            </p>
            {guarded.then(|| view! { <TokenNote /> })}
            <section class="card" aria-labelledby="first-run">
                <h2 id="first-run">"A first run"</h2>
                <p>"Run these in one shell, from the top to the end. The page of the run is /runs/ with its id."</p>
                <ol class="docs-steps">{steps}</ol>
            </section>
            <section aria-labelledby="reference">
                <h2 id="reference">"Reference"</h2>
                <p>
                    "JSON in camelCase, times in epoch milliseconds, latencies in milliseconds. Fields that are not described here are refused. "
                    "The examples follow on each other, too."
                </p>
                <nav aria-label="Operations">
                    <ul class="docs-contents">{contents}</ul>
                </nav>
                {reference}
            </section>
            <Refusals />
        </div>
    }
}

#[component]
fn TokenNote() -> impl IntoView {
    view! {
        <p>
            "This server wants its token from those who make load. Put it into a variable of the shell first: "
            <code>"export ADMIN_TOKEN=…"</code>
        </p>
    }
}

#[component]
fn Step(step: &'static FirstStep, command: String) -> impl IntoView {
    view! {
        <li>
            <h3>{step.title}</h3>
            <p>{step.text}</p>
            <Example name=step.title command />
        </li>
    }
}

/// A command to copy. It scrolls when it is wider than the page, so the keyboard has to reach it.
#[component]
fn Example(#[prop(into)] name: String, command: String) -> impl IntoView {
    view! {
        <pre tabindex="0" role="region" aria-label=format!("Example: {name}")>
            <code class="example">{command}</code>
        </pre>
    }
}

fn contents_entry(operation: &OperationDocs) -> impl IntoView + use<> {
    view! {
        <li>
            <a href=format!("#{}", operation.id)>
                <code>{operation.name()}</code>
            </a>
        </li>
    }
}

#[component]
fn Operation(operation: OperationDocs) -> impl IntoView {
    let name = operation.name();
    let OperationDocs { id, summary, inputs, responses, example, .. } = operation;
    let title = format!("{id}-title");
    let has_inputs = !inputs.is_empty();
    let input_table = {
        let label = format!("Input of {name}");
        move || {
            view! {
                <DataTable label class="texts">
                    <Heads names=vec!["Input", "Where", "What"] />
                    <tbody>{inputs.into_iter().map(input_row).collect_view()}</tbody>
                </DataTable>
            }
        }
    };
    view! {
        <section class="card operation" id=id aria-labelledby=title.clone()>
            <h3 id=title.clone()>
                <code>{name.clone()}</code>
            </h3>
            <p>{summary}</p>
            <Example name=name.clone() command=example />
            {has_inputs.then(input_table)}
            <details>
                <summary>"Responses"</summary>
                <DataTable label=format!("Responses of {name}") class="texts">
                    <Heads names=vec!["Status", "When"] />
                    <tbody>
                        {responses.into_iter().map(|[status, when]| response_row(status, when)).collect_view()}
                    </tbody>
                </DataTable>
            </details>
        </section>
    }
}

fn input_row([name, place, kind]: [String; 3]) -> impl IntoView {
    view! {
        <tr>
            <th scope="row">
                <code>{name}</code>
            </th>
            <td data-head="Where">{place}</td>
            <td data-head="What">{kind}</td>
        </tr>
    }
}

fn response_row(status: String, when: String) -> impl IntoView {
    view! {
        <tr>
            <th scope="row">
                <code>{status}</code>
            </th>
            <td data-head="When">{when}</td>
        </tr>
    }
}

#[component]
fn Refusals() -> impl IntoView {
    let row = |(status, when): (&'static str, &'static str)| response_row(status.to_owned(), when.to_owned());
    view! {
        <section class="card" aria-labelledby="refusals">
            <h2 id="refusals">"Refusals"</h2>
            <p>
                "A refusal is a problem document (RFC 9457, " <code>"application/problem+json"</code> "): "
                <code>"detail"</code> " says what was wrong and what to do, " <code>"errors"</code>
                " names each field, and " <code>"instance"</code>
                " is the request's id, under which the server's log has the cause."
            </p>
            <DataTable label="Refusals" class="texts">
                <Heads names=vec!["Status", "When"] />
                <tbody>{REFUSALS.map(row).collect_view()}</tbody>
            </DataTable>
        </section>
    }
}
