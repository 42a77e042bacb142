//! Every private route in every disguise of its path: who has no token sees nothing of it, under whatever status.

use std::collections::BTreeSet;

use serde_json::json;

use crate::raw::{RawAnswer, send, send_with_body};
use crate::server::TestServer;
use traffic_simulator::server::auth::AdminToken;

const TOKEN: &str = "only-for-this-test-7f3a";

async fn guarded() -> TestServer {
    TestServer::start_with(|config| config.admin_token = Some(AdminToken(TOKEN.to_owned()))).await
}

/// What a disguise is to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// Could mean something else to the next reader: 400.
    Refused,
    /// Another way to write the same request.
    Same,
    /// Another path, whatever is there.
    Other,
}

/// All disguises of a path that begins with a slash.
fn disguises(path: &str, host: &str) -> Vec<(String, Meaning)> {
    let rest = &path[1..];
    let first_encoded = match rest.bytes().next() {
        Some(byte) => format!("/%{byte:02x}{}", &rest[1..]),
        None => "/%2f".to_owned(),
    };
    let all_encoded: String = rest.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let public =
        ["/pkg", "/healthz", "/login", "/docs", "/favicon.svg", "/robots.txt", "/api", "/api/v1", "/api/v1/users"];
    let up =
        ["..", "%2e%2e", ".%2E", "%252e%252e", "%25252e%25252e", "%2525252e%2525252e", "x/../..", "./..", "..%2f.."];
    let through_public =
        public.into_iter().flat_map(|public| up.map(|up| (format!("{public}/{up}{path}"), Meaning::Refused)));
    let refused = [
        format!("/..{path}"),
        format!("/.{path}"),
        format!("/%2e{path}"),
        format!("/pkg%2f..{path}"),
        format!("/pkg/..%2f{rest}"),
        format!("/pkg\\..{path}"),
        format!("/pkg/..\\{rest}"),
        format!("/pkg/..%5c{rest}"),
        format!("/pkg/%2e%2e%5c{rest}"),
        format!("/pkg/%255c..%255c{rest}"),
        format!("/{path}"),
        format!("//pkg/{path}"),
        format!("/%2f{rest}"),
        format!("{path}//"),
        format!("{path}/."),
        format!("{path}/.."),
        format!("{path}/%2e%2e/"),
        format!("{path}%5c"),
        format!("{path}%00"),
        format!("{path}%0d%0a"),
        format!("{path}%2509"),
        format!("{path}%7f"),
        format!("{path}/x/../"),
        format!("{path}%2525252561"),
        format!("http://{host}/pkg/..{path}"),
        format!("http://{host}/pkg/%2e%2e{path}"),
    ];
    let other = [
        format!("{path}%20"),
        format!("{path};jsessionid=/pkg/x"),
        format!("{path}/;/pkg/x"),
        format!("/pkg;{path}"),
        format!("{path}%3f"),
        format!("{path}%23/pkg/"),
        format!("{path}%3b"),
        format!("/pkg{path}"),
        format!("/api{path}"),
        format!("/pkg/%c0%ae%c0%ae{path}"),
        format!("/pkg/%c0%ae%c0%ae%c0%af{rest}"),
        format!("/%c0%af{rest}"),
        format!("/pkg/%ef%bc%8e%ef%bc%8e{path}"),
        format!("/pkg/..;{path}"),
        format!("/pkg/...{path}"),
        format!("/pkg/.. {path}"),
        format!("/pkg/\t..{path}"),
        format!("/pkg/?{path}"),
        format!("/pkg/x?/../..{path}"),
        format!("{path}.css"),
        format!("{path}*"),
        "*".to_owned(),
        rest.to_owned(),
        path.to_uppercase(),
        first_encoded,
        format!("/{all_encoded}"),
        format!("{path}/"),
        format!("http://{host}{path}/"),
    ];
    let same = [
        path.to_owned(),
        format!("{path}?x=/pkg/../y//\\"),
        format!("http://{host}{path}"),
        format!("http://{host}{path}?/pkg/"),
    ];
    let refused = refused.map(|path| (path, Meaning::Refused));
    let other = other.map(|path| (path, Meaning::Other));
    let same = same.map(|path| (path, Meaning::Same));
    through_public.chain(refused).chain(other).chain(same).collect()
}

