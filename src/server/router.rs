//! Every route, in one list.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_docs::{openapi, pages as docs};
use super::auth::guard;
use super::compression::complete_bodies;
use super::front_service::{FrontService, Inside, Routes};
use super::state::AppState;
use super::users_api_layer::{ApiGuard, Templates};
use super::{assets, login, origin_checks, plain_page, ready};
use crate::app::App;
use crate::document::shell;
use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::metrics::server::prometheus::{__path_scrape, scrape};
use crate::platform::problem::unknown_path;
use crate::platform::row_writer::RowWriter;
use crate::traffic::server::rest as traffic;
use crate::ui::page_answer::PageAnswer;
use crate::users::server::rest as users;

/// The whole server, without its port.
pub fn build(state: &AppState) -> FrontService {
    build_around(state, users::routes().with_state(Arc::clone(&state.users)), Some(state.metrics.recorder.clone()))
}

/// The whole server around this users API, with the rows of its requests for this writer.
pub fn build_around(
    state: &AppState,
    users_api: OpenApiRouter,
    recorder: Option<RowWriter<RecordedRequest>>,
) -> FrontService {
    let (users_api, users_description) = users_api.fallback(unknown_path).split_for_parts();
    let templates = Templates::of(&users_description);
    let (public_api, mut description) = public_api(state).split_for_parts();
    let (private_api, private_description) = private_api(state).split_for_parts();
    description.merge(private_description);
    description.merge(users_description);
    let (guarded, style) = (state.access.is_guarded(), Arc::clone(&state.assets.style));
    let description = openapi::complete(description, guarded);
    let public = public_api
        .merge(docs::routes(description, guarded, Arc::clone(&style)))
        .merge(login::routes(state.access.clone()))
        .merge(assets::public_files(&state.leptos, nowhere(state)))
        .route("/api", any(unknown_path))
        .route("/api/{*path}", any(unknown_path));
    // Everything that is not named above, also what is nowhere, is behind the guard.
    let private = pages(state)
        .route("/fn/{*path}", any(unknown_path))
        .merge(private_api)
        .layer(from_fn_with_state(state.access.clone(), guard));
    FrontService::new(Inside {
        hosts: state.hosts.clone(),
        access: state.access.clone(),
        guard: ApiGuard::new(recorder, Arc::clone(&state.arrivals), templates),
        users_api: Routes::new(users_api),
        others: Routes::new(public.merge(private).layer(complete_bodies())),
        style,
    })
}

/// The pages, their server functions and their files.
fn pages(state: &AppState) -> Router {
    let pages = generate_route_list(App);
    let (leptos, assets) = (state.leptos.clone(), state.assets.clone());
    let guarded = state.access.is_guarded();
    let (traffic, metrics, boards) = (state.traffic.clone(), Arc::clone(&state.metrics), state.boards.clone());
    let provide = move || {
        provide_answer(guarded);
        provide_context(traffic.clone());
        provide_context(Arc::clone(&metrics));
        provide_context(boards.clone());
    };
    let document = move || shell(leptos.clone(), assets.clone());
    Router::new()
        .leptos_routes_with_context(&state.leptos, pages, provide, document)
        .fallback_service(assets::files(&state.leptos, nowhere(state)))
        .with_state(state.leptos.clone())
}

/// Answers where there is nothing. Not the app, which would look at the path once more, and by other rules.
fn nowhere(state: &AppState) -> Router {
    let style = Arc::clone(&state.assets.style);
    Router::new().fallback(move || async move { plain_page::nothing_here(&style) })
}

/// What programs may ask without the token, beside the users API.
fn public_api(state: &AppState) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(healthz)).merge(ready::routes().with_state(state.readiness.clone()))
}

/// Everything else that programs use, with its description.
fn private_api(state: &AppState) -> OpenApiRouter {
    let traffic = traffic::routes().fallback(unknown_path).with_state(state.traffic.clone());
    let scraped = (Arc::clone(&state.metrics), Arc::clone(&state.program));
    OpenApiRouter::new()
        .merge(OpenApiRouter::new().routes(routes!(scrape)).with_state(scraped))
        .nest("/traffic", traffic)
}

/// Lets a page set its status and its content security policy.
fn provide_answer(guarded: bool) {
    let Some(options) = use_context::<ResponseOptions>() else { return };
    let policy_of = options.clone();
    provide_context(PageAnswer {
        guarded,
        set_status: Arc::new(move |status| options.set_status(StatusCode::from_u16(status).unwrap_or(StatusCode::OK))),
        set_policy: Arc::new(move |nonce| {
            if let Ok(policy) = HeaderValue::from_str(&origin_checks::content_security_policy(nonce)) {
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
