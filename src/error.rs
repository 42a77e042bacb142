//! Errors on the wire: RFC 9457 problems on the API, and one typed error for server functions.
//!
//! They hold only texts that are meant for the caller. What went wrong inside is logged and not sent.

use leptos::server_fn::Bytes;
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr, ServerFnUrlError};
use serde::{Deserialize, Serialize};

use crate::query::encoded;
use crate::validation::FieldError;

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
    /// The faults of the input, one for each faulty field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The run that is in the way, if it is a run that is in the way.
    #[serde(rename = "jobId", default, skip_serializing_if = "Option::is_none")]
    pub conflicting_id: Option<String>,
}

/// Why a call of a server function failed. Expected refusals (busy, invalid) are not errors but values of the
/// function's outcome. This type alone has the texts for it: what has happened ([`AppError::what`]), what to do
/// ([`AppError::remedy`]), and the link that does it ([`AppError::way_out`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AppError {
    /// No answer came.
    Unreachable,
    /// 401: there is no session, or it has expired.
    LoggedOut,
    /// 403: the server refuses this page.
    Forbidden,
    /// The server failed. Its log has the cause under this id of the request, where the id is known.
    Internal(Option<String>),
    /// 503: the database is locked, full or gone.
    Unavailable,
    /// 503: the server is shutting down.
    ShuttingDown,
    /// An answer came that this page does not understand.
    Unreadable,
    /// The call itself was wrong.
    Malformed,
    /// There is no such run. It may have been deleted.
    NotFound,
}

/// What a page has fetched: `None` while it is still loading.
pub type Loaded<T> = Option<Result<T, AppError>>;

impl AppError {
    /// What an answer with this HTTP status means, where nothing more is known about it.
    pub fn of_status(status: u16) -> Self {
        match status {
            401 => Self::LoggedOut,
            403 => Self::Forbidden,
            404 | 410 => Self::NotFound,
            // A proxy answers this for a server that it can't reach.
            502 | 504 => Self::Unreachable,
            503 => Self::Unavailable,
            400..=499 => Self::Malformed,
            500..=599 => Self::Internal(None),
            _ => Self::Unreadable,
        }
    }

    /// Reads the error in the address of a page, to which Leptos redirects a form that was sent without JavaScript and
    /// never reached its server function. Anybody can write such an address, so no text of it is shown.
    pub fn from_address(encoded: &str) -> Self {
        match ServerFnUrlError::<Self>::decode_err(encoded) {
            // On the server both mean that the body of the form could not be read.
            Self::Unreachable | Self::Unreadable => Self::Malformed,
            Self::Internal(id) => Self::Internal(id.filter(|id| uuid::Uuid::try_parse(id).is_ok())),
            error => error,
        }
    }

    /// The name of this error in the address of the page to which a refused form comes back. Only the errors that such
    /// a page tells apart have their own.
    pub fn wire_name(&self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::ShuttingDown => "shutdown",
            _ => "failed",
        }
    }

    /// The error with this name. `None` for any other text.
    pub fn of_wire_name(name: &str) -> Option<Self> {
        [Self::Unavailable, Self::ShuttingDown, Self::Internal(None)]
            .into_iter()
            .find(|error| error.wire_name() == name)
    }

    /// What has happened, as a sentence.
    pub fn what(&self) -> &'static str {
        match self {
            Self::Unreachable => "The server can't be reached.",
            Self::LoggedOut => "You are not logged in any more.",
            Self::Forbidden => "The server refuses requests of this page.",
            Self::Internal(_) => "The server could not answer.",
            Self::Unavailable => "The database can't be used at the moment; nothing was changed.",
            Self::ShuttingDown => "The server is shutting down; nothing was changed.",
            Self::Unreadable => "The server's answer can't be read; it may be of a newer version than this page.",
            Self::Malformed => "The request could not be understood.",
            Self::NotFound => "There is no such run.",
        }
    }

    /// What to do about it, as a sentence.
    pub fn remedy(&self) -> String {
        let remedy = match self {
            Self::Unreachable => "Check that it is running and try again.",
            Self::LoggedOut => "Log in again.",
            Self::Forbidden => "Open it by an address that the server answers to: its log names one.",
            Self::Internal(Some(id)) => {
                return format!("Try again; its log has the cause under request id {id}.");
            }
            Self::Internal(None) => "Try again; its log has the cause.",
            Self::Unavailable => "Try again in a few seconds.",
            Self::ShuttingDown => "Try again when it is back.",
            Self::Unreadable => "Reload the page.",
            Self::Malformed => "Reload the page and try again.",
            Self::NotFound => "It may have been deleted.",
        };
        remedy.to_owned()
    }

    /// The label and the address of a link that leads on from the page at `here`, which is a path with its query.
    /// `None` when trying again is all that can be done.
    pub fn way_out(&self, here: &str) -> Option<(&'static str, String)> {
        match self {
            Self::LoggedOut => Some(("Log in again", format!("/login?next={}", encoded(here)))),
            Self::Forbidden => Some(("Go to the dashboard", "/".to_owned())),
            Self::Unreadable | Self::Malformed => Some(("Reload the page", here.to_owned())),
            Self::NotFound => Some(("All runs", "/runs".to_owned())),
            Self::Unreachable | Self::Internal(_) | Self::Unavailable | Self::ShuttingDown => None,
        }
    }
}

