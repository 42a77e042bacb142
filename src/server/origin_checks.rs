//! Keeps the pages of other sites away from a server that can make load.
//!
//! There are two checks, because neither is enough alone. A page of another site can send requests from the operator's
//! browser: `Sec-Fetch-Site` and `Origin` tell them apart (tower-http's `CsrfLayer`, the scheme of Go 1.25). A page whose
//! name was rebound to this address looks like our own: only the name in `Host` shows it.
//!
//! A link on another site's page is allowed: the browser shows the response to its user, and to nobody else.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::paths::is_health;
use crate::platform::problem::ApiError;
use crate::platform::request_id::RequestId;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
static CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// The host names that this server answers to.
#[derive(Clone, Debug)]
pub struct Hosts {
    names: Arc<[String]>,
    addresses: Arc<[IpAddr]>,
    /// On a public address every IP address is accepted, because an address can't be rebound.
    any_address: bool,
}

impl Hosts {
    /// The names of the loopback, those that the operator allows, and the address that the server listens on.
    pub fn new(allowed: &[String], ip: IpAddr) -> Self {
        let all = ["localhost", "127.0.0.1", "::1"].into_iter().chain(allowed.iter().map(String::as_str));
        let mut names = Vec::new();
        let mut addresses = vec![ip];
        for name in all {
            match address(name) {
                Some(address) => addresses.push(address),
                None => names.push(name.to_lowercase()),
            }
        }
        Self { names: names.into(), addresses: addresses.into(), any_address: !ip.is_loopback() }
    }

    /// The error of a request to a host name that this server does not answer to.
    pub fn refusal(&self, request: &Request) -> Option<ApiError> {
        let headers = request.headers().get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
        // A request to a proxy names the host in its first line, too. All names have to be ours.
        let mut hosts = headers.chain(request.uri().authority().map(|authority| authority.as_str())).peekable();
        if hosts.peek().is_none() {
            let may_lack_it = request.version() == Version::HTTP_10 && is_health(request.uri().path());
            return (!may_lack_it).then(|| ApiError::new(StatusCode::BAD_REQUEST, "The Host header is missing."));
        }
        (!hosts.all(|host| self.allows(host))).then(|| {
            ApiError::new(
                StatusCode::FORBIDDEN,
                "This server does not answer to that host name. Use localhost, or allow the name with ALLOWED_HOSTS.",
            )
        })
    }

    /// Whether the server answers to this name, with or without a port.
    pub fn allows(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        match address(name) {
            Some(address) => self.any_address || self.addresses.contains(&address),
            None => self.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)),
        }
    }
}

/// Parses a host name that is an IP address. An IPv6 address may be in brackets.
fn address(name: &str) -> Option<IpAddr> {
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    bare.unwrap_or(name).parse().ok()
}

/// Whether a page of another site wants to read the response, instead of only leading its user here. `CsrfLayer` lets
/// all requests pass that only read.
pub fn is_cross_site_read(request: &Request) -> bool {
    let says = |name: &str, values: &[&str]| {
        request.headers().get(name).is_some_and(|said| values.iter().any(|value| said == value))
    };
    let is_navigation = *request.method() == Method::GET
        && says("sec-fetch-mode", &["navigate"])
        && says("sec-fetch-dest", &["document"]);
    request.method().is_safe() && says("sec-fetch-site", &["cross-site", "same-site"]) && !is_navigation
}

/// The response to a request that a page of another site sent.
pub fn cross_origin() -> Response {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "Another site's page sent this request. Use this server's own page, or a program.",
    )
    .into_response()
}

/// The policy of a page: it may load its own files and run the script with the nonce, and nothing else.
pub fn content_security_policy(nonce: &str) -> String {
    // `cargo leptos watch` reloads the page by a web socket on another port.
    let connect = if std::env::var_os("LEPTOS_WATCH").is_some() { "'self' ws:" } else { "'self'" };
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; connect-src {connect}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// Adds the headers of every response. Pages get two more, about frames and about the referrer of links.
pub fn add_headers(headers: &mut HeaderMap, id: RequestId, is_api: bool) {
    headers.reserve(if is_api { 5 } else { 7 });
    let caching = if is_api { "no-store" } else { "no-cache" };
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(caching));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // No page of another site may embed the response, nor keep a reference to the window that it opened with it.
    headers.insert(&CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(&CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin"));
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
        let other_loopback = Hosts::new(&["192.0.2.7".to_owned()], IpAddr::from([127, 0, 0, 2]));
        for good in ["127.0.0.2:3000", "127.0.0.1", "[0:0::1]:3000", "192.0.2.7"] {
            assert!(other_loopback.allows(good), "{good}");
        }
        assert!(!other_loopback.allows("127.0.0.3") && !other_loopback.allows("192.0.2.8"));
        assert!(!public.allows("evil.test:3000"), "a name may be rebound, an address not");
    }
}
