//! What every request passes first, and every answer last: one layer, because each layer costs every
//! request a box and a copy of all that is below it.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;
use uuid::Uuid;

use super::access::Access;
use super::problem::write_problem;
use super::request_id::RequestId;
use super::security::{Hosts, add_headers, cross_origin, is_cross_site_read};

/// What the entrance knows.
#[derive(Clone)]
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
pub async fn enter(State(entrance): State<Entrance>, mut request: Request, next: Next) -> Response {
    let id = RequestId(Uuid::now_v7());
    request.extensions_mut().insert(id);
    let is_api = is_api(request.uri().path());
    let span = tracing::info_span!("request", %id, method = %request.method(), path = %request.uri().path());
    // Not in the `match`: its borrow of the request would live through the await.
    let refusal = span.in_scope(|| entrance.refusal(&request));
    let response = match refusal {
        Some(refusal) => refusal,
        None => next.run(request).instrument(span).await,
    };
    let mut response = write_problem(response, id, is_api).await;
    add_headers(response.headers_mut(), id, is_api);
    response
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
