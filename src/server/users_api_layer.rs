//! The layers around `/api/v1`, from the outside in: record, catch panics, note arrivals, read the body, limit the
//! requests in flight.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use utoipa::openapi::OpenApi;

use super::connections::ClientConnection;
use super::limits::{Limits, no_connection_left};
use super::peer::Peer;
use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::metrics::server::recording::Recording;
use crate::platform::panics::catching_panics;
use crate::platform::problem::ApiError;
use crate::platform::request_id::RequestId;
use crate::platform::row_writer::RowWriter;
use crate::traffic::server::arrivals::{Arrivals, Recognised, recognise};

/// The recorded route of a request whose path fits no route.
pub const NO_ROUTE: &str = "(no such path)";

/// Finds the template of the route that a path belongs to, such as `/api/v1/users/{id}`. The router itself tells the
/// template only to what is inside of it; this uses the same rules, and the paths of the API's description.
pub struct Templates(matchit::Router<&'static str>);

impl Templates {
    /// The templates of all routes in the description.
    pub fn of(description: &OpenApi) -> Self {
        let mut templates = matchit::Router::new();
        for path in description.paths.paths.keys() {
            // There are only a few routes, and they live as long as the program.
            if let Err(error) = templates.insert(path, &*path.clone().leak()) {
                tracing::error!(%error, path, "requests of this route are recorded without it");
            }
        }
        Self(templates)
    }

    /// The template of the route that this path belongs to.
    pub fn of_path(&self, path: &str) -> &'static str {
        self.0.at(path).map_or(NO_ROUTE, |found| *found.value)
    }
}

/// The layers around the users API.
pub struct UsersApiLayer {
    recorder: Option<RowWriter<RecordedRequest>>,
    arrivals: Arc<Arrivals>,
    templates: Templates,
    limits: Limits,
}

impl UsersApiLayer {
    /// Layers that record by `recorder`, if there is one, and note arrivals in `arrivals`.
    pub fn new(recorder: Option<RowWriter<RecordedRequest>>, arrivals: Arc<Arrivals>, templates: Templates) -> Self {
        Self { recorder, arrivals, templates, limits: Limits::default() }
    }

    /// Calls the routes. Recording is outside of everything that may refuse or fail, so that refusals and panics have a
    /// row, too.
    pub async fn call<F>(
        &self,
        id: RequestId,
        arrived: Instant,
        request: Request,
        routes: impl FnOnce(Request) -> F,
    ) -> Response
    where
        F: Future<Output = Response>,
    {
        let mut recording = self.recorder.as_ref().map(|writer| {
            let route = self.templates.of_path(request.uri().path());
            Recording::begin(writer, (id, arrived), request.method(), route)
        });
        let response =
            async { self.admit(recording.as_mut(), request, routes).await.unwrap_or_else(IntoResponse::into_response) };
        let response = catching_panics(response).await;
        if let Some(recording) = &mut recording {
            recording.set_status(response.status());
        }
        response
    }

    async fn admit<F>(
        &self,
        recording: Option<&mut Recording<'_>>,
        mut request: Request,
        routes: impl FnOnce(Request) -> F,
    ) -> Result<Response, ApiError>
    where
        F: Future<Output = Response>,
    {
        let mut peer = request.extensions().get::<Peer>().copied();
        // The request counts as being answered until this is dropped.
        let mut open = None;
        if let Some(Recognised { origin, admission }) = recognise(&self.arrivals, request.headers()) {
            request.extensions_mut().insert(origin);
            if let Some(recording) = recording {
                recording.set_origin(origin);
            }
            let admitted = open.insert(admission?);
            // The gate limits simulated requests already: neither they nor their connection count for a peer.
            peer = None;
            if let Some(connection) = request.extensions().get::<Arc<ClientConnection>>() {
                connection.free_place();
            }
            admitted.delay().await;
        } else if request.extensions().get::<Arc<ClientConnection>>().is_some_and(|connection| connection.is_guest()) {
            return Err(no_connection_left());
        }
        let request = self.limits.with_body(peer, request).await?;
        let _admitted = peer.map(|peer| self.limits.admit(peer, &request)).transpose()?;
        Ok(routes(request).await)
    }
}
