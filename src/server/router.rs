//! Every route, in one list.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, file_and_error_handler_with_context, generate_route_list};
use serde_json::Value;
use tokio::sync::Semaphore;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::RequestBodyDeadlineLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::login;
use super::entrance::{Entrance, enter};
use super::problem::{Refusal, unknown_path};
use super::security::cross_origin;
use super::state::AppState;
use super::{assets, docs, limits, openapi, security};
use crate::app::{App, PageAnswer, shell};
use crate::metrics::server::prometheus::{__path_scrape, scrape};
use crate::metrics::server::record::record;
use crate::traffic::server::api as traffic;
use crate::traffic::server::arrivals::recognise;
use crate::users::server::api as users;

/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 16 * 1024;

/// How long a body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// The whole server, without its port.
pub fn build(state: &AppState) -> Router {
    build_around(state, recorded(state, users_api(state)))
}

/// The whole server around this `/api/v1`.
pub fn build_around(state: &AppState, users_api: OpenApiRouter) -> Router {
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
    // and each layer copies all boxes below it for every request.
    let entrance = Entrance { hosts: state.hosts.clone(), access: state.access.clone() };
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(entrance, enter))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(CsrfLayer::new().with_rejection_response(|_| cross_origin()))
        .layer(RequestBodyDeadlineLayer::new(BODY_DEADLINE))
        .layer(DefaultBodyLimit::max(BODY_LIMIT));
    Router::new().fallback_service(layers.service(routes))
}

/// The routes of `/api/v1`, without a layer.
pub fn users_routes(state: &AppState) -> OpenApiRouter {
    users::routes().with_state(Arc::clone(&state.users)).fallback(unknown_path)
}

/// `/api/v1` unrecorded, from the outside in: panics, arrivals, in-flight limit.
pub fn users_api(state: &AppState) -> OpenApiRouter {
    let layers = ServiceBuilder::new()
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::clone(&state.arrivals), recognise))
        .layer(from_fn_with_state(Arc::new(Semaphore::new(limits::IN_FLIGHT)), limits::in_flight));
    users_routes(state).layer(layers)
}

/// With the record layer outside of everything that may refuse or fail.
fn recorded(state: &AppState, users_api: OpenApiRouter) -> OpenApiRouter {
    users_api.layer(from_fn_with_state(state.recorder.clone(), record))
}

/// Everything that programs use, with its description.
fn api(state: &AppState, users_api: OpenApiRouter) -> (Router, Value) {
    let traffic = traffic::routes().fallback(unknown_path).with_state(state.traffic.clone());
    let users = OpenApiRouter::new().nest("/v1", users_api).fallback(unknown_path);
    let server = OpenApiRouter::new()
        .routes(routes!(healthz))
        .merge(OpenApiRouter::new().routes(routes!(scrape)).with_state(Arc::clone(&state.metrics)));
    let (router, description) =
        OpenApiRouter::new().nest("/api", users).nest("/traffic", traffic).merge(server).split_for_parts();
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

fn panicked(_cause: Box<dyn std::any::Any + Send>) -> Response {
    // The panic hook has logged where and why.
    Refusal::internal("a handler panicked").into_response()
}
