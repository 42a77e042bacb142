//! Errors of the API as problem documents (RFC 9457).

use axum::Json;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use leptos::prelude::use_context;
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;

use super::database::is_unavailable;
use super::request_id::RequestId;
use crate::error::{AppError, Problem};
use crate::validation::{FieldError, Invalid};

/// An error on its way to the client. As a response it has no body yet: [`write_problem`] writes that, because it needs
/// the id of the request.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    detail: String,
    errors: Vec<FieldError>,
    conflicting_id: Option<String>,
    retry_after: Option<u32>,
    cause: Option<Cause>,
}

/// Why the server could not do its part. This is logged, and never sent to the client.
#[derive(Clone, Debug)]
enum Cause {
    /// A bug, or a failure of the machine.
    Failure(String),
    /// The database is unavailable for now.
    Unavailable(String),
}

impl ApiError {
    /// An error with this status. `detail` is sent to the client: what was wrong, and what to do about it.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new(), conflicting_id: None, retry_after: None, cause: None }
    }

    /// 404 with this detail.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 400 for one field of the input. `detail` continues a sentence that begins with the name of the field.
    pub fn malformed(field: &str, detail: &str) -> Self {
        let error = FieldError { field: field.to_owned(), detail: detail.to_owned() };
        Invalid { malformed: true, errors: vec![error] }.into()
    }

    /// 409 for one field of the input. `detail` continues a sentence that begins with the name of the field.
    pub fn conflict(field: &str, detail: &str) -> Self {
        let error = FieldError { field: field.to_owned(), detail: detail.to_owned() };
        Self { errors: vec![error], ..Self::new(StatusCode::CONFLICT, format!("{field} {detail}.")) }
    }

    /// Adds the id of what the request conflicts with.
    #[must_use]
    pub fn conflicting_with(mut self, id: impl ToString) -> Self {
        self.conflicting_id = Some(id.to_string());
        self
    }

    /// Adds a `Retry-After` header, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// 500. The cause is logged, and not sent to the client.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let detail = "The server could not do this. Try again; the log has the cause under this request's id.";
        Self { cause: Some(Cause::Failure(cause.to_string())), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail) }
    }

    /// What was wrong and what to do about it. The client may see it.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Logs the cause, if the error has one.
    pub fn log(&self, id: RequestId, method: &Method, path: &str) {
        match &self.cause {
            None => {}
            Some(Cause::Failure(cause)) => tracing::error!(%id, %method, path, cause, "a request failed"),
            Some(Cause::Unavailable(cause)) => {
                tracing::warn!(%id, %method, path, cause, "the database is unavailable");
            }
        }
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        let status = if invalid.malformed { StatusCode::BAD_REQUEST } else { StatusCode::UNPROCESSABLE_ENTITY };
        let faults: Vec<String> =
            invalid.errors.iter().map(|error| format!("{} {}", error.field, error.detail)).collect();
        Self {
            errors: invalid.errors,
            ..Self::new(status, format!("Correct this and send it again: {}.", faults.join("; ")))
        }
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        if !is_unavailable(&error) {
            return Self::internal(error);
        }
        let detail = "The database can't be used at the moment; nothing was changed. Try again in a few seconds.";
        Self {
            cause: Some(Cause::Unavailable(error.to_string())),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(5)
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let retry_after = self.retry_after;
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Writes the body of an error response as a problem document. On the API (`is_api`) errors that the framework made by
/// itself get one, too; other responses stay as they are.
pub async fn write_problem(response: Response, id: RequestId, is_api: bool) -> Response {
    let response = with_status_of_error(response).await;
    let status = response.status();
    let error = match response.extensions().get::<ApiError>() {
        Some(error) => error.clone(),
        None if is_api && is_of_framework(&response) => ApiError::new(status, framework_detail(status)),
        None => return response,
    };
    let problem = Problem {
        kind: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        detail: error.detail,
        instance: Some(format!("urn:uuid:{id}")),
        errors: error.errors,
        conflicting_id: error.conflicting_id,
    };
    let mut written = (status, Json(problem)).into_response();
    written.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    keep_headers(response.headers(), &mut written);
    written
}

/// Copies the headers that belong to an error to the response that replaces it.
pub fn keep_headers(of: &HeaderMap, written: &mut Response) {
    for name in [header::ALLOW, header::CACHE_CONTROL, header::RETRY_AFTER, header::WWW_AUTHENTICATE] {
        if let Some(value) = of.get(&name) {
            written.headers_mut().insert(name, value.clone());
        }
    }
}

/// Whether the framework made this error response. The error of a server function has a form of its own, and so has an
/// error that is a page.
fn is_of_framework(response: &Response) -> bool {
    let status = response.status();
    let is_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let is_of_server_fn = response.headers().contains_key(SERVER_FN_ERROR_HEADER);
    (status.is_client_error() || status.is_server_error()) && !is_page && !is_of_server_fn
}

/// The largest error of a server function, in bytes.
const LARGEST_ERROR: usize = 1024;

/// Corrects the status of a server function's error: the framework answers all of them with 500, even those that the
/// caller is responsible for.
async fn with_status_of_error(response: Response) -> Response {
    let is_error = response.status() == StatusCode::INTERNAL_SERVER_ERROR
        && response.headers().contains_key(SERVER_FN_ERROR_HEADER);
    if !is_error {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, LARGEST_ERROR).await.unwrap_or_default();
    let error = match serde_json::from_slice(&body) {
        // On the server both mean that the body could not be read: too large, too slow, or incomplete.
        Ok(AppError::Unreachable | AppError::Unreadable) => AppError::Malformed,
        Ok(error) => error,
        Err(_) => return Response::from_parts(parts, body.into()),
    };
    parts.status = match error {
        AppError::Malformed => StatusCode::BAD_REQUEST,
        AppError::LoggedOut => StatusCode::UNAUTHORIZED,
        AppError::Forbidden => StatusCode::FORBIDDEN,
        AppError::NotFound => StatusCode::NOT_FOUND,
        AppError::Unavailable | AppError::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        AppError::Unreachable | AppError::Unreadable | AppError::Internal(_) => parts.status,
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    (parts, Json(error)).into_response()
}

pub(super) fn framework_detail(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "There is nothing at this path. GET /docs lists what there is.",
        StatusCode::METHOD_NOT_ALLOWED => "This path does not take that method; the Allow header names those it takes.",
        StatusCode::REQUEST_TIMEOUT => "The body did not arrive in time. Send it within ten seconds.",
        StatusCode::PAYLOAD_TOO_LARGE => "The body is larger than 16 KiB.",
        status if status.is_server_error() => {
            "The server could not do this. Try again; the log has the cause under this request's id."
        }
        _ => "The request could not be understood.",
    }
}

/// The fallback of every API tree, so that unknown paths answer a problem document and not a page.
pub async fn unknown_path() -> ApiError {
    ApiError::not_found(framework_detail(StatusCode::NOT_FOUND))
}

/// Logs an internal error and turns it into the error that a server function returns.
pub fn inside(cause: impl Into<ApiError>) -> AppError {
    let error = cause.into();
    match &error.cause {
        Some(Cause::Unavailable(cause)) => tracing::warn!(%cause, "the database is unavailable"),
        Some(Cause::Failure(cause)) => tracing::error!(%cause, "a server function failed"),
        None => tracing::error!(cause = error.detail, "a server function failed"),
    }
    if error.status == StatusCode::SERVICE_UNAVAILABLE {
        return AppError::Unavailable;
    }
    let id = use_context::<Parts>().and_then(|parts| parts.extensions.get::<RequestId>().map(ToString::to_string));
    AppError::Internal(id)
}
