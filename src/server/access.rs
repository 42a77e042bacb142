//! Who may use what can make load, when the server can be reached from other machines.
//!
//! Without an `ADMIN_TOKEN` everybody on the loopback may. With one, programs send it as
//! `Authorization: Bearer`, and a browser gets a cookie instead, because an `EventSource` can't send
//! headers: by the one-time address that is logged at the start, or by the login page. The users
//! API stays public, as do the documentation and what a page is made of.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Form, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::problem::{QueryFields, Refusal};
use crate::input::Value;

/// The shortest `ADMIN_TOKEN`, in characters: too long to be guessed over the network.
pub const SHORTEST_TOKEN: usize = 16;
/// How many browsers may be logged in; one more logs the first one out.
const SESSIONS: usize = 64;
const COOKIE: &str = "traffic-simulator-session";

/// The `ADMIN_TOKEN`. No log shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken(pub String);

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(…)")
    }
}

/// The token, and the browsers that have shown it.
#[derive(Clone)]
pub struct Access(Option<Arc<Guarded>>);

struct Guarded {
    token: String,
    style: Arc<str>,
    /// Taken by the first browser that opens the address with it.
    once: Mutex<Option<String>>,
    sessions: Mutex<VecDeque<String>>,
}

/// 122 random bits.
fn draw() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Takes as long for a wrong secret as for the right one of the same length.
fn same(given: &str, secret: &str) -> bool {
    given.as_bytes().ct_eq(secret.as_bytes()).into()
}

impl Access {
    /// For everybody, or for those who know the token. `style` is the address of the style sheet.
    pub fn new(token: Option<AdminToken>, style: Arc<str>) -> Self {
        let guarded =
            |AdminToken(token)| Guarded { token, style, once: Mutex::new(Some(draw())), sessions: Mutex::default() };
        Self(token.map(|token| Arc::new(guarded(token))))
    }

    /// The answer to a request for what is private, without the token.
    pub fn refusal(&self, request: &Request) -> Option<Response> {
        let guarded = self.0.as_ref()?;
        let (path, headers) = (request.uri().path(), request.headers());
        if is_public(path) || guarded.admits(headers) {
            return None;
        }
        let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        let mut response = if accepts.contains("text/html") && !path.starts_with("/traffic/") {
            guarded.login_page(StatusCode::UNAUTHORIZED, "")
        } else {
            let detail =
                "This needs the server's ADMIN_TOKEN: send it as Authorization: Bearer TOKEN, or log in at /login.";
            Refusal::new(StatusCode::UNAUTHORIZED, detail).into_response()
        };
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        Some(response)
    }

    /// Is a token needed?
    pub fn is_guarded(&self) -> bool {
        self.0.is_some()
    }

    /// Path and query that log one browser in, once. Absent when no login is needed.
    pub fn one_time_path(&self) -> Option<String> {
        let once = self.0.as_ref()?.once.lock().unwrap_or_else(PoisonError::into_inner);
        once.as_ref().map(|once| format!("/login?once={once}"))
    }
}

impl Guarded {
    fn admits(&self, headers: &HeaderMap) -> bool {
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && same(token.trim(), &self.token));
        bearer || cookies(headers).any(|session| self.knows(session))
    }

    fn knows(&self, session: &str) -> bool {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().any(|known| same(session, known))
    }

    fn use_once(&self, given: &str) -> bool {
        let mut once = self.once.lock().unwrap_or_else(PoisonError::into_inner);
        let right = once.as_deref().is_some_and(|once| same(given, once));
        if right {
            *once = None;
        }
        right
    }

    /// A new session, and the way to the dashboard.
    fn let_in(&self, headers: &HeaderMap) -> Response {
        let session = draw();
        // Behind a proxy that speaks TLS the cookie must never travel without it.
        let secure = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
        let secure = if secure { "; Secure" } else { "" };
        let cookie = format!("{COOKIE}={session}; HttpOnly; SameSite=Strict; Path=/{secure}");
        {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.truncate(SESSIONS - 1);
            sessions.push_front(session);
        }
        let mut response = Redirect::to("/").into_response();
        match HeaderValue::from_str(&cookie) {
            Ok(cookie) => response.headers_mut().insert(header::SET_COOKIE, cookie),
            Err(error) => return Refusal::internal(error).into_response(),
        };
        response
    }

    /// `fault` is ours, never a user's text.
    fn login_page(&self, status: StatusCode, fault: &'static str) -> Response {
        let fault = if fault.is_empty() {
            String::new()
        } else {
            format!("<p class=\"error-note\" role=\"alert\">{fault}</p>")
        };
        let style = &self.style;
        let page = format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>Log in · Traffic Simulator</title><link rel=\"stylesheet\" href=\"{style}\">\
             <link rel=\"icon\" type=\"image/svg+xml\" href=\"/favicon.svg\"></head>\
             <body><main id=\"main\"><h1>Log in</h1><form class=\"card login\" method=\"post\" action=\"/login\">{fault}\
             <p><label for=\"token\">Token</label> <input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\" required autofocus aria-describedby=\"token-help\"></p>\
             <p id=\"token-help\" class=\"help\">The ADMIN_TOKEN that this server was started with. Its log also has an address that logs one browser in, once.</p>\
             <p><button class=\"button primary\" type=\"submit\">Log in</button></p></form></main></body></html>\n"
        );
        let policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        let mut response = (status, Html(page)).into_response();
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        response
    }
}

