//! Every route, in one list.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{Route, any};
use hyper::body::Incoming;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, file_and_error_handler_with_context, generate_route_list};
use serde_json::Value;
use tokio::sync::Semaphore;
use tower::ServiceBuilder;
use tower::layer::layer_fn;
use tower_http::csrf::CsrfLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::login;
use super::around::{Around, ask};
use super::batch_writer::BatchWriter;
use super::entrance::{Entrance, catching_panics, enter};
use super::problem::unknown_path;
use super::security::cross_origin;
use super::serve::Served;
use super::state::AppState;
use super::{assets, docs, limits, openapi, security};
use crate::app::{App, PageAnswer, shell};
use crate::metrics::server::prometheus::{__path_scrape, scrape};
use crate::metrics::server::record::{Recording, Row};
use crate::traffic::server::api as traffic;
use crate::traffic::server::arrivals::{Arrivals, Recognised, recognise};
use crate::users::server::api as users;

/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 16 * 1024;

/// The whole server, without its port.
pub fn build(state: &AppState) -> impl Served + use<> {
    build_around(state, users_api(state, Some(state.recorder.clone())))
}

/// The whole server around this `/api/v1`.
pub fn build_around(state: &AppState, users_api: OpenApiRouter) -> impl Served + use<> {
    let pages = generate_route_list(App);
    let (leptos, assets) = (state.leptos.clone(), state.assets.clone());
    let document = move |leptos| shell(leptos, assets.clone());
    let page = document.clone();
    let nowhere = file_and_error_handler_with_context::<AppState, _>(provide_answer, document);
    let nowhere = Router::new().fallback(nowhere).with_state(state.clone());
    let (api, description) = api(state, users_api);
    let routes = Router::new()
        .leptos_routes_with_context(state, pages, provide_answer, move || page(leptos.clone()))
        .fallback_service(assets::files(&state.leptos, nowhere))
        .with_state(state.clone())
        .route("/fn/{*path}", any(unknown_path))
        .merge(api)
        .merge(docs::routes(description, state.access.is_guarded(), Arc::clone(&state.assets.style)))
        .merge(login(state.access.clone()));
    // Around the router, and not by its `layer`: that would put every route into a box for each layer,
    // and each layer copies all boxes below it for every request. A router around them would be one more.
    let entrance = Arc::new(Entrance { hosts: state.hosts.clone(), access: state.access.clone() });
    let layers = ServiceBuilder::new()
        .map_request(|request: axum::http::Request<Incoming>| request.map(Body::new))
        .layer(layer_fn(move |below| Around::new(below, Arc::clone(&entrance), enter)))
        .layer(CsrfLayer::new().with_rejection_response(|_| cross_origin()))
        .layer(DefaultBodyLimit::max(BODY_LIMIT));
    layers.service(routes)
}

/// The routes of `/api/v1`, without a layer.
pub fn users_routes(state: &AppState) -> OpenApiRouter {
    users::routes().with_state(Arc::clone(&state.users)).fallback(unknown_path)
}

/// What is known around `/api/v1`.
struct Guard {
    recorder: Option<BatchWriter<Row>>,
    arrivals: Arc<Arrivals>,
    places: Semaphore,
}

/// `/api/v1`, with its rows for this writer. From the outside in: record, panics, arrivals, in-flight
/// limit; all in one layer, for the reason above.
pub fn users_api(state: &AppState, recorder: Option<BatchWriter<Row>>) -> OpenApiRouter {
    let places = Semaphore::new(limits::IN_FLIGHT);
    let known = Arc::new(Guard { recorder, arrivals: Arc::clone(&state.arrivals), places });
    users_routes(state).layer(layer_fn(move |below: Route| Around::new(below, Arc::clone(&known), guard)))
}

/// The record is outside of everything that may refuse or fail, so that refusals and panics have a row too.
async fn guard(known: Arc<Guard>, request: Request, below: Arc<Route>) -> Response {
    let mut recording = known.recorder.as_ref().map(|writer| Recording::begin(writer, &request));
    let response = catching_panics(answer(&known, recording.as_mut(), request, below)).await;
    if let Some(recording) = recording {
        recording.answered(response.status());
    }
    response
}

async fn answer(
    known: &Guard,
    recording: Option<&mut Recording<'_>>,
    mut request: Request,
    below: Arc<Route>,
) -> Response {
    let mut open = None;
    if let Some(Recognised { origin, admission }) = recognise(&known.arrivals, request.headers()) {
        request.extensions_mut().insert(origin);
        if let Some(recording) = recording {
            recording.recognised(origin);
        }
        match admission {
            Ok(admitted) => open.insert(admitted).delay().await,
            Err(refusal) => return refusal.into_response(),
        }
    }
    match limits::in_flight(&known.places) {
        Ok(_place) => ask(below, request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Everything that programs use, with its description.
fn api(state: &AppState, users_api: OpenApiRouter) -> (Router, Value) {
    let traffic = traffic::routes().fallback(unknown_path).with_state(state.traffic.clone());
    // Side by side and not one in the other, which would cost each request one more box.
    let other = OpenApiRouter::new().fallback(unknown_path);
    let server = OpenApiRouter::new()
        .routes(routes!(healthz))
        .merge(OpenApiRouter::new().routes(routes!(scrape)).with_state(Arc::clone(&state.metrics)));
    let router =
        OpenApiRouter::new().nest("/api/v1", users_api).nest("/api", other).nest("/traffic", traffic).merge(server);
    let (router, description) = router.split_for_parts();
    (router, openapi::complete(description, state.access.is_guarded()))
}

/// Lets a page set its status and its content security policy.
fn provide_answer() {
    let Some(options) = use_context::<ResponseOptions>() else { return };
    let policy_of = options.clone();
    provide_context(PageAnswer {
        set_status: Arc::new(move |status| options.set_status(StatusCode::from_u16(status).unwrap_or(StatusCode::OK))),
        set_policy: Arc::new(move |nonce| {
            if let Ok(policy) = HeaderValue::from_str(&security::content_security_policy(nonce)) {
                policy_of.insert_header(header::CONTENT_SECURITY_POLICY, policy);
            }
        }),
    });
}

/// Is the server alive?
#[utoipa::path(get, path = "/healthz", tag = "Server", operation_id = "health",
    responses((status = 200, description = "It is", body = String, content_type = "text/plain")))]
async fn healthz() -> &'static str {
    "ok\n"
}
