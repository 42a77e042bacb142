//! Extractors for bodies and queries, whose faults are problem documents.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use tower_http::timeout::TimeoutError;

use super::problem::{ApiError, framework_detail};
use crate::validation::{Fields, Value};

/// Whether the deadline of the body has passed.
fn is_too_slow(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.into_iter().any(|error| error.is::<TimeoutError>())
}

/// Reads the whole body of a request.
///
/// # Errors
/// If the body is too large, too slow, or incomplete.
pub async fn read_body(request: Request) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, &()).await.map_err(|rejection| {
        let status = if is_too_slow(&rejection) { StatusCode::REQUEST_TIMEOUT } else { rejection.status() };
        ApiError::new(status, framework_detail(status))
    })
}

/// Extracts the JSON object in the body of a request. Its fields are not validated yet.
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
            // The position, but not the message of the library, which speaks of Rust's types.
            let position = format!("at line {}, column {}", error.line(), error.column());
            ApiError::new(StatusCode::BAD_REQUEST, format!("The body is not a JSON object; the fault is {position}."))
        })
    }
}

/// Extracts the query of a request as fields, each of them a text. They are not validated yet.
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