/// The values of our cookie.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then_some(value)
    })
}

/// What everybody may see: the users API, whether the server lives, and what the login page is made of.
fn is_public(path: &str) -> bool {
    ["/healthz", "/readyz", "/login", "/docs", "/favicon.svg", "/robots.txt"].contains(&path)
        || ["/api/", "/pkg/"].iter().any(|tree| path.starts_with(tree))
}

#[derive(Deserialize)]
struct LoginForm {
    token: String,
}

/// `/login`
pub fn login(access: Access) -> Router {
    Router::new().route("/login", get(show).post(enter)).with_state(access)
}

/// The one-time address, and the page with the form.
async fn show(State(access): State<Access>, headers: HeaderMap, QueryFields(fields): QueryFields) -> Response {
    let Some(guarded) = &access.0 else { return Redirect::to("/").into_response() };
    match fields.get("once") {
        Some(Value::Text(once)) if guarded.use_once(once) => guarded.let_in(&headers),
        Some(_) => guarded.login_page(StatusCode::UNAUTHORIZED, "This address was used before. Give the token itself."),
        None => guarded.login_page(StatusCode::OK, ""),
    }
}

async fn enter(State(access): State<Access>, headers: HeaderMap, Form(form): Form<LoginForm>) -> Response {
    let Some(guarded) = &access.0 else { return Redirect::to("/").into_response() };
    if same(form.token.trim(), &guarded.token) {
        guarded.let_in(&headers)
    } else {
        tracing::warn!("a login with a wrong token");
        guarded.login_page(
            StatusCode::UNAUTHORIZED,
            "This is not the token. It is the server's ADMIN_TOKEN; whoever started it knows it.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_is_what_is_named_and_nothing_else() {
        for path in ["/healthz", "/readyz", "/login", "/docs", "/api/v1/users", "/api/openapi.json", "/pkg/x.js"] {
            assert!(is_public(path), "{path}");
        }
        for path in ["/", "/runs", "/traffic/start", "/fn/traffic/start", "/metrics", "/login/", "/healthzz", "/apiary"]
        {
            assert!(!is_public(path), "{path}");
        }
    }

    #[test]
    fn a_token_is_compared_as_a_whole() {
        let token = "a-token-of-20-letters";
        let Access(Some(guarded)) = Access::new(Some(AdminToken(token.to_owned())), "".into()) else {
            panic!("guarded")
        };
        let with = |value: &str| {
            HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(value).expect("a value"))])
        };
        for good in [format!("Bearer {token}"), format!("bearer {token}")] {
            assert!(guarded.admits(&with(&good)), "{good}");
        }
        for bad in [
            token.to_owned(),
            "Bearer ".to_owned(),
            format!("Bearer {token}x"),
            format!("Basic {token}"),
            "Bearer a-token".to_owned(),
        ] {
            assert!(!guarded.admits(&with(&bad)), "{bad}");
        }
        assert!(!guarded.admits(&HeaderMap::new()));
    }

    #[test]
    fn sessions_are_bounded_and_the_oldest_goes_first() {
        let Access(Some(guarded)) = Access::new(Some(AdminToken("x".repeat(SHORTEST_TOKEN))), "".into()) else {
            panic!("guarded")
        };
        let session = || {
            let response = guarded.let_in(&HeaderMap::new());
            let cookie = response.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
            assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
            cookie.split([';', '=']).nth(1).expect("a value").to_owned()
        };
        let first = session();
        assert!(guarded.knows(&first));
        let others: Vec<String> = (0..SESSIONS).map(|_| session()).collect();
        assert!(!guarded.knows(&first));
        assert!(others.iter().all(|other| guarded.knows(other)));
    }
}
