//! Every route of the program, in one list.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_docs::{openapi, pages as docs};
use super::auth::guard;
use super::compose::Composition;
use super::compression::complete_bodies;
use super::front_service::{FrontParts, FrontService, Routes};
use super::site::Site;
use super::users_api_layer::{NO_ROUTE, Templates, UsersApiLayer};
use super::{login, origin_checks, plain_page, ready, static_files};
use crate::app::App;
use crate::document::shell;
use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::metrics::server::exposition::{__path_scrape, scrape};
use crate::platform::problem::unknown_path;
use crate::platform::row_writer::RowWriter;
use crate::traffic::server::rest as traffic;
use crate::ui::page_answer::PageAnswer;
use crate::users::server::rest as users;

/// All routes of the program.
pub fn build(composition: &Composition) -> FrontService {
    let users_api = users::routes().with_state(Arc::clone(&composition.users));
    build_around(composition, users_api, Some(composition.metrics.recorder.clone()))
}

/// Announces each response of the users API that the description has, so that `/metrics` shows it before it is given.
fn announce_responses(composition: &Composition, description: &Value) {
    let served = &composition.metrics.numbers.served;
    served.announce("GET", NO_ROUTE, 404);
    for (path, method, status) in openapi::responses(description) {
        if path.starts_with("/api/v1/") {
            served.announce(&method.to_uppercase(), path, status);
        }
    }
}

/// All routes of the program around this users API, whose requests are recorded by `recorder`, if there is one.
pub fn build_around(
    composition: &Composition,
    users_api: OpenApiRouter,
    recorder: Option<RowWriter<RecordedRequest>>,
) -> FrontService {
    let site = &composition.site;
    let (users_api, users_description) = users_api.fallback(unknown_path).split_for_parts();
    let templates = Templates::of(&users_description);
    let (public_api, mut description) = public_api(site).split_for_parts();
    let (private_api, private_description) = private_api(composition).split_for_parts();
    description.merge(private_description);
    description.merge(users_description);
    let guarded = site.access.is_guarded();
    let style = Arc::clone(&site.assets.style);
    let description = openapi::complete(description, guarded);
    announce_responses(composition, &description);
    let public = public_api
        .merge(docs::routes(description, site.access.clone(), Arc::clone(&style)))
        .merge(login::routes(site.access.clone()))
        .merge(static_files::public_files(&site.leptos, not_found(site)))
        .route("/api", any(unknown_path))
        .route("/api/{*path}", any(unknown_path));
    // Everything else is behind the guard, even paths at which there is nothing.
    let private = pages(composition)
        .route("/fn/{*path}", any(unknown_path))
        .merge(private_api)
        .layer(from_fn_with_state(site.access.clone(), guard));
    FrontService::new(FrontParts {
        hosts: site.hosts.clone(),
        access: site.access.clone(),
        users_api_layer: UsersApiLayer::new(recorder, Arc::clone(&composition.arrivals), templates),
        users_api: Routes::new(users_api),
        others: Routes::new(public.merge(private).layer(complete_bodies())),
        style,
    })
}

/// The pages, their server functions and their files.
fn pages(composition: &Composition) -> Router {
    let site = &composition.site;
    let pages = generate_route_list(App);
    let guarded = site.access.is_guarded();
    let traffic = composition.traffic.clone();
    let metrics = Arc::clone(&composition.metrics);
    let request_log = composition.request_log.clone();
    let boards = composition.boards.clone();
    let provide = move || {
        provide_answer(guarded);
        provide_context(traffic.clone());
        provide_context(Arc::clone(&metrics));
        provide_context(request_log.clone());
        provide_context(boards.clone());
    };
    let leptos = site.leptos.clone();
    let assets = site.assets.clone();
    let document = move || shell(leptos.clone(), assets.clone());
    Router::new()
        .leptos_routes_with_context(&site.leptos, pages, provide, document)
        .fallback_service(static_files::files(&site.leptos, not_found(site)))
        .with_state(site.leptos.clone())
}

/// Answers paths at which there is nothing. The app does not, because it would read the path again, by other rules.
fn not_found(site: &Site) -> Router {
    let style = Arc::clone(&site.assets.style);
    Router::new().fallback(move || async move { plain_page::nothing_here(&style) })
}

/// What programs may use without the token, beside the users API.
fn public_api(site: &Site) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(healthz)).merge(ready::routes().with_state(site.readiness.clone()))
}

/// The routes for programs that need the token.
fn private_api(composition: &Composition) -> OpenApiRouter {
    let traffic = traffic::routes().fallback(unknown_path).with_state(composition.traffic.clone());
    let scraped = (Arc::clone(&composition.metrics), Arc::clone(&composition.program));
    OpenApiRouter::new()
        .merge(OpenApiRouter::new().routes(routes!(scrape)).with_state(scraped))
        .nest("/traffic", traffic)
}

/// Provides the context by which a page sets its status and its content security policy.
fn provide_answer(guarded: bool) {
    let Some(options) = use_context::<ResponseOptions>() else { return };
    let policy_options = options.clone();
    provide_context(PageAnswer {
        guarded,
        set_status: Arc::new(move |status| options.set_status(StatusCode::from_u16(status).unwrap_or(StatusCode::OK))),
        set_policy: Arc::new(move |nonce| {
            if let Ok(policy) = HeaderValue::from_str(&origin_checks::content_security_policy(nonce)) {
                policy_options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
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
