//! Who may use the routes that are not public.
//!
//! Without an `ADMIN_TOKEN` everybody on this machine may. With one, programs send it as `Authorization: Bearer`, and a
//! browser gets a cookie, because an `EventSource` can't send headers. [`guard`] is a layer around the routes that are
//! not public, and around their fallback. So access is decided on the route that answers, not on the text of the path.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use subtle::ConstantTimeEq;
use tokio::time::Instant;
use uuid::Uuid;

use super::attempts::Attempts;
use super::login_form;
use super::origin_checks::{cross_origin, is_cross_site_read};
use super::peer::Peer;
use super::sessions::Sessions;
use crate::platform::problem::ApiError;

/// The shortest `ADMIN_TOKEN` in characters. One of this length can't be guessed over the network.
pub const SHORTEST_TOKEN: usize = 16;
/// How long the one-time address is valid.
const ONE_TIME: Duration = Duration::from_secs(10 * 60);
/// The responses of a guarded server must not stay in any cache, so that nobody sees them after the log-out.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

/// The `ADMIN_TOKEN`. Its debug output hides it, so that no log shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken(pub String);

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(…)")
    }
}

/// Who has access: everybody, or those who know the token. Cheap to clone.
#[derive(Clone)]
pub struct Access(Option<Arc<Guarded>>);

/// The token of a guarded server, its sessions, and the failed attempts to log in.
pub struct Guarded {
    token: String,
    /// The address of the style sheet, for the login page.
    pub(super) style: Arc<str>,
    proxies: Option<u8>,
    /// The secret of the one-time address and when it was generated. `None` once it is used.
    once: Mutex<Option<(String, Instant)>>,
    pub(super) sessions: Sessions,
    pub(super) attempts: Attempts,
}

/// A secret of 122 random bits.
fn random_secret() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Compares in constant time, so that the duration tells nothing about the secret but its length.
fn is_same(given: &str, secret: &str) -> bool {
    given.as_bytes().ct_eq(secret.as_bytes()).into()
}

impl Access {
    /// Access for those who know the token; without a token, for everybody. `proxies` is how many proxies stand before
    /// the server, and `style` is the address of the style sheet.
    pub fn new(token: Option<AdminToken>, proxies: Option<u8>, style: Arc<str>) -> Self {
        let guarded = |AdminToken(token)| Guarded {
            sessions: Sessions::new(&token),
            token,
            style,
            proxies,
            once: Mutex::new(Some((random_secret(), Instant::now()))),
            attempts: Attempts::default(),
        };
        Self(token.map(|token| Arc::new(guarded(token))))
    }

    /// Whether a token is needed.
    pub fn is_guarded(&self) -> bool {
        self.0.is_some()
    }

    /// The token and its sessions, if a token is needed.
    pub(super) fn guarded(&self) -> Option<&Guarded> {
        self.0.as_deref()
    }

    /// Whether the browser that sent these headers has a session, which it can end.
    pub(super) fn has_session(&self, headers: &HeaderMap) -> bool {
        self.guarded().is_some_and(|guarded| guarded.sessions.knows(headers))
    }

    /// The client that sent a request: by what the proxies say, or else the one that opened the connection.
    pub(super) fn peer(&self, connected: Peer, headers: &HeaderMap) -> Peer {
        let proxies = self.guarded().and_then(|guarded| guarded.proxies);
        proxies.and_then(|proxies| Peer::behind(proxies, headers)).unwrap_or(connected)
    }

    /// Path and query of the one-time address, which logs in one browser within ten minutes. `None` if it is used, or
    /// if no token is needed.
    pub fn one_time_path(&self) -> Option<String> {
        let once = self.0.as_ref()?.once.lock();
        once.as_ref().map(|(once, _)| format!("/login?once={once}"))
    }
}

