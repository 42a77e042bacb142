//! Every route, in one list.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::routing::any;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, file_and_error_handler_with_context, generate_route_list};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::login;
use super::api_guard::{ApiGuard, Templates};
use super::batch_writer::BatchWriter;
use super::compression::complete_bodies;
use super::entrance::{Entrance, Inside, Routes};
use super::problem::unknown_path;
use super::state::AppState;
use super::{assets, docs, openapi, security};
use crate::app::{App, PageAnswer, shell};
use crate::metrics::server::prometheus::{__path_scrape, scrape};
use crate::metrics::server::record::Row;
use crate::traffic::server::api as traffic;
use crate::users::server::api as users;

/// The whole server, without its port.
pub fn build(state: &AppState) -> Entrance {
    build_around(state, users::routes().with_state(Arc::clone(&state.users)), Some(state.recorder.clone()))
}

/// The whole server around this users API, with the rows of its requests for this writer.
pub fn build_around(state: &AppState, users_api: OpenApiRouter, recorder: Option<BatchWriter<Row>>) -> Entrance {
    let (users_api, users_description) = users_api.fallback(unknown_path).split_for_parts();
    let templates = Templates::of(&users_description);
    let (api, mut description) = api(state).split_for_parts();
    description.merge(users_description);
    let description = openapi::complete(description, state.access.is_guarded());
    let others = pages(state)
        .route("/fn/{*path}", any(unknown_path))
        .merge(api)
        .merge(docs::routes(description, state.access.is_guarded(), Arc::clone(&state.assets.style)))
        .merge(login(state.access.clone()));
    Entrance::new(Inside {
        hosts: state.hosts.clone(),
        access: state.access.clone(),
        guard: ApiGuard::new(recorder, Arc::clone(&state.arrivals), templates),
        users_api: Routes::new(users_api),
        others: Routes::new(others.layer(complete_bodies())),
    })
}

/// The pages, their server functions and their files.
fn pages(state: &AppState) -> Router {
    let pages = generate_route_list(App);
    let (leptos, assets) = (state.leptos.clone(), state.assets.clone());
    let document = move |leptos| shell(leptos, assets.clone());
    let page = document.clone();
    let nowhere = file_and_error_handler_with_context::<AppState, _>(provide_answer, document);
    let nowhere = Router::new().fallback(nowhere).with_state(state.clone());
    Router::new()
        .leptos_routes_with_context(state, pages, provide_answer, move || page(leptos.clone()))
        .fallback_service(assets::files(&state.leptos, nowhere))
        .with_state(state.clone())
}

/// Everything else that programs use, with its description.
fn api(state: &AppState) -> OpenApiRouter {
    let traffic = traffic::routes().fallback(unknown_path).with_state(state.traffic.clone());
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .merge(OpenApiRouter::new().routes(routes!(scrape)).with_state(Arc::clone(&state.metrics)))
        .nest("/traffic", traffic)
        .nest("/api", OpenApiRouter::new().fallback(unknown_path))
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
