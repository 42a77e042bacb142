//! Who may talk to a server that can make load: nobody but its own page and programs on this machine.
//!
//! Two checks, because neither is enough alone. A page of another site can send requests here from
//! the operator's browser: `Sec-Fetch-Site` and `Origin` tell it apart (tower-http's `CsrfLayer`,
//! the scheme of Go 1.25). A page whose name was rebound to this address looks like our own: only
//! the name in `Host` gives it away.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::problem::Refusal;
use super::request_id::RequestId;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The names by which this server may be addressed, without port.
#[derive(Clone, Debug)]
pub struct Hosts {
    names: Arc<[String]>,
    /// On a public address any address will do: no name was rebound to get here.
    any_address: bool,
}

impl Hosts {
    /// The loopback's names, and those that the operator allowed, for a server that listens on `ip`.
    pub fn new(allowed: &[String], ip: IpAddr) -> Self {
        let loopback = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        let names = loopback.into_iter().chain(allowed.iter().map(|host| host.to_lowercase())).collect();
        Self { names, any_address: !ip.is_loopback() }
    }

    /// What to say to a request to a name that is not ours, whatever its method.
    pub fn refusal(&self, request: &Request) -> Option<Refusal> {
        let host = request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or_default());
        match host.or_else(|| request.uri().authority().map(|authority| authority.as_str())) {
            None => Some(Refusal::new(StatusCode::BAD_REQUEST, "The Host header is missing.")),
            Some(host) if self.allows(host) => None,
            Some(_) => Some(Refusal::new(
                StatusCode::FORBIDDEN,
                "This server does not answer to that host name. Use localhost, or allow the name with ALLOWED_HOSTS.",
            )),
        }
    }

    fn allows(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let is_address = || name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        self.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)) || (self.any_address && is_address())
    }
}

/// Does another site's page want to read what is private? `CsrfLayer` lets every GET pass.
pub fn is_cross_site_read(request: &Request) -> bool {
    let path = request.uri().path();
    let private = path.starts_with("/traffic/") || path.starts_with("/fn/") || path == "/metrics";
    let is_cross_site =
        || request.headers().get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site");
    private && request.method() == Method::GET && is_cross_site()
}

/// The answer to a request that another site's page sent.
pub fn cross_origin() -> Response {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "Another site's page sent this request. Use this server's own page, or a program.",
    )
    .into_response()
}

/// What a page may load and do: its own files, its own script by the nonce, nothing else.
pub fn content_security_policy(nonce: &str) -> String {
    // `cargo leptos watch` reloads the page by a socket on another port.
    let connect = if std::env::var_os("LEPTOS_WATCH").is_some() { "'self' ws:" } else { "'self'" };
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; connect-src {connect}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// Headers that every answer carries; a page also says who may show it in a frame, and what its links tell.
pub fn add_headers(headers: &mut HeaderMap, id: RequestId, is_api: bool) {
    headers.reserve(if is_api { 3 } else { 5 });
    let caching = if is_api { "no-store" } else { "no-cache" };
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(caching));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !is_api {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    }
    if let Ok(id) = HeaderValue::from_str(id.0.hyphenated().encode_lower(&mut Uuid::encode_buffer())) {
        headers.insert(&X_REQUEST_ID, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_without_port_and_case() {
        let hosts = Hosts::new(&["Dash.Example".to_owned()], IpAddr::from([127, 0, 0, 1]));
        for good in
            ["localhost", "localhost:3000", "127.0.0.1:3000", "[::1]:3000", "[::1]", "LOCALHOST", "dash.example:80"]
        {
            assert!(hosts.allows(good), "{good}");
        }
        for bad in [
            "evil.test",
            "evil.test:3000",
            "localhost.evil.test",
            "127.0.0.1.evil.test",
            "",
            "localhost:3000:x",
            "192.168.0.7:3000",
        ] {
            assert!(!hosts.allows(bad), "{bad}");
        }
        let public = Hosts::new(&[], IpAddr::from([0, 0, 0, 0]));
        for good in ["192.168.0.7:3000", "[2001:db8::1]:3000", "localhost"] {
            assert!(public.allows(good), "{good}");
        }
        assert!(!public.allows("evil.test:3000"), "a name may be rebound, an address not");
    }
}
