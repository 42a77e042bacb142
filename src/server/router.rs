//! Every route, in one list.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, file_and_error_handler_with_context, generate_route_list};
use serde_json::Value;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::RequestBodyDeadlineLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::{login, require_access};
use super::problem::{Refusal, unknown_path, write_problems};
use super::request_id::name_request;
use super::security::{add_headers, check_host, cross_origin, refuse_cross_site_reads};
use super::state::AppState;
use super::{docs, limits, openapi, security};
use crate::app::{App, PageAnswer, shell};
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
    let pages = generate_route_list(App);
    let leptos = state.leptos.clone();
    let (api, description) = api(state);
    Router::new()
        .leptos_routes_with_context(state, pages, provide_answer, move || shell(leptos.clone()))
        .fallback(file_and_error_handler_with_context::<AppState, _>(provide_answer, shell))
        .with_state(state.clone())
        .route("/fn/{*path}", any(unknown_path))
        .merge(api)
        .merge(docs::routes(description, state.access.is_guarded()))
        .merge(login(state.access.clone()))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(RequestBodyDeadlineLayer::new(BODY_DEADLINE))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(state.access.clone(), require_access))
        .layer(from_fn(refuse_cross_site_reads))
        .layer(CsrfLayer::new().with_rejection_response(|_| cross_origin()))
        .layer(from_fn_with_state(state.hosts.clone(), check_host))
        .layer(from_fn(write_problems))
        .layer(from_fn(add_headers))
        .layer(from_fn(name_request))
}

/// `/api/v1`, from the inside out: in-flight limit, arrivals, panics, record.
fn users_api(state: &AppState) -> OpenApiRouter {
    users::routes()
        .with_state(Arc::clone(&state.users))
        .fallback(unknown_path)
        .layer(from_fn_with_state(Arc::new(Semaphore::new(limits::IN_FLIGHT)), limits::in_flight))
        .layer(from_fn_with_state(Arc::clone(&state.arrivals), recognise))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(state.recorder.clone(), record))
}

/// Everything that programs use, with its description.
fn api(state: &AppState) -> (Router, Value) {
    let traffic = traffic::routes().fallback(unknown_path).with_state(state.traffic.clone());
    let users = OpenApiRouter::new().nest("/v1", users_api(state)).fallback(unknown_path);
    let (router, description) =
        OpenApiRouter::new().nest("/api", users).nest("/traffic", traffic).routes(routes!(healthz)).split_for_parts();
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
