//! Which paths are accepted at all.
//!
//! Routers do not agree on what a path means: one compares it as it was sent, another one decodes it and resolves `..`
//! first. So a path that two routers could read differently is refused before any router sees it.

use std::borrow::Cow;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode;

use crate::platform::problem::ApiError;

/// How many times a path is decoded before it is refused.
const ROUNDS: usize = 3;

/// Whether this path, as it was sent, is for monitors, whose requests may lack a host name and come through a proxy.
pub fn is_health(path: &str) -> bool {
    ["/healthz", "/readyz"].contains(&path)
}

/// The error of a path that is not accepted: 400.
pub fn refusal(path: &str) -> Option<ApiError> {
    let detail = format!("The path is not accepted: {}. Send it in its plain form.", fault(path)?);
    Some(ApiError::new(StatusCode::BAD_REQUEST, detail))
}

/// What is wrong with a path, as a clause that follows a colon.
fn fault(path: &str) -> Option<&'static str> {
    let mut decoded = Cow::Borrowed(path.as_bytes());
    for _ in 0..ROUNDS {
        match Cow::from(percent_decode(&decoded)) {
            // Nothing is left to decode.
            Cow::Borrowed(_) => break,
            Cow::Owned(next) => decoded = Cow::Owned(next),
        }
    }
    if matches!(Cow::from(percent_decode(&decoded)), Cow::Owned(_)) {
        return Some("it is percent-encoded more than three times");
    }
    fault_of_decoded(&String::from_utf8_lossy(&decoded))
}

fn fault_of_decoded(path: &str) -> Option<&'static str> {
    let Some(segments) = path.strip_prefix('/') else { return Some("it does not begin with a slash") };
    let mut segments = segments.split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." | ".." => return Some("it has a segment of dots"),
            "" if segments.peek().is_some() => return Some("it has two slashes in a row"),
            _ if segment.contains('\\') => return Some("it has a backslash"),
            _ if segment.contains(char::is_control) => return Some("it has a control character"),
            _ => {}
        }
    }
    None
}

/// The answer to a path with a slash at its end: a redirect to the path without it, or 404 for methods that must not be
/// redirected.
pub fn without_last_slash(request: &Request) -> Option<Response> {
    let path = request.uri().path().strip_suffix('/').filter(|path| !path.is_empty())?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let detail = "There is nothing at this path. Send the request to the path without the slash at its end.";
        return Some(ApiError::not_found(detail).into_response());
    }
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let to = HeaderValue::try_from(format!("{path}{query}"));
    Some(match to {
        Ok(to) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, to)]).into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    })
}

/// Accepts a path of this server with its query, as the target of a redirect. Nothing that leads to another server is
/// accepted.
pub fn local(text: &str) -> Option<&str> {
    // Browsers read a backslash as a slash, and skip control characters, even in a query.
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let path = text.split(['?', '#']).next().unwrap_or_default();
    (plain && fault(path).is_none()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_its_plain_form_is_taken() {
        for path in [
            "/",
            "/runs",
            "/runs/",
            "/a/b.c/..d/.e/f..",
            "/x%20y",
            "/x%2Fy",
            "/%72uns",
            "/a;b=c",
            "/%E2%82%AC",
            "/€",
            "/100%",
            "/%zz",
            "/...",
            "/x%252520y",
        ] {
            assert_eq!(fault(path), None, "{path}");
        }
    }

    #[test]
    fn a_disguised_path_is_not() {
        for path in [
            "",
            "*",
            "runs",
            "//",
            "//runs",
            "/a//b",
            "/a%2F/b",
            "/a//",
            "/.",
            "/..",
            "/./runs",
            "/pkg/../runs",
            "/pkg/..",
            "/pkg/%2e%2e/runs",
            "/pkg/.%2E/runs",
            "/pkg/%252e%252e/runs",
            "/pkg/%25252e%25252e/runs",
            "/pkg%2f..%2fruns",
            "/pkg/%2e%2e%5cruns",
            "/pkg\\runs",
            "/pkg%5Cruns",
            "/a%00",
            "/a%0Ab",
            "/a%7f",
            "/%C2%85",
            "/a%2520%250d",
            "/x%25252520y",
        ] {
            assert!(fault(path).is_some(), "{path}");
        }
    }

    #[test]
    fn a_browser_is_sent_to_this_server_only() {
        for good in ["/", "/runs?a=1&b=//x", "/requests?range=1h", "/runs/1#top", "/metrics"] {
            assert_eq!(local(good), Some(good));
        }
        for bad in [
            "",
            "runs",
            "//evil.test",
            "/\\evil.test",
            "\\/evil.test",
            "/%2Fevil.test",
            "/%5cevil.test",
            "https://evil.test",
            "/\t/evil.test",
            "/x?\\",
            "/x\r\nset-cookie: a=b",
            "/ü",
            "/..//evil.test",
            "/.//evil.test",
            "javascript:alert(1)",
        ] {
            assert_eq!(local(bad), None, "{bad}");
        }
    }
}