/// Without what differs from one request to the next: its id, and the address that the login page goes on to.
fn bare(body: &str) -> String {
    ["urn:uuid:", "name=\"next\" value=\""].iter().fold(body.to_owned(), |body, begin| match body.split_once(begin) {
        Some((before, after)) => format!("{before}{begin}{}", &after[after.find('"').unwrap_or(0)..]),
        None => body,
    })
}

struct Client<'a> {
    host: &'a str,
    token: Option<&'a str>,
    accept: &'a str,
}

impl Client<'_> {
    async fn ask(&self, method: &str, target: &str, version: &str) -> RawAnswer {
        let first = format!("{method} {target} {version}");
        let lines = [first, format!("host: {}", self.host), format!("accept: {}", self.accept)];
        let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let token = self.token.map(|token| format!("authorization: Bearer {token}"));
        lines.extend(token.as_deref());
        if method != "GET" {
            lines.push("content-length: 0");
        }
        send(self.host, &lines).await
    }
}

/// Everything that somebody without a token may be told: what is for everybody, and the ways to say no.
async fn what_everybody_may_see(host: &str, run: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::from([String::new()]);
    for accept in ["*/*", "text/html"] {
        let client = Client { host, token: None, accept };
        for path in [
            "/",
            "/metrics",
            "/pkg/nothing",
            "/api/nothing",
            "/healthz",
            "/docs",
            "/login",
            "/api/openapi.json",
            "/api/v1/nothing",
            "/favicon.svg",
            "/robots.txt",
            "/pkg/..",
            "/x//y",
            "/x%00",
            "/x%5c",
            "/x%2525252561",
            "*",
        ] {
            let answer = client.ask("GET", path, "HTTP/1.1").await;
            assert!(answer.header("set-cookie").is_none());
            // None of it may be the app: each of its pages has one of these.
            for private in [run, "START TEST", "action=\"/logout\""] {
                assert!(!answer.body.contains(private), "{path} has {private}: {}", answer.body);
            }
            seen.insert(bare(&answer.body));
        }
        for (method, path) in
            [("POST", "/x/"), ("POST", "/healthz"), ("DELETE", "/healthz"), ("POST", "/docs"), ("DELETE", "/docs")]
        {
            seen.insert(bare(&client.ask(method, path, "HTTP/1.1").await.body));
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn no_disguise_of_a_path_shows_what_is_private() {
    let server = guarded().await;
    let host = server.base.trim_start_matches("http://").to_owned();
    let settings = json!({ "scenario": "normal", "duration": 5, "maxRps": 2, "endpoints": "all" }).to_string();
    let start = server.request("POST", "/traffic/start").bearer_auth(TOKEN).header("content-type", "application/json");
    let run = server.send(start.body(settings)).await.json()["jobId"].as_str().expect("an id").to_owned();
    let mut routes: Vec<(&str, String)> = [
        "/",
        "/runs",
        "/runs/RUN",
        "/runs/compare",
        "/requests",
        "/requests/RUN",
        "/metrics",
        "/traffic/runs",
        "/traffic/runs/RUN",
        "/traffic/status/RUN",
        "/traffic/runs/RUN/export",
        "/fn/traffic/runs",
        "/fn/traffic/card",
        "/fn/dashboard/board",
        "/fn/metrics/overview",
        "/fn/metrics/health",
        "/fn/metrics/log",
        "/nothing",
        "/traffic",
        "/fn",
        "/pkg",
    ]
    .map(|path| ("GET", path.replace("RUN", &run)))
    .to_vec();
    routes.extend([("POST", "/traffic/start".to_owned()), ("POST", "/fn/traffic/start".to_owned())]);
    routes.extend([("POST", format!("/traffic/stop/{run}")), ("DELETE", format!("/traffic/runs/{run}"))]);

    let allowed = what_everybody_may_see(&host, &run).await;
    assert!(allowed.len() > 10, "the texts differ");
    let mut tried = 0;
    for (method, path) in &routes {
        for (target, meaning) in disguises(path, &host) {
            for version in ["HTTP/1.1", "HTTP/1.0"] {
                let accept = if tried % 2 == 0 { "*/*" } else { "text/html" };
                let stranger = Client { host: &host, token: None, accept }.ask(method, &target, version).await;
                let what = format!("{method} {target} {version} answered {}", stranger.status);
                assert!(allowed.contains(&bare(&stranger.body)), "{what}: {}", stranger.body);
                assert!(stranger.status != 500 && stranger.header("set-cookie").is_none(), "{what}");
                if meaning == Meaning::Refused {
                    assert_eq!(stranger.status, 400, "{what}");
                }
                tried += 1;
            }
            if *method == "GET" {
                let known =
                    Client { host: &host, token: Some(TOKEN), accept: "*/*" }.ask(method, &target, "HTTP/1.1").await;
                let what = format!("{method} {target} with the token answered {}", known.status);
                match meaning {
                    Meaning::Refused => assert!(known.status == 400 && allowed.contains(&bare(&known.body)), "{what}"),
                    Meaning::Same => assert!([200, 404, 400].contains(&known.status), "{what}"),
                    Meaning::Other => assert!([200, 308, 400, 404].contains(&known.status), "{what}"),
                }
                let is_exact = meaning == Meaning::Same || target == *path || target.contains('?');
                assert!(known.status != 200 || is_exact, "{what}: only the plain path is the page");
            }
        }
    }
    assert!(tried > 3_000, "{tried}");
    // The server did nothing of all that was asked for without a token.
    assert_eq!(server.count("SELECT count(*) FROM runs").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slash_at_the_end_leads_to_the_page_without_it() {
    let server = TestServer::start().await;
    let host = server.base.trim_start_matches("http://");
    let client = Client { host, token: None, accept: "*/*" };
    for (path, to) in [
        ("/runs/", "/runs"),
        ("/runs/?page=2&x=/", "/runs?page=2&x=/"),
        ("/traffic/runs/", "/traffic/runs"),
        ("/api/v1/users/?perPage=1", "/api/v1/users?perPage=1"),
        ("/healthz/", "/healthz"),
        ("/pkg/", "/pkg"),
        ("/nothing/", "/nothing"),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = client.ask(method, path, "HTTP/1.1").await;
            assert_eq!((answer.status, answer.header("location")), (308, Some(to)), "{method} {path}");
        }
        for method in ["POST", "PATCH", "DELETE", "PUT"] {
            let answer = client.ask(method, path, "HTTP/1.1").await;
            assert_eq!((answer.status, answer.header("location")), (404, None), "{method} {path}");
            assert!(answer.body.contains("without the slash at its end"), "{}", answer.body);
        }
    }
    let runs = server.get("/runs/").await;
    assert!(runs.status == 200 && runs.text.contains("Set up the first run"), "a browser arrives");
    assert_eq!(client.ask("GET", "/", "HTTP/1.1").await.status, 200, "the root is no slash too many");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_not_taken_is_refused_in_words() {
    let server = TestServer::start().await;
    let host = server.base.trim_start_matches("http://");
    for (path, words) in [
        ("/pkg/../runs", "segment of dots"),
        ("/a//b", "two slashes in a row"),
        ("/a%5cb", "backslash"),
        ("/a%00", "control character"),
        ("/a%2525252561", "more than three times"),
        ("/api/v1/users/..", "segment of dots"),
    ] {
        let problem = Client { host, token: None, accept: "*/*" }.ask("GET", path, "HTTP/1.1").await;
        assert_eq!((problem.status, problem.header("content-type")), (400, Some("application/problem+json")), "{path}");
        assert!(problem.body.contains(words), "{path}: {}", problem.body);
        let page = Client { host, token: None, accept: "text/html" }.ask("GET", path, "HTTP/1.1").await;
        assert!(page.status == 400 && page.body.contains(words), "{path}: {}", page.body);
        assert_eq!(page.body.starts_with("<!DOCTYPE html>"), !path.starts_with("/api/"), "{path}");
    }
    // A query is not looked at.
    assert_eq!(server.get("/runs?x=/../%2e%2e//%5c%00").await.status, 200);
    let body = r#"{"name":"A/../B \\ C","email":"a..b@example.com"}"#;
    let lines = [
        "POST /api/v1/users HTTP/1.1",
        &format!("host: {host}"),
        "content-type: application/json",
        &format!("content-length: {}", body.len()),
    ];
    assert_eq!(send_with_body(host, &lines, body).await.status, 201, "nor is a body");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_nowhere_is_a_page_of_its_own() {
    let server = TestServer::start().await;
    let pages = ["/nothing", "/pkg/nothing", "/pkg", "/%72uns", "/RUNS", "/runs;x", "/trafficked", "/favicon.svg.map"];
    let mut seen = BTreeSet::new();
    for path in pages {
        let page = server.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(!page.text.contains("<script") && page.text.contains("Go to the dashboard"), "{path}: {}", page.text);
        seen.insert(page.text);
    }
    assert_eq!(seen.len(), 1, "whatever the path, it is the same page");
}
