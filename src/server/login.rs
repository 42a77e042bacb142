//! `/login` and `/logout`: how a browser gets a session and ends it.

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Form, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use leptos::prelude::*;
use serde::Deserialize;

use super::attempts::Attempt;
use super::auth::{Access, Guarded};
use super::login_form::{destination, form, login_page};
use super::peer::Peer;
use crate::platform::extract::QueryFields;
use crate::platform::problem::ApiError;
use crate::validation::{Fields, Value};

/// The fields of both forms: the token or the secret of the one-time address, and the page that follows the log-in.
#[derive(Deserialize)]
struct LoginForm {
    token: Option<String>,
    once: Option<String>,
    next: Option<String>,
}

/// The routes `/login` and `/logout`, which are public.
pub fn routes(access: Access) -> Router {
    Router::new().route("/login", get(show).post(enter)).route("/logout", post(leave)).with_state(access)
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    match fields.get(name) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// Shows the form. For the one-time address the form is a button only: opening the address does not use it up, because
/// link previews open it, too.
async fn show(State(access): State<Access>, headers: HeaderMap, QueryFields(fields): QueryFields) -> Response {
    let next = destination(field(&fields, "next").unwrap_or("/"));
    let Some(guarded) = access.guarded() else { return Redirect::to(next).into_response() };
    match field(&fields, "once") {
        Some(once) => button(guarded, once.to_owned(), next),
        None if guarded.sessions.knows(&headers) => Redirect::to(next).into_response(),
        None => form(&guarded.style, StatusCode::OK, "", next),
    }
}

async fn enter(
    State(access): State<Access>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    sent: Result<Form<LoginForm>, FormRejection>,
) -> Response {
    let Some(guarded) = access.guarded() else { return Redirect::to("/").into_response() };
    let LoginForm { token, once, next } = match sent {
        Ok(Form(form)) => form,
        Err(rejection) => {
            return form(&guarded.style, rejection.status(), "The form could not be read. Send it again.", "/");
        }
    };
    let next = destination(next.as_deref().unwrap_or("/"));
    let peer = peer.map_or(Peer::UNKNOWN, |Extension(peer)| peer);
    let is_right = || match (&token, &once) {
        (Some(token), _) => guarded.is_token(token),
        (None, Some(once)) => guarded.use_once(once),
        (None, None) => false,
    };
    let fault = match guarded.attempts.make(peer, is_right) {
        Attempt::Right => return with_cookie(guarded.sessions.begin(guarded.is_secure(&headers)), next),
        Attempt::Refused(seconds) => return too_many(guarded, seconds, next),
        Attempt::Wrong { last } if token.is_some() => {
            tracing::warn!(%peer, last, "a log-in with a wrong token");
            "This is not the token. It is the server's ADMIN_TOKEN; whoever started it knows it."
        }
        Attempt::Wrong { last } => {
            tracing::warn!(%peer, last, "a log-in with a one-time address that is wrong, used or expired");
            "This address was used before, or it is older than ten minutes. Give the token itself."
        }
    };
    form(&guarded.style, StatusCode::UNAUTHORIZED, fault, next)
}

fn too_many(guarded: &Guarded, seconds: u32, next: &str) -> Response {
    let fault = "Too many logins have failed from this address. Wait a minute, and try again.";
    let mut response = form(&guarded.style, StatusCode::TOO_MANY_REQUESTS, fault, next);
    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    response
}

/// Ends the session of the browser.
async fn leave(State(access): State<Access>, headers: HeaderMap) -> Response {
    let Some(guarded) = access.guarded() else { return Redirect::to("/").into_response() };
    with_cookie(guarded.sessions.end(guarded.is_secure(&headers)), "/login")
}

fn with_cookie(cookie: String, to: &str) -> Response {
    match HeaderValue::try_from(cookie) {
        Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}

/// The page for the one-time address.
fn button(guarded: &Guarded, once: String, next: &str) -> Response {
    let fields = || {
        view! {
            <p>"This logs in this browser, once. It stays logged in for 30 days, or until you log out."</p>
            <input type="hidden" name="once" value=once />
        }
    };
    login_page(&guarded.style, StatusCode::OK, fields, next)
}
