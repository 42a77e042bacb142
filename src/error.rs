//! What crosses the wire as an error: RFC 9457 problems on the API, one typed error for server functions.
//!
//! Only texts meant for the caller; what went wrong inside is logged, not sent.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::input::FieldError;

/// An RFC 9457 problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// `about:blank`, or a relative reference that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: String,
    /// The HTTP status code.
    pub status: u16,
    /// What was wrong this time and what to do.
    pub detail: String,
    /// The id of the request, as a URN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The faults of the input, by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The job that is in the way, when one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
}

/// Why a server function has no answer. Expected refusals (busy, invalid) are not errors but values
/// of the function's outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum AppError {
    /// The server could not be reached, or its answer could not be read.
    #[error("The server can't be reached. Check that it is running and try again.")]
    Unreachable,
    /// The server failed. The log knows more, under the id of the request, where that is known.
    #[error("The server could not answer. Try again; its log has the cause{}.", under(.0))]
    Internal(Option<String>),
    /// The call itself was wrong.
    #[error("The request could not be understood. Reload the page and try again.")]
    Malformed,
    /// There is no such thing.
    #[error("There is no such run. It may have been deleted.")]
    NotFound,
}

fn under(request_id: &Option<String>) -> String {
    request_id.as_ref().map(|id| format!(" under request id {id}")).unwrap_or_default()
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::Unreachable
            }
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Self::Malformed,
            _ => Self::Internal(None),
        }
    }
}