impl Guarded {
    /// Whether a request carries the token, or the cookie of a session.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && self.is_token(token));
        bearer || self.sessions.knows(headers)
    }

    /// Whether this is the token. Spaces around it are ignored.
    pub(super) fn is_token(&self, given: &str) -> bool {
        is_same(given.trim(), &self.token)
    }

    /// Whether this is the secret of the one-time address, still unused and valid. If it is, it is used from now on.
    pub(super) fn use_once(&self, given: &str) -> bool {
        let mut once = self.once.lock();
        let is_right = once.as_ref().is_some_and(|(once, since)| is_same(given, once) && since.elapsed() < ONE_TIME);
        if is_right {
            *once = None;
        }
        is_right
    }

    /// Whether cookies have to be `Secure`: behind a proxy with TLS they must never travel without it.
    pub(super) fn is_secure(&self, headers: &HeaderMap) -> bool {
        self.proxies.is_some() || headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https")
    }

    fn refusal(&self, request: &Request) -> Response {
        let accepts = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        let mut response = if accepts.contains("text/html") {
            let next = request.uri().path_and_query().filter(|_| request.method().is_safe());
            login_form::form(&self.style, StatusCode::UNAUTHORIZED, "", next.map_or("/", |next| next.as_str()))
        } else {
            let detail =
                "This needs the server's ADMIN_TOKEN: send it as Authorization: Bearer TOKEN, or log in at /login.";
            ApiError::new(StatusCode::UNAUTHORIZED, detail).into_response()
        };
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        response
    }
}

/// The layer around every route that is not public.
pub async fn guard(State(access): State<Access>, request: Request, next: Next) -> Response {
    if is_cross_site_read(&request) {
        return cross_origin();
    }
    let Some(guarded) = &access.0 else { return next.run(request).await };
    let admitted = guarded.admits(request.headers());
    let mut response = if admitted { next.run(request).await } else { guarded.refusal(&request) };
    response.headers_mut().insert(header::CACHE_CONTROL, PRIVATE);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(token: &str, proxies: Option<u8>) -> Access {
        Access::new(Some(AdminToken(token.to_owned())), proxies, "".into())
    }

    #[test]
    fn a_token_is_compared_as_a_whole() {
        let token = "a-token-of-20-letters";
        let access = guarded(token, None);
        let admits = |value: &str| {
            let value = HeaderValue::from_str(value).expect("a value");
            access.guarded().expect("guarded").admits(&HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
        };
        for good in [format!("Bearer {token}"), format!("bearer {token}")] {
            assert!(admits(&good), "{good}");
        }
        for bad in [token, "Bearer ", &format!("Bearer {token}x"), &format!("Basic {token}"), "Bearer a-token"] {
            assert!(!admits(bad), "{bad}");
        }
        assert!(!access.guarded().expect("guarded").admits(&HeaderMap::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_one_time_address_ends_with_its_use_and_with_its_time() {
        let secret = |access: &Access| access.one_time_path().expect("a path").replace("/login?once=", "");
        let access = guarded("a-token-of-20-letters", None);
        let (once, known) = (secret(&access), access.guarded().expect("guarded"));
        assert!(!known.use_once("guess"));
        tokio::time::advance(ONE_TIME - Duration::from_secs(1)).await;
        assert!(known.use_once(&once));
        assert!(!known.use_once(&once) && access.one_time_path().is_none());
        let access = guarded("a-token-of-20-letters", None);
        let once = secret(&access);
        tokio::time::advance(ONE_TIME).await;
        assert!(!access.guarded().expect("guarded").use_once(&once));
    }

    #[test]
    fn only_behind_a_proxy_a_header_says_who_it_is() {
        let headers = HeaderMap::from_iter([(
            axum::http::HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_static("192.0.2.1"),
        )]);
        let [proxy, client] = ["127.0.0.1", "192.0.2.1"].map(|ip| Peer::of(ip.parse().expect("an address")));
        for (proxies, headers, peer) in
            [(None, &headers, proxy), (Some(1), &headers, client), (Some(1), &HeaderMap::new(), proxy)]
        {
            let access = guarded("a-token-of-20-letters", proxies);
            let guarded = access.guarded().expect("guarded");
            assert_eq!(access.peer(proxy, headers), peer);
            assert_eq!(guarded.is_secure(headers), proxies.is_some());
        }
    }
}
