//! What is around `/api/v1`. From the outside in: record, panics, arrivals, the request's body, in-flight limit.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use utoipa::openapi::OpenApi;

use super::connections::Connection;
use super::front_service::catching_panics;
use super::limits::{Limits, no_connection_left};
use super::peer::Peer;
use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::metrics::server::recording::Recording;
use crate::platform::problem::ApiError;
use crate::platform::request_id::RequestId;
use crate::platform::row_writer::RowWriter;
use crate::traffic::server::arrivals::{Arrivals, Recognised, recognise};

/// What is recorded as the route of a request that no route fits.
const NO_ROUTE: &str = "(no such path)";

/// The templates of the routes, found by the paths that fit them. By the same rules as the router, and from the
/// description that its routes give of themselves: the router tells the template only to what is below it.
pub struct Templates(matchit::Router<&'static str>);

impl Templates {
    /// Of all routes that are described.
    pub fn of(description: &OpenApi) -> Self {
        let mut templates = matchit::Router::new();
        for path in description.paths.paths.keys() {
            // As many as there are routes, for as long as the program runs.
            if let Err(error) = templates.insert(path, &*path.clone().leak()) {
                tracing::error!(%error, path, "requests of this route are recorded without it");
            }
        }
        Self(templates)
    }

    /// The template that fits a path.
    pub fn of_path(&self, path: &str) -> &'static str {
        self.0.at(path).map_or(NO_ROUTE, |found| *found.value)
    }
}

/// What is known around the users API.
pub struct ApiGuard {
    recorder: Option<RowWriter<RecordedRequest>>,
    arrivals: Arc<Arrivals>,
    templates: Templates,
    limits: Limits,
}

impl ApiGuard {
    /// With the rows for this writer.
    pub fn new(recorder: Option<RowWriter<RecordedRequest>>, arrivals: Arc<Arrivals>, templates: Templates) -> Self {
        Self { recorder, arrivals, templates, limits: Limits::default() }
    }

    /// Asks the routes for the answer. The record is outside of everything that may refuse or fail, so that
    /// refusals and panics have a row too.
    pub async fn answer<F>(
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
        let answer =
            async { self.admit(recording.as_mut(), request, routes).await.unwrap_or_else(IntoResponse::into_response) };
        let response = catching_panics(answer).await;
        if let Some(recording) = &mut recording {
            recording.answered(response.status());
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
        let mut open = None;
        if let Some(Recognised { origin, admission }) = recognise(&self.arrivals, request.headers()) {
            request.extensions_mut().insert(origin);
            if let Some(recording) = recording {
                recording.recognised(origin);
            }
            let admitted = open.insert(admission?);
            // The gate bounds what is simulated: it counts as nobody's, and nor does what carries it.
            peer = None;
            if let Some(connection) = request.extensions().get::<Arc<Connection>>() {
                connection.exempt();
            }
            admitted.delay().await;
        } else if request.extensions().get::<Arc<Connection>>().is_some_and(|connection| connection.is_guest()) {
            return Err(no_connection_left());
        }
        let request = self.limits.with_body(peer, request).await?;
        let _place = peer.map(|peer| self.limits.admit(peer, &request)).transpose()?;
        Ok(routes(request).await)
    }
}
