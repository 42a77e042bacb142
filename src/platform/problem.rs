//! Refusals as RFC 9457 problems.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use leptos::prelude::use_context;
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;
use tower_http::timeout::TimeoutError;

use super::database::is_unavailable;
use super::request_id::RequestId;
use crate::error::{AppError, Problem};
use crate::validation::{FieldError, Fields, Invalid, Value};

/// A refusal on its way to the client.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    detail: String,
    errors: Vec<FieldError>,
    job_id: Option<String>,
    retry_after: Option<u32>,
    cause: Option<Cause>,
}

/// What the log is told, and the client is not.
#[derive(Clone, Debug)]
enum Cause {
    /// A fault of ours.
    Failure(String),
    /// The database can't be used for now.
    Unavailable(String),
}

impl ApiError {
    /// With a status and what was wrong and what to do, for the caller's eyes.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new(), job_id: None, retry_after: None, cause: None }
    }

    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 400 that names one field.
    pub fn malformed(field: &str, detail: &str) -> Self {
        let error = FieldError { field: field.to_owned(), detail: detail.to_owned() };
        Invalid { malformed: true, errors: vec![error] }.into()
    }

    /// 409 that names one field.
    pub fn conflict(field: &str, detail: &str) -> Self {
        let error = FieldError { field: field.to_owned(), detail: detail.to_owned() };
        Self { errors: vec![error], ..Self::new(StatusCode::CONFLICT, format!("{field} {detail}.")) }
    }

    /// Names the job that is in the way.
    #[must_use]
    pub fn with_job(mut self, id: impl ToString) -> Self {
        self.job_id = Some(id.to_string());
        self
    }

    /// Asks the client to come back, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// 500. The cause goes to the log, not to the client.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let detail = "The server could not do this. Try again; the log has the cause under this request's id.";
        Self { cause: Some(Cause::Failure(cause.to_string())), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail) }
    }

    /// What was wrong and what to do, for the caller's eyes.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Tells the log the cause.
    pub fn log(&self, id: RequestId, method: &Method, path: &str) {
        match &self.cause {
            None => {}
            Some(Cause::Failure(cause)) => tracing::error!(%id, %method, path, cause, "a request failed"),
            Some(Cause::Unavailable(cause)) => {
                tracing::warn!(%id, %method, path, cause, "the database is not available")
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

/// Gives a refusal its body, with the id of the request; on the API also one that the framework made by itself.
pub async fn write_problem(response: Response, id: RequestId, is_api: bool) -> Response {
    let response = with_status_of_error(response).await;
    let status = response.status();
    let refusal = match response.extensions().get::<ApiError>() {
        Some(refusal) => refusal.clone(),
        // A server function's own error has its own form, and so has a page that asks for the token.
        None if is_api
            && (status.is_client_error() || status.is_server_error())
            && !is_page(&response)
            && !response.headers().contains_key(SERVER_FN_ERROR_HEADER) =>
        {
            ApiError::new(status, framework_detail(status))
        }
        None => return response,
    };
    let problem = Problem {
        kind: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        detail: refusal.detail,
        instance: Some(format!("urn:uuid:{id}")),
        errors: refusal.errors,
        job_id: refusal.job_id,
    };
    let mut written = (status, Json(problem)).into_response();
    written.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    keep_headers(response.headers(), &mut written);
    written
}

/// What a refusal says in its headers stays, whatever becomes of its body.
pub fn keep_headers(of: &HeaderMap, written: &mut Response) {
    for name in [header::ALLOW, header::CACHE_CONTROL, header::RETRY_AFTER, header::WWW_AUTHENTICATE] {
        if let Some(value) = of.get(&name) {
            written.headers_mut().insert(name, value.clone());
        }
    }
}

fn is_page(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// The largest error of a server function, in bytes: one word.
const LARGEST_ERROR: usize = 1024;

/// Server functions answer every error with 500, also those that the caller made.
async fn with_status_of_error(response: Response) -> Response {
    let is_error = response.status() == StatusCode::INTERNAL_SERVER_ERROR
        && response.headers().contains_key(SERVER_FN_ERROR_HEADER);
    if !is_error {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, LARGEST_ERROR).await.unwrap_or_default();
    let error = match serde_json::from_slice(&body) {
        // Here both mean that the body could not be read: too large, too slow, or cut off.
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

fn framework_detail(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "There is nothing at this path. The README lists what there is.",
        StatusCode::METHOD_NOT_ALLOWED => "This path does not take that method; the Allow header names those it takes.",
        StatusCode::REQUEST_TIMEOUT => "The body did not arrive in time. Send it within ten seconds.",
        StatusCode::PAYLOAD_TOO_LARGE => "The body is larger than 16 KiB.",
        status if status.is_server_error() => {
            "The server could not do this. Try again; the log has the cause under this request's id."
        }
        _ => "The request could not be understood.",
    }
}

/// The fallback of every API tree: unknown paths answer problems, not pages.
pub async fn unknown_path() -> ApiError {
    ApiError::not_found(framework_detail(StatusCode::NOT_FOUND))
}

/// Did the deadline for the body pass?
fn is_too_slow(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.into_iter().any(|error| error.is::<TimeoutError>())
}

/// All of a request's body.
///
/// # Errors
/// A body that is too large, too slow, or cut off is refused.
pub async fn read_body(request: Request) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, &()).await.map_err(|rejection| {
        let status = if is_too_slow(&rejection) { StatusCode::REQUEST_TIMEOUT } else { rejection.status() };
        ApiError::new(status, framework_detail(status))
    })
}

/// The JSON object in a request's body, field by field and unchecked.
#[derive(Debug)]
pub struct JsonFields(pub Fields);

impl<S: Send + Sync> FromRequest<S> for JsonFields {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let detail = "Send a JSON object with the header Content-Type: application/json.";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = read_body(request).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            // Line and column, but not the library's own words.
            let place = format!("at line {}, column {}", error.line(), error.column());
            ApiError::new(StatusCode::BAD_REQUEST, format!("The body is not a JSON object; the fault is {place}."))
        })
    }
}

/// The query of a request as fields, all of them texts.
#[derive(Debug)]
pub struct QueryFields(pub Fields);

impl<S: Send + Sync> FromRequestParts<S> for QueryFields {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let axum::extract::Query(pairs) = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "The query can't be read; encode its values."))?;
        let mut fields = BTreeMap::new();
        for (name, text) in pairs {
            if fields.insert(name.clone(), Value::Text(text)).is_some() {
                return Err(ApiError::malformed(&name, "is given more than once; give it once"));
            }
        }
        Ok(Self(fields))
    }
}

/// The same for a server function: logged here, in words for the page.
pub fn inside(cause: impl Into<ApiError>) -> AppError {
    let refusal = cause.into();
    match &refusal.cause {
        Some(Cause::Unavailable(cause)) => tracing::warn!(%cause, "the database is not available"),
        Some(Cause::Failure(cause)) => tracing::error!(%cause, "a server function failed"),
        None => tracing::error!(cause = refusal.detail, "a server function failed"),
    }
    if refusal.status == StatusCode::SERVICE_UNAVAILABLE {
        return AppError::Unavailable;
    }
    let id = use_context::<Parts>().and_then(|parts| parts.extensions.get::<RequestId>().map(ToString::to_string));
    AppError::Internal(id)
}
