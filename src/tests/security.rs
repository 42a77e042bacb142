//! Who may talk to the server: the matrix of origins and hosts on every route that changes something.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::server::TestServer;

const CHANGING: [(&str, &str); 9] = [
    ("POST", "/traffic/start"),
    ("POST", "/traffic/stop/019b76da-a800-7000-8000-000000000000"),
    ("DELETE", "/traffic/runs/019b76da-a800-7000-8000-000000000000"),
    ("POST", "/fn/traffic/start"),
    ("POST", "/fn/traffic/stop"),
    ("POST", "/fn/traffic/delete"),
    ("POST", "/api/v1/users"),
    ("PATCH", "/api/v1/users/019b76da-a800-7000-8000-000000000000"),
    ("POST", "/login"),
];

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_pages_are_refused_and_everybody_else_is_not() {
    let server = TestServer::start().await;
    let own = server.base.clone();
    let host = own.trim_start_matches("http://").to_owned();
    let rows: [(&[(&str, &str)], bool, &str); 11] = [
        (&[], true, "a program"),
        (&[("sec-fetch-site", "same-origin")], true, "our own page"),
        (&[("sec-fetch-site", "none")], true, "typed by the user"),
        (&[("sec-fetch-site", "same-site")], false, "another port of this machine"),
        (&[("sec-fetch-site", "cross-site")], false, "another site"),
        (&[("sec-fetch-site", "cross-site"), ("content-type", "text/plain")], false, "another site, by a form"),
        (&[("origin", &own)], true, "our own origin, old browser"),
        (&[("origin", "http://127.0.0.1:1")], false, "another port, old browser"),
        (&[("origin", "http://evil.test")], false, "another host, old browser"),
        (&[("origin", "null")], false, "a sandboxed frame"),
        (
            &[("host", "evil.test"), ("origin", "http://evil.test"), ("sec-fetch-site", "same-origin")],
            false,
            "a rebound name",
        ),
    ];
    for (method, path) in CHANGING {
        for (headers, passes, why) in rows {
            let mut request = server.request(method, path).body("{}");
            if !headers.iter().any(|(name, _)| *name == "host") {
                request = request.header("host", &host);
            }
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = server.send(request).await;
            assert_eq!(answer.status != 403, passes, "{why}: {method} {path} answered {}", answer.status);
            if !passes {
                answer.problem();
            }
        }
    }
    assert_eq!(server.count("SELECT count(*) FROM runs").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_host_is_refused() {
    let server = TestServer::start().await;
    let mut connection =
        tokio::net::TcpStream::connect(server.base.trim_start_matches("http://")).await.expect("a connection");
    connection.write_all(b"GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n").await.expect("written");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("The Host header is missing"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_function_says_whose_fault_it_was() {
    let server = TestServer::start().await;
    let call = |path: &str, body: &'static str| {
        server.request("POST", path).header("content-type", "application/x-www-form-urlencoded").body(body)
    };
    for (path, body, status, error) in [
        ("/fn/traffic/stop", "job_id=17", 400, "\"Malformed\""),
        ("/fn/traffic/stop", "job_id=019b76da-a800-7000-8000-000000000000", 404, "\"NotFound\""),
        ("/fn/traffic/delete", "job_id=019b76da-a800-7000-8000-000000000000", 404, "\"NotFound\""),
    ] {
        let answer = server.send(call(path, body)).await;
        assert_eq!((answer.status, answer.text.as_str()), (status, error), "{path} {body}");
        assert_eq!(answer.header("x-request-id").len(), 36);
    }
    let oversized =
        server.request("POST", "/fn/traffic/start").header("content-type", "application/x-www-form-urlencoded");
    let answer = server.send(oversized.body("x".repeat(17 * 1024))).await;
    assert_eq!((answer.status, answer.text.as_str()), (400, "\"Malformed\""), "too large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebound_name_reads_nothing_either() {
    let server = TestServer::start().await;
    for path in ["/", "/healthz", "/api/v1/users", "/fn/traffic/card", "/runs/019b76da-a800-7000-8000-000000000000"] {
        let answer = server.send(server.request("GET", path).header("host", "evil.test")).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    let cross_site =
        server.send(server.request("GET", "/fn/traffic/card").header("sec-fetch-site", "cross-site")).await;
    assert_eq!(cross_site.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_request_id_and_its_safety_headers() {
    let server = TestServer::start().await;
    for (path, caching) in
        [("/", "no-cache"), ("/api/v1/users", "no-store"), ("/traffic/nothing", "no-store"), ("/nothing", "no-cache")]
    {
        let answer = server.get(path).await;
        assert!(uuid::Uuid::parse_str(answer.header("x-request-id")).is_ok(), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), caching, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        let of_pages = [answer.header("x-frame-options"), answer.header("referrer-policy")];
        assert_eq!(of_pages, if caching == "no-cache" { ["DENY", "same-origin"] } else { [""; 2] }, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_has_a_policy_with_a_nonce_of_its_own() {
    let server = TestServer::start().await;
    let mut nonces = std::collections::BTreeSet::new();
    for path in ["/", "/", "/runs/nonsense", "/nothing"] {
        let page = server.get(path).await;
        let policy = page.header("content-security-policy").to_owned();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        let nonce =
            policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce").to_owned();
        let scripts = page.text.matches("<script").count();
        assert!(
            scripts > 0 && page.text.matches(&format!("nonce=\"{nonce}\"")).count() == scripts,
            "{path}: every script has it"
        );
        nonces.insert(nonce);
    }
    assert_eq!(nonces.len(), 4, "a new one for every page");
}
