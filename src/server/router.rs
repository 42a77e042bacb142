//! Every route, in one list.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, file_and_error_handler_with_context, generate_route_list};
use tokio::sync::Semaphore;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;

use super::problem::{Refusal, unknown_path, write_problems};
use super::request_id::name_request;
use super::security::{add_headers, check_host, cross_origin, refuse_cross_site_reads};
use super::state::AppState;
use super::{limits, security};
use crate::app::{App, PageAnswer, shell};
use crate::metrics::server::prometheus::scrape;
use crate::metrics::server::record::record;
use crate::traffic::server::api as traffic;
use crate::traffic::server::arrivals::recognise;
use crate::users::server::{api as users, fault};

/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 16 * 1024;

/// The whole server, without its port.
pub fn build(state: &AppState) -> Router {
    build_around(state, recorded(state, users_api(state)))
}

/// The whole server around this `/api/v1`.
pub fn build_around(state: &AppState, users_api: Router) -> Router {
    let pages = generate_route_list(App);
    let leptos = state.leptos.clone();
    let routes = Router::new()
        .leptos_routes_with_context(state, pages, provide_answer, move || shell(leptos.clone()))
        .fallback(file_and_error_handler_with_context::<AppState, _>(provide_answer, shell))
        .with_state(state.clone())
        .route("/fn/{*path}", any(unknown_path))
        .nest("/api", Router::new().nest("/v1", users_api).fallback(unknown_path))
        .nest("/traffic", traffic_api(state))
        .route("/healthz", get(healthz))
        .route("/metrics", get(scrape).with_state(Arc::clone(&state.metrics)));
    // Around the router, and not by its `layer`: that would put every route into a box for each layer,
    // and each layer copies all boxes below it for every request.
    let layers = ServiceBuilder::new()
        .layer(from_fn(name_request))
        .layer(from_fn(add_headers))
        .layer(from_fn(write_problems))
        .layer(from_fn_with_state(state.hosts.clone(), check_host))
        .layer(CsrfLayer::new().with_rejection_response(|_| cross_origin()))
        .layer(from_fn(refuse_cross_site_reads))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(DefaultBodyLimit::max(BODY_LIMIT));
    Router::new().fallback_service(layers.service(routes))
}

/// The routes of `/api/v1`, without a layer.
pub fn users_routes(state: &AppState) -> Router {
    Router::new()
        .route("/users", users::collection())
        .route("/users/error", get(fault::error))
        .route("/users/{id}", users::item())
        .with_state(Arc::clone(&state.users))
        .fallback(unknown_path)
}

/// `/api/v1` unrecorded, from the outside in: panics, arrivals, in-flight limit.
pub fn users_api(state: &AppState) -> Router {
    let layers = ServiceBuilder::new()
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::clone(&state.arrivals), recognise))
        .layer(from_fn_with_state(Arc::new(Semaphore::new(limits::IN_FLIGHT)), limits::in_flight));
    users_routes(state).layer(layers)
}

/// With the record layer outside of everything that may refuse or fail.
fn recorded(state: &AppState, users_api: Router) -> Router {
    users_api.layer(from_fn_with_state(state.recorder.clone(), record))
}

/// `/traffic`
fn traffic_api(state: &AppState) -> Router {
    Router::new()
        .route("/start", post(traffic::start))
        .route("/status/{id}", get(traffic::status))
        .route("/stop/{id}", post(traffic::stop))
        .route("/stream/{id}", get(traffic::live))
        .fallback(unknown_path)
        .with_state(state.traffic.clone())
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

async fn healthz() -> &'static str {
    "ok\n"
}

fn panicked(_cause: Box<dyn std::any::Any + Send>) -> Response {
    // The panic hook has logged where and why.
    Refusal::internal("a handler panicked").into_response()
}
