//! What every request passes first, and every answer last: one layer, because each layer costs every
//! request a box and a copy of all that is below it.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tower::Service;
use tower_http::timeout::DeadlineBody;
use tracing::Instrument;

use super::access::Access;
use super::around::ask;
use super::problem::{Refusal, write_problem};
use super::request_id::RequestId;
use super::security::{Hosts, add_headers, cross_origin, is_cross_site_read};

/// How long a body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// What the entrance knows.
pub struct Entrance {
    /// By which names we may be addressed.
    pub hosts: Hosts,
    /// Who may use what can make load.
    pub access: Access,
}

/// Trees that programs use: their refusals are problems, not pages.
fn is_api(path: &str) -> bool {
    ["/api/", "/traffic/", "/fn/"].iter().any(|tree| path.starts_with(tree)) || path == "/api"
}

/// The layer: names the request, refuses what must not come in, and gives the answer its last form.
pub async fn enter<S>(entrance: Arc<Entrance>, mut request: Request, below: Arc<S>) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone,
{
    let id = RequestId::draw();
    request.extensions_mut().insert(id);
    let is_api = is_api(request.uri().path());
    let span = tracing::info_span!("request", %id, method = %request.method(), path = %request.uri().path());
    // Not in the `match`: its borrow of the request would live through the await.
    let refusal = span.in_scope(|| entrance.refusal(&request));
    let mut response = match refusal {
        Some(refusal) => refusal,
        None => catching_panics(ask(below, with_deadline(request))).instrument(span).await,
    };
    if is_error(response.status()) {
        response = write_problem(response, id, is_api).await;
    }
    add_headers(response.headers_mut(), id, is_api);
    response
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// A body has to arrive in time. Most requests have none, and need no clock.
fn with_deadline(request: Request) -> Request {
    if request.body().is_end_stream() {
        request
    } else {
        request.map(|body| Body::new(DeadlineBody::new(BODY_DEADLINE, body)))
    }
}

/// The answer, or that a handler panicked.
pub async fn catching_panics(answer: impl Future<Output = Response>) -> Response {
    // What a handler leaves half done is its own: all that is shared is behind locks that can bear it.
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_cause| {
        // The panic hook has logged where and why.
        Refusal::internal("a handler panicked").into_response()
    })
}

impl Entrance {
    /// The answer to a request that must not come in.
    fn refusal(&self, request: &Request) -> Option<Response> {
        if let Some(refusal) = self.hosts.refusal(request) {
            return Some(refusal.into_response());
        }
        if is_cross_site_read(request) {
            return Some(cross_origin());
        }
        self.access.refusal(request)
    }
}
