//! Why a request failed, in a sentence.

use crate::metrics::log_model::LoggedRequest;
use crate::traffic::engine::exchange::Exchange;
use crate::traffic::engine::mix::Call;
use crate::traffic::engine::outcome::Fate;

/// Why the request failed, as far as its client, its endpoint and its status tell. `None` for one that did not fail.
/// `exchange` is what the run knows of a simulated request.
pub fn cause(request: &LoggedRequest, exchange: Option<&Exchange>) -> Option<&'static str> {
    let fate = exchange.and_then(|exchange| exchange.outcome.as_deref()).and_then(Fate::of_name);
    of_client(fate).or_else(|| of_endpoint(request)).or_else(|| of_status(request))
}

/// What the client knows, when no response reached it.
fn of_client(fate: Option<Fate>) -> Option<&'static str> {
    match fate? {
        Fate::Answered(_) => None,
        Fate::Timeout => Some("The client gave up, because there was no response within 5 s."),
        Fate::Connect => Some("The client could not connect."),
        Fate::Transport => Some("The connection broke before the client had the whole response."),
        Fate::Cancelled => Some("The request was in flight when the run ended, and was not awaited any longer."),
    }
}

/// The error endpoint fails because it was asked to.
fn of_endpoint(request: &LoggedRequest) -> Option<&'static str> {
    let route = request.route.strip_prefix("/api/v1").unwrap_or(&request.route);
    let call = Call::of_route(&format!("{} {route}", request.method))?;
    let injected = request.status >= 500 && call.fails_on_purpose();
    injected.then_some(
        "The error was injected: this endpoint fails on purpose, as often as its caller asks for. Nothing is broken.",
    )
}

fn of_status(request: &LoggedRequest) -> Option<&'static str> {
    let is_simulated = request.run.is_some();
    let cause = match request.status {
        0..=399 => return None,
        400 => "The request could not be understood: a part of it is missing, unknown or of the wrong type.",
        403 => "The request came from the page of another site, and was refused.",
        404 if !request.route.starts_with('/') => "The API has no such path.",
        404 => "There is no user with this id.",
        405 => "The path exists, but not for this method.",
        409 => "Another user has this e-mail address.",
        410 => "The run was over, or not known any more, when the request arrived.",
        413 => "The body was too large.",
        415 => "The body was not sent as JSON.",
        422 => "A value was out of range.",
        429 if is_simulated => "More requests of the run arrived within one second than the cap allows.",
        499 => "The client disconnected before the response was complete.",
        500 => "The server failed. Its log has the cause under the id of the request.",
        503 => "The server was at one of its limits, or the database could not be used.",
        507 => "The server stores no more users: the limit is reached.",
        _ => return None,
    };
    Some(cause)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::origin::RunId;

    fn request(route: &str, status: u16) -> LoggedRequest {
        LoggedRequest {
            request_id: Uuid::nil(),
            at: 0,
            method: "GET".into(),
            route: route.into(),
            status,
            duration: 1.0,
            run: None,
            seq: None,
        }
    }

    #[test]
    fn a_failure_has_a_cause_and_a_success_has_none() {
        let rows = [
            ("/api/v1/users", 200, None),
            ("/api/v1/users/error", 200, None),
            ("/api/v1/users/error", 503, Some("The error was injected")),
            ("/api/v1/users", 503, Some("The server was at one of its limits")),
            ("/api/v1/users/error", 422, Some("A value was out of range")),
            ("/api/v1/users/{id}", 404, Some("There is no user")),
            ("(no such path)", 404, Some("The API has no such path")),
            ("/api/v1/users", 499, Some("The client disconnected")),
            ("/api/v1/users", 418, None),
        ];
        for (route, status, words) in rows {
            let found = cause(&request(route, status), None);
            assert_eq!(found.is_some(), words.is_some(), "{route} {status}: {found:?}");
            assert!(found.unwrap_or_default().starts_with(words.unwrap_or_default()), "{route} {status}: {found:?}");
        }
    }

    #[test]
    fn the_client_knows_better_why_there_was_no_response() {
        let simulated = LoggedRequest { run: Some(RunId(Uuid::nil())), seq: Some(1), ..request("/api/v1/users", 499) };
        let of = |outcome: &str| {
            let exchange = Exchange { outcome: Some(outcome.to_owned()), ..Exchange::default() };
            cause(&simulated, Some(&exchange)).unwrap_or_default()
        };
        assert!(of("timeout").starts_with("The client gave up"));
        assert!(of("cancelled").contains("when the run ended"));
        assert!(of("499").starts_with("The client disconnected"), "an answered one is judged by its status");
    }
}