impl std::fmt::Display for AppError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.what(), self.remedy())
    }
}

impl std::error::Error for AppError {}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Unreachable,
            ServerFnErrorErr::Deserialization(_) => Self::Unreadable,
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Self::Malformed,
            _ => Self::Internal(None),
        }
    }

    /// Reads the body of an answer that is no success: an error of a server function, or a problem of the layers around
    /// all server functions, such as the check of the session.
    fn de(body: Bytes) -> Self {
        let of_problem = || serde_json::from_slice::<Problem>(&body).map(|problem| Self::of_status(problem.status));
        serde_json::from_slice(&body).or_else(|_| of_problem()).unwrap_or(Self::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One error of each kind.
    fn all() -> [AppError; 9] {
        [
            AppError::Unreachable,
            AppError::LoggedOut,
            AppError::Forbidden,
            AppError::Internal(None),
            AppError::Unavailable,
            AppError::ShuttingDown,
            AppError::Unreadable,
            AppError::Malformed,
            AppError::NotFound,
        ]
    }

    #[test]
    fn each_error_has_a_sentence_of_its_own_and_survives_the_wire() {
        let sentences: std::collections::BTreeSet<String> = all().iter().map(ToString::to_string).collect();
        assert_eq!(sentences.len(), all().len());
        for error in all() {
            assert_eq!(AppError::de(error.ser()), error);
        }
        let id = AppError::Internal(Some("017f".to_owned()));
        assert!(id.to_string().ends_with("has the cause under request id 017f."), "{id}");
    }

    #[test]
    fn the_layers_around_the_functions_answer_problems_and_others_answer_anything() {
        let problem = |status: u16| {
            AppError::de(
                format!(r#"{{"type":"about:blank","title":"x","status":{status},"detail":"y","new":1}}"#).into(),
            )
        };
        let rows = [(401, AppError::LoggedOut), (403, AppError::Forbidden), (500, AppError::Internal(None))];
        for (status, error) in rows {
            assert_eq!(problem(status), error);
        }
        for (status, error) in [(502, AppError::Unreachable), (503, AppError::Unavailable), (404, AppError::NotFound)] {
            assert_eq!(problem(status), error);
        }
        for body in ["<html>Bad gateway</html>", "", r#"{"Newer":{}}"#] {
            assert_eq!(AppError::de(body.into()), AppError::Unreadable, "{body}");
        }
    }

    #[test]
    fn an_address_puts_no_words_into_our_mouth() {
        let carried = |error: &AppError| {
            let url = ServerFnUrlError::new("/fn/x", error.clone()).to_url("http://localhost/").expect("a URL");
            let (_, encoded) = url.query_pairs().find(|(name, _)| name == "__err").expect("carried");
            AppError::from_address(&encoded)
        };
        assert_eq!(carried(&AppError::Internal(Some("Call 555 now".to_owned()))), AppError::Internal(None));
        let id = AppError::Internal(Some("019b76da-a800-7000-8000-000000000000".to_owned()));
        assert_eq!(carried(&id), id);
        assert_eq!(carried(&AppError::Unreadable), AppError::Malformed, "the server could not read the form");
        assert_eq!(AppError::from_address("&%"), AppError::Malformed);
    }

    #[test]
    fn the_way_out_leads_back_to_the_same_page() {
        let (words, href) = AppError::LoggedOut.way_out("/runs?order=sent&a=é").expect("a link");
        assert_eq!((words, href.as_str()), ("Log in again", "/login?next=%2Fruns%3Forder%3Dsent%26a%3D%C3%A9"));
        assert_eq!(AppError::Unreadable.way_out("/runs").expect("a link").1, "/runs");
        assert_eq!(AppError::Unreachable.way_out("/runs"), None);
        for error in [AppError::Unavailable, AppError::ShuttingDown, AppError::Internal(None)] {
            assert_eq!(AppError::of_wire_name(error.wire_name()), Some(error));
        }
        assert_eq!(AppError::of_wire_name("true"), None);
    }
}
