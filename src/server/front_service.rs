//! The outermost service: every request passes it first, and every response last.
//!
//! It is one service around all routes, because each further layer would cost every request an allocation and a copy of
//! all that is below it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tower::{Layer, Service};
use tower_http::csrf::{Csrf, CsrfLayer, ProtectionError};
use tower_http::timeout::DeadlineBody;
use tracing::Instrument;

use super::auth::Access;
use super::connections::ClientConnection;
use super::limits::no_connection_left;
use super::origin_checks::{Hosts, add_headers, cross_origin};
use super::users_api_layer::UsersApiLayer;
use super::{paths, plain_page, proxies};
use crate::platform::panics::catching_panics;
use crate::platform::problem::{ApiError, keep_headers, write_problem};
use crate::platform::request_id::RequestId;

/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 16 * 1024;
/// How long a body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// Routes behind the CSRF check: another site's page can't change anything by them. What it must not read is refused
/// elsewhere, by the guard of the private routes.
pub struct Routes {
    open: Router,
    checked: Csrf<Router, fn(ProtectionError) -> Response>,
}

impl Routes {
    /// Adds the CSRF check to these routes.
    pub fn new(routes: Router) -> Self {
        let refuse: fn(ProtectionError) -> Response = |_| cross_origin();
        Self { checked: CsrfLayer::new().with_rejection_response(refuse).layer(routes.clone()), open: routes }
    }

    async fn call(&self, request: Request) -> Response {
        // Requests that only read pass the check anyway.
        let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let response =
            if reads { self.open.clone().call(request).await } else { self.checked.clone().call(request).await };
        response.unwrap_or_else(|never| match never {})
    }
}

/// The parts of the front service.
pub struct FrontParts {
    /// The host names that this server answers to.
    pub hosts: Hosts,
    /// Who may use the routes that are not public.
    pub access: Access,
    /// Everything around the users API.
    pub users_api_layer: UsersApiLayer,
    /// The routes of the users API.
    pub users_api: Routes,
    /// All other routes.
    pub others: Routes,
    /// The address of the style sheet.
    pub style: Arc<str>,
}

/// The whole server without its port. Cheap to clone.
#[derive(Clone)]
pub struct FrontService(Arc<FrontParts>);

impl FrontService {
    /// Puts the parts together.
    pub fn new(parts: FrontParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Service<Request> for FrontService {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Routers are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let parts = Arc::clone(&self.0);
        Box::pin(async move { Ok(parts.respond(request).await) })
    }
}

/// Whether a path belongs to the trees that programs use. Errors there are problem documents, not pages.
fn is_api(path: &str) -> bool {
    ["/api/", "/traffic/", "/fn/"].iter().any(|tree| path.starts_with(tree)) || path == "/api"
}

/// Whether a path belongs to the users API, which is recorded and which the simulator sends to.
fn is_users_api(path: &str) -> bool {
    path.strip_prefix("/api/v1").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The part of a request that its error response depends on.
struct RequestSummary {
    id: RequestId,
    method: Method,
    uri: Uri,
    is_api: bool,
    wants_page: bool,
}

impl FrontParts {
    /// Gives the request an id, refuses it or passes it to its route, and completes the response.
    async fn respond(&self, mut request: Request) -> Response {
        let arrived = Instant::now();
        let id = RequestId::generate();
        let is_api = is_api(request.uri().path());
        let summary = RequestSummary {
            id,
            method: request.method().clone(),
            uri: request.uri().clone(),
            is_api,
            wants_page: !is_api && accepts_page(&request),
        };
        let connection = request.extensions().get::<Arc<ClientConnection>>().cloned();
        if let Some(connection) = &connection {
            let peer = self.access.peer(connection.peer, request.headers());
            request.extensions_mut().insert(peer);
        }
        let guest = connection.filter(|connection| connection.is_guest());
        let refusal = match &guest {
            Some(_) if !is_users_api(summary.uri.path()) => Some(no_connection_left().into_response()),
            _ => self.refusal(&request),
        };
        let mut response = match refusal {
            Some(refusal) => refusal,
            None => self.route(id, arrived, within_bounds(request)).await,
        };
        if is_error(response.status()) {
            response = self.write_error(response, &summary).await;
        }
        add_headers(response.headers_mut(), id, is_api);
        if guest.is_some_and(|connection| connection.is_guest()) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// The response to a request that no route gets: it is refused, or redirected to its path without the last slash.
    fn refusal(&self, request: &Request) -> Option<Response> {
        proxies::note_sub_path(request.headers());
        let refusal = paths::refusal(request.uri().path())
            .or_else(|| self.hosts.refusal(request))
            .or_else(|| if self.access.is_guarded() { None } else { proxies::refusal(request, &self.hosts) });
        match refusal {
            Some(refusal) => Some(refusal.into_response()),
            None => paths::without_last_slash(request),
        }
    }

    async fn route(&self, id: RequestId, arrived: Instant, mut request: Request) -> Response {
        if is_users_api(request.uri().path()) {
            return self.users_api_layer.call(id, arrived, request, |request| self.users_api.call(request)).await;
        }
        request.extensions_mut().insert(id);
        // The users API has no span: its many requests log little, and a span costs as much as all layers together.
        let span = tracing::info_span!("request", %id, method = %request.method(), path = %request.uri().path());
        catching_panics(self.others.call(request)).instrument(span).await
    }

    /// Logs an error and gives it its body: a page for a person, a problem document for a program.
    async fn write_error(&self, response: Response, request: &RequestSummary) -> Response {
        let error = response.extensions().get::<ApiError>();
        if let Some(error) = error {
            error.log(request.id, &request.method, request.uri.path());
        }
        match error {
            Some(error) if request.wants_page => {
                let detail = error.detail().to_owned();
                let mut page = plain_page::refused(response.status(), &self.style, detail);
                keep_headers(response.headers(), &mut page);
                page
            }
            _ => write_problem(response, request.id, request.is_api).await,
        }
    }
}

fn accepts_page(request: &Request) -> bool {
    let accepted = request.headers().get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Bounds the size of the body and the time in which it has to arrive. A request without a body stays as it is.
fn within_bounds(mut request: Request) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    DefaultBodyLimit::max(BODY_LIMIT).apply(&mut request);
    request.map(|body| Body::new(DeadlineBody::new(BODY_DEADLINE, body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_belong_where_they_look_like_they_do() {
        for path in ["/api/v1", "/api/v1/", "/api/v1/users", "/api/v1/nothing"] {
            assert!(is_users_api(path), "{path}");
        }
        for path in ["/api", "/api/", "/api/v10/users", "/api/openapi.json", "/", "/v1", "//api/v1"] {
            assert!(!is_users_api(path), "{path}");
        }
        for path in ["/api", "/api/v1/users", "/traffic/start", "/fn/x"] {
            assert!(is_api(path), "{path}");
        }
        for path in ["/", "/apiary", "/docs", "/metrics"] {
            assert!(!is_api(path), "{path}");
        }
    }
}
