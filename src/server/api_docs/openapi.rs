//! The description of the API in OpenAPI 3.1, generated from the routes.

use serde_json::{Value, json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, InfoBuilder, License, OpenApi, Ref, RefOr, Response, ResponseBuilder};

/// Responses that every operation may have, beside its own.
const GENERAL: [(&str, &str); 4] = [
    (
        "400",
        "The request is malformed: `errors` names each field that is wrong, or `detail` says why the path is not accepted \
         (segments of dots, two slashes in a row, backslashes, control characters, encoded more than three times)",
    ),
    (
        "403",
        "Another site's page sent it, the host name is not one of this server's, or it came through a proxy to a server without a token",
    ),
    ("500", "The server failed; its log has the cause under the request's id"),
    ("503", "The server is busy, or its database can't be used; `Retry-After` says when to come back"),
];

/// More responses of the users API, which the simulator sends to. A body is read even by operations that have none.
const SIMULATED: [(&str, &str); 4] = [
    ("410", "For the simulator's own requests: their run is closed or not known"),
    ("429", "For the simulator's own requests: one too many in a second"),
    ("408", "The body did not arrive in time"),
    ("413", "The body is larger than 16 KiB"),
];

/// The path, method and status of each response in a complete description.
pub fn responses(description: &Value) -> impl Iterator<Item = (&str, &str, u16)> {
    let paths = description["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, operation)| (path, method, operation))
    });
    operations.flat_map(|(path, method, operation)| {
        let statuses = operation["responses"].as_object().into_iter().flatten();
        statuses.filter_map(move |(status, _)| Some((path.as_str(), method.as_str(), status.parse().ok()?)))
    })
}

/// Completes the description that was generated from the routes. If the server is `guarded`, the private operations
/// need the token.
pub fn complete(mut api: OpenApi, guarded: bool) -> Value {
    let license = License::builder().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
    api.info = InfoBuilder::new()
        .title("Traffic Simulator")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A users API, and a simulator that sends real requests to it: never more than 20 in any second.",
        ))
        .license(Some(license))
        .build();
    for (path, item) in &mut api.paths.paths {
        let private = guarded && (path.starts_with("/traffic/") || path == "/metrics");
        let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            add_general_responses(operation, private, path.starts_with("/api/v1/"));
        }
    }
    if guarded {
        let bearer =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The server's ADMIN_TOKEN")).build();
        let components = api.components.get_or_insert_default();
        components.security_schemes.insert("token".to_owned(), SecurityScheme::Http(bearer).into());
    }
    let mut json = serde_json::to_value(&api).unwrap_or_else(|error| {
        tracing::error!(%error, "the API's description could not be written");
        Value::Null
    });
    close_objects(&mut json);
    // utoipa can't express that a field depends on another one.
    if let Some(Value::Object(start)) = json.pointer_mut("/components/schemas/StartRequest") {
        start.insert(
            "if".to_owned(),
            json!({ "properties": { "delay": { "const": "server" } }, "required": ["delay"] }),
        );
        start.insert("then".to_owned(), json!({ "properties": { "scenario": { "const": "latency-degradation" } } }));
    }
    json
}

/// States that objects have no other fields than those described. The attributes of our own types can't state it,
/// because these types accept further fields, which a newer version may send.
fn close_objects(api: &mut Value) {
    let schemas = api.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for schema in schemas.into_iter().flat_map(|schemas| schemas.values_mut()).filter_map(Value::as_object_mut) {
        if schema.contains_key("properties") {
            schema.entry("additionalProperties").or_insert(Value::Bool(false));
        }
    }
}

/// Adds the responses that the layers around an operation may give.
fn add_general_responses(operation: &mut Operation, private: bool, simulated: bool) {
    let simulated = SIMULATED.iter().filter(|_| simulated);
    let unauthorized = private.then_some(&("401", "The token is missing or wrong"));
    for (status, description) in GENERAL.iter().chain(simulated).chain(unauthorized) {
        let responses = &mut operation.responses.responses;
        responses.entry((*status).to_owned()).or_insert_with(|| problem(description));
    }
    if private {
        operation.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    }
}

fn problem(description: &str) -> RefOr<Response> {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(description).content("application/problem+json", content).build().into()
}
