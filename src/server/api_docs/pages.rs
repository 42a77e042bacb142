//! `/docs` and `/api/openapi.json`: the description of the API, for people and for programs. The page is rendered on the
//! server from the same description; it loads nothing from elsewhere and runs no script.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use leptos::prelude::*;
use serde_json::Value;

/// An example for each operation, in an order in which each may use the results of those before it. `BASE` stands for
/// the URL of the server, and `AUTH` for the header with the token, where one is needed.
pub const EXAMPLES: [(&str, &str); 16] = [
    ("health", "curl -sS BASE/healthz"),
    ("ready", "curl -sS BASE/readyz"),
    ("listUsers", "curl -sS \"BASE/api/v1/users?perPage=3\""),
    (
        "createUser",
        "USER_ID=$(curl -sS BASE/api/v1/users -H \"Content-Type: application/json\" \\\n  \
         -d '{\"name\":\"Ada Lovelace\",\"email\":\"ada@example.com\"}' | sed 's/.*\"id\":\"\\([^\"]*\\)\".*/\\1/')\n\
         echo \"$USER_ID\"",
    ),
    ("getUser", "curl -sS BASE/api/v1/users/$USER_ID"),
    (
        "updateUser",
        "curl -sS -X PATCH BASE/api/v1/users/$USER_ID -H \"Content-Type: application/json\" \\\n  -d '{\"name\":\"Ada King\"}'",
    ),
    ("failUsers", "curl -sS \"BASE/api/v1/users/error?errorRate=1\""),
    (
        "startRun",
        "JOB_ID=$(curl -sS BASE/traffic/start AUTH-H \"Content-Type: application/json\" \\\n  \
         -d '{\"scenario\":\"normal\",\"duration\":5,\"maxRps\":10,\"endpoints\":\"all\"}' | sed 's/.*\"jobId\":\"\\([^\"]*\\)\".*/\\1/')\n\
         echo \"$JOB_ID\"",
    ),
    ("getStatus", "curl -sS AUTHBASE/traffic/status/$JOB_ID"),
    ("streamRun", "curl -sSN AUTHBASE/traffic/stream/$JOB_ID"),
    ("stopRun", "curl -sS -X POST AUTHBASE/traffic/stop/$JOB_ID"),
    ("listRuns", "curl -sS AUTH\"BASE/traffic/runs?limit=5&scenario=normal\""),
    ("getRun", "curl -sS AUTHBASE/traffic/runs/$JOB_ID"),
    ("exportRun", "curl -sS AUTH\"BASE/traffic/runs/$JOB_ID/export?format=csv\" -o run.csv"),
    ("scrape", "curl -sS AUTHBASE/metrics"),
    ("deleteRun", "curl -sS -X DELETE AUTHBASE/traffic/runs/$JOB_ID"),
];

const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct Docs {
    json: Value,
    guarded: bool,
    style: Arc<str>,
}

/// The routes of the page and of the description. `style` is the address of the style sheet.
pub fn routes(json: Value, guarded: bool, style: Arc<str>) -> Router {
    Router::new().route("/api/openapi.json", get(openapi)).route("/docs", get(page)).with_state(Arc::new(Docs {
        json,
        guarded,
        style,
    }))
}

async fn openapi(State(docs): State<Arc<Docs>>) -> Json<Value> {
    Json(docs.json.clone())
}

async fn page(State(docs): State<Arc<Docs>>, headers: HeaderMap) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    // The front service has checked the host name.
    let scheme = if text("x-forwarded-proto") == "https" { "https" } else { "http" };
    let base = format!("{scheme}://{}", text("host"));
    let page = Owner::new().with(|| view! { <Document docs base /> }.to_html());
    let policy = [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))];
    (policy, Html(page)).into_response()
}

/// An operation as the page shows it.
struct OperationDocs {
    id: &'static str,
    method: String,
    path: String,
    summary: String,
    /// Name, location and description of each parameter.
    inputs: Vec<[String; 3]>,
    /// Status and description of each response.
    answers: Vec<[String; 2]>,
    example: String,
}

/// A text of the description without its Markdown.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('`', "")
}

/// The schema that a reference points to; any other schema as it is.
fn resolved<'a>(json: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| json.pointer(pointer)).unwrap_or(schema)
}

/// What a schema accepts, such as "integer, from 1 to 20" or "one of json, csv, html".
fn kind_of(json: &Value, schema: &Value) -> String {
    let schema = resolved(json, schema);
    let mut kind = match (&schema["enum"], schema["oneOf"].as_array()) {
        (Value::Array(values), _) => {
            let values: Vec<String> =
                values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
            if values.len() == 1 { format!("\"{}\"", values[0]) } else { format!("one of {}", values.join(", ")) }
        }
        (_, Some(kinds)) => kinds.iter().map(|kind| kind_of(json, kind)).collect::<Vec<_>>().join(", or "),
        _ if schema["type"] == "array" => format!("a list: {}", kind_of(json, &schema["items"])),
        _ => schema["format"]
            .as_str()
            .filter(|format| *format == "uuid")
            .or(schema["type"].as_str())
            .unwrap_or("value")
            .to_owned(),
    };
    for (name, before) in
        [("minimum", ", from "), ("maximum", " to "), ("maxLength", ", at most "), ("minItems", ", at least ")]
    {
        if let Some(limit) = schema.get(name) {
            kind.push_str(&format!("{before}{limit}"));
        }
    }
    kind
}

