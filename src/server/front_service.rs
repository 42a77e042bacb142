//! What every request passes first, and every answer last: one service around all routes, because
//! each layer of its own costs every request a box and a copy of all that is below it.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::Instant;
use tower::{Layer, Service};
use tower_http::csrf::{Csrf, CsrfLayer, ProtectionError};
use tower_http::timeout::DeadlineBody;
use tracing::Instrument;

use super::auth::Access;
use super::connections::Connection;
use super::limits::no_connection_left;
use super::origin_checks::{Hosts, add_headers, cross_origin};
use super::users_api_layer::ApiGuard;
use super::{paths, plain_page, proxies};
use crate::platform::problem::{ApiError, keep_headers, write_problem};
use crate::platform::request_id::RequestId;

/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 16 * 1024;
/// How long a body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// Routes that another site's page must not use to change anything. (What it must not read either, never gets here.)
pub struct Routes {
    open: Router,
    checked: Csrf<Router, fn(ProtectionError) -> Response>,
}

impl Routes {
    /// These.
    pub fn new(routes: Router) -> Self {
        let refuse: fn(ProtectionError) -> Response = |_| cross_origin();
        Self { checked: CsrfLayer::new().with_rejection_response(refuse).layer(routes.clone()), open: routes }
    }

    async fn ask(&self, request: Request) -> Response {
        // What only reads passes the check anyway.
        let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let answer =
            if reads { self.open.clone().call(request).await } else { self.checked.clone().call(request).await };
        answer.unwrap_or_else(|never| match never {})
    }
}

/// What the entrance knows.
pub struct Inside {
    /// By which names we may be addressed.
    pub hosts: Hosts,
    /// Who may use what can make load.
    pub access: Access,
    /// What is around the users API.
    pub guard: ApiGuard,
    /// The routes of the users API.
    pub users_api: Routes,
    /// All other routes.
    pub others: Routes,
    /// The address of the style sheet.
    pub style: Arc<str>,
}

/// The whole server, without its port. Cheap to clone.
#[derive(Clone)]
pub struct FrontService(Arc<Inside>);

impl FrontService {
    /// To all this.
    pub fn new(inside: Inside) -> Self {
        Self(Arc::new(inside))
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
        let inside = Arc::clone(&self.0);
        Box::pin(async move { Ok(inside.enter(request).await) })
    }
}

/// Trees that programs use: their refusals are problems, not pages.
fn is_api(path: &str) -> bool {
    ["/api/", "/traffic/", "/fn/"].iter().any(|tree| path.starts_with(tree)) || path == "/api"
}

/// What the metrics record, and the simulator's requests go to.
fn is_users_api(path: &str) -> bool {
    path.strip_prefix("/api/v1").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Inside {
    /// Names the request, refuses what must not come in, and gives the answer its last form.
    async fn enter(&self, mut request: Request) -> Response {
        let arrived = Instant::now();
        let id = RequestId::draw();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let is_api = is_api(uri.path());
        let for_a_person = !is_api && accepts_page(&request);
        if let Some(connection) = request.extensions().get::<Arc<Connection>>() {
            let peer = self.access.peer(connection.peer(), request.headers());
            request.extensions_mut().insert(peer);
        }
        // Not in the `match`: its borrow of the request would live through the await.
        let guest = request.extensions().get::<Arc<Connection>>().filter(|connection| connection.is_guest()).cloned();
        let refusal = match &guest {
            Some(_) if !is_users_api(uri.path()) => Some(no_connection_left().into_response()),
            _ => self.refusal(&request),
        };
        let mut response = match refusal {
            Some(refusal) => refusal,
            None => self.answer(id, arrived, within_bounds(request)).await,
        };
        if is_error(response.status()) {
            if let Some(refusal) = response.extensions().get::<ApiError>() {
                refusal.log(id, &method, uri.path());
            }
            response = match response.extensions().get::<ApiError>() {
                Some(refusal) if for_a_person => {
                    let detail = refusal.detail().to_owned();
                    let mut page = plain_page::refused(response.status(), &self.style, detail);
                    keep_headers(response.headers(), &mut page);
                    page
                }
                _ => write_problem(response, id, is_api).await,
            };
        }
        add_headers(response.headers_mut(), id, is_api);
        if guest.is_some_and(|connection| connection.is_guest()) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// The answer to a request that must not come in, whatever it asks for.
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

    async fn answer(&self, id: RequestId, arrived: Instant, mut request: Request) -> Response {
        if is_users_api(request.uri().path()) {
            return self.guard.answer(id, arrived, request, |request| self.users_api.ask(request)).await;
        }
        request.extensions_mut().insert(id);
        // Not on the users API, whose requests are many and say little: a span costs as much as all that is around them.
        let span = tracing::info_span!("request", %id, method = %request.method(), path = %request.uri().path());
        catching_panics(self.others.ask(request)).instrument(span).await
    }
}

fn accepts_page(request: &Request) -> bool {
    let accepted = request.headers().get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// A body has to be small, and to arrive in time. Most requests have none, and need neither bound.
fn within_bounds(mut request: Request) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    DefaultBodyLimit::max(BODY_LIMIT).apply(&mut request);
    request.map(|body| Body::new(DeadlineBody::new(BODY_DEADLINE, body)))
}

/// The answer, or that a handler panicked.
pub async fn catching_panics(answer: impl Future<Output = Response>) -> Response {
    // What a handler leaves half done is its own: all that is shared is behind locks that can bear it.
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|cause| {
        let words =
            cause.downcast_ref::<&str>().copied().or_else(|| cause.downcast_ref::<String>().map(String::as_str));
        ApiError::internal(format_args!("a handler panicked: {}", words.unwrap_or("without a word"))).into_response()
    })
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
