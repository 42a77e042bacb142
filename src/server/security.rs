//! Who may talk to a server that can make load: nobody but its own page and programs on this machine.
//!
//! Two checks, because neither is enough alone. A page of another site can send requests here from
//! the operator's browser: `Sec-Fetch-Site` and `Origin` tell it apart (tower-http's `CsrfLayer`,
//! the scheme of Go 1.25). A page whose name was rebound to this address looks like our own: only
//! the name in `Host` gives it away.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Refusal;

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

    fn allows(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let is_address = || name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        self.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)) || (self.any_address && is_address())
    }
}

/// Refuses every request to a name that is not ours, whatever its method.
pub async fn check_host(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    match host.or_else(|| request.uri().authority().map(|authority| authority.as_str())) {
        None => Refusal::new(StatusCode::BAD_REQUEST, "The Host header is missing.").into_response(),
        Some(host) if hosts.allows(host) => next.run(request).await,
        Some(_) => {
            let detail =
                "This server does not answer to that host name. Use localhost, or allow the name with ALLOWED_HOSTS.";
            Refusal::new(StatusCode::FORBIDDEN, detail).into_response()
        }
    }
}

/// Refuses what another site's page asks for: `CsrfLayer` lets every GET pass, but jobs and streams are private.
pub async fn refuse_cross_site_reads(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let private = path.starts_with("/traffic/") || path.starts_with("/fn/");
    let cross_site =
        request.headers().get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site");
    if private && cross_site && request.method() == Method::GET { cross_origin() } else { next.run(request).await }
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

/// Headers that every answer carries.
pub async fn add_headers(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_api = ["/api/", "/traffic/", "/fn/"].iter().any(|tree| path.starts_with(tree));
    let caching = if is_api { "no-store" } else { "no-cache" };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(caching));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
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