fn inputs(json: &Value, operation: &Value) -> Vec<[String; 3]> {
    let mut inputs = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let description = format!("{}. {}", kind_of(json, &parameter["schema"]), text(&parameter["description"]));
        let required = if parameter["required"] == true { "" } else { ", optional" };
        inputs.push([text(&parameter["name"]), format!("{}{required}", text(&parameter["in"])), description]);
    }
    let body = resolved(json, &operation["requestBody"]["content"]["application/json"]["schema"]);
    let required: Vec<&str> = body["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, schema) in body["properties"].as_object().into_iter().flatten() {
        let optional = if required.contains(&name.as_str()) { "" } else { ", optional" };
        let description = format!("{}. {}", kind_of(json, schema), text(&schema["description"]));
        inputs.push([name.clone(), format!("body{optional}"), description]);
    }
    inputs
}

/// The operations of [`EXAMPLES`], with their part of the description.
fn operations(json: &Value, base: &str, guarded: bool) -> Vec<OperationDocs> {
    let auth = if guarded { "-H \"Authorization: Bearer $ADMIN_TOKEN\" " } else { "" };
    let of_id = |id: &str| {
        let paths = json["paths"].as_object().into_iter().flatten();
        let mut all = paths.flat_map(|(path, item)| {
            item.as_object().into_iter().flatten().map(move |(method, operation)| (path, method, operation))
        });
        all.find(|(_, _, operation)| operation["operationId"] == id)
    };
    let known = EXAMPLES.iter().filter_map(|(id, example)| Some((*id, *example, of_id(id)?)));
    let operation = |(id, example, (path, method, operation)): (&'static str, &str, (&String, &String, &Value))| {
        let answers = operation["responses"].as_object().into_iter().flatten();
        OperationDocs {
            id,
            method: method.to_uppercase(),
            path: path.clone(),
            summary: [text(&operation["summary"]), text(&operation["description"])]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
            inputs: inputs(json, operation),
            answers: answers.map(|(status, answer)| [status.clone(), text(&answer["description"])]).collect(),
            example: example.replace("AUTH", auth).replace("BASE", base),
        }
    };
    known.map(operation).collect()
}

#[component]
fn Document(docs: Arc<Docs>, base: String) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="description" content="The API of the Traffic Simulator, with examples for curl." />
                <title>"API · Traffic Simulator"</title>
                <link rel="stylesheet" href=docs.style.to_string() />
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
            </head>
            <body>
                <Page docs base />
            </body>
        </html>
    }
}

#[component]
fn Page(docs: Arc<Docs>, base: String) -> impl IntoView {
    let operations = operations(&docs.json, &base, docs.guarded);
    let contents = operations.iter().map(|operation| view! { <li><a href=format!("#{}", operation.id)><code>{operation.method.clone()}" "{operation.path.clone()}</code></a></li> }).collect_view();
    view! {
        <header class="top">
            <a class="brand" href="/">"Traffic Simulator"</a>
            <nav class="top-nav" aria-label="Main">
                <a href="/">"Dashboard"</a>
                <a href="/runs">"Runs"</a>
                <a href="/docs" aria-current="page">
                    "API"
                </a>
            </nav>
        </header>
        <main id="main" class="docs">
            <h1>"API"</h1>
            <p>
                "JSON in camelCase, times in epoch milliseconds, latencies in milliseconds. Refusals are problems (RFC 9457): "
                <code>"detail"</code> " says what was wrong and what to do, " <code>"errors"</code>
                " names each field, and " <code>"instance"</code> " is the request's id, which the server's log has, too. For programs: "
                <a href="/api/openapi.json">"the description as OpenAPI 3.1"</a> "."
            </p>
            <p>"The examples follow on each other: run them from the top to the end, in one shell."</p>
            {docs.guarded.then(|| view! { <p>"This server wants its token from those who make load: put it into the variable " <code>"ADMIN_TOKEN"</code> " first."</p> })}
            <nav aria-label="Operations"><ul class="docs-contents">{contents}</ul></nav>
            {operations.into_iter().map(|operation| view! { <OperationView operation /> }).collect_view()}
        </main>
    }
}

#[component]
fn OperationView(operation: OperationDocs) -> impl IntoView {
    let OperationDocs { id, method, path, summary, inputs, answers, example } = operation;
    let has_inputs = !inputs.is_empty();
    let name = format!("{method} {path}");
    let row = |[name, place, kind]: [String; 3]| view! { <tr><th scope="row"><code>{name}</code></th><td>{place}</td><td>{kind}</td></tr> };
    let answer =
        |[status, when]: [String; 2]| view! { <tr><th scope="row"><code>{status}</code></th><td>{when}</td></tr> };
    view! {
        <section class="card operation" id=id aria-labelledby=format!("{id}-title")>
            <h2 id=format!("{id}-title")><code>{name.clone()}</code></h2>
            <p>{summary}</p>
            <pre tabindex="0" role="region" aria-label=format!("Example of {name}")><code class="example">{example}</code></pre>
            {has_inputs.then(|| view! {
                <div class="scroller" tabindex="0" role="region" aria-label=format!("Input of {name}")>
                    <table><caption>"Input"</caption><thead><tr><th scope="col">"Name"</th><th scope="col">"Where"</th><th scope="col">"What"</th></tr></thead><tbody>{inputs.into_iter().map(row).collect_view()}</tbody></table>
                </div>
            })}
            <details>
                <summary>"Answers"</summary>
                <div class="scroller" tabindex="0" role="region" aria-label=format!("Answers of {name}")>
                    <table><thead><tr><th scope="col">"Status"</th><th scope="col">"When"</th></tr></thead><tbody>{answers.into_iter().map(answer).collect_view()}</tbody></table>
                </div>
            </details>
        </section>
    }
}
