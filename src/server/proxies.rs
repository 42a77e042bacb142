//! Recognises requests that come through a proxy. Without a token a proxy would give access to everybody who reaches it.

use std::sync::Once;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Version, header};

use super::origin_checks::Hosts;
use super::paths::is_health;
use crate::platform::problem::ApiError;

/// The error of a request that came through a proxy to a server without a token.
pub fn refusal(request: &Request, hosts: &Hosts) -> Option<ApiError> {
    if is_health(request.uri().path()) {
        return None;
    }
    let sign = sign(request, hosts)?;
    static LOGGED: Once = Once::new();
    LOGGED.call_once(|| tracing::warn!(sign, "requests through a proxy are refused: set ADMIN_TOKEN and BEHIND_PROXY"));
    let detail = format!(
        "This request seems to come through a proxy: {sign}. Without a token a proxy would let everybody in. Set \
         ADMIN_TOKEN and BEHIND_PROXY=1 on the server (and ALLOWED_HOSTS for another name), or ask it directly."
    );
    Some(ApiError::new(StatusCode::FORBIDDEN, detail))
}

/// The sign by which a proxy shows, if there is one.
fn sign(request: &Request, hosts: &Hosts) -> Option<&'static str> {
    let headers = request.headers();
    if headers.keys().any(|name| is_forwarding(name.as_str())) {
        return Some("it has a header like X-Forwarded-For, Forwarded, X-Real-IP or Via");
    }
    if matches!(request.version(), Version::HTTP_09 | Version::HTTP_10) {
        return Some("it speaks HTTP/1.0");
    }
    let is_foreign = |name| headers.get(name).and_then(host_of).is_some_and(|host| !hosts.allows(host));
    if is_foreign(header::ORIGIN) {
        return Some(
            "its Origin has a name that is none of this server's, which is that of another site or of a proxy",
        );
    }
    let is_own_page = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    (is_own_page && is_foreign(header::REFERER)).then_some("its Referer has a name that is none of this server's")
}

fn is_forwarding(name: &str) -> bool {
    ["forwarded", "via", "x-real-ip"].contains(&name) || name.starts_with("x-forwarded-")
}

/// Host and port of a URL in a header. `None` for `null`, which browsers send instead of a name that they withhold.
fn host_of(address: &axum::http::HeaderValue) -> Option<&str> {
    let (_scheme, rest) = address.to_str().unwrap_or("://?").split_once("://")?;
    rest.split('/').next()
}

/// Logs once if a proxy serves this program under a sub-path.
pub fn note_sub_path(headers: &HeaderMap) {
    static LOGGED: Once = Once::new();
    let has_prefix = |name| headers.get(name).is_some_and(|prefix| !prefix.is_empty() && prefix != "/");
    if !LOGGED.is_completed() && (has_prefix("x-forwarded-prefix") || has_prefix("x-script-name")) {
        LOGGED.call_once(|| {
            tracing::warn!(
                "a proxy serves this under a sub-path, which is not supported: give it a host name of its own"
            )
        });
    }
}
