//! Who may talk to the server: the matrix of origins and hosts on every route that changes something.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::raw::send;
use crate::server::TestServer;

const CHANGING: [(&str, &str); 10] = [
    ("POST", "/traffic/start"),
    ("POST", "/traffic/stop/019b76da-a800-7000-8000-000000000000"),
    ("DELETE", "/traffic/runs/019b76da-a800-7000-8000-000000000000"),
    ("POST", "/fn/traffic/start"),
    ("POST", "/fn/traffic/stop"),
    ("POST", "/fn/traffic/delete"),
    ("POST", "/api/v1/users"),
    ("PATCH", "/api/v1/users/019b76da-a800-7000-8000-000000000000"),
    ("POST", "/login"),
    ("POST", "/logout"),
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
    let host = server.base.trim_start_matches("http://");
    for (lines, status) in [
        (vec!["GET /healthz HTTP/1.0"], 200),
        (vec!["GET /healthz HTTP/1.0", "host: evil.test"], 403),
        (vec!["GET /runs HTTP/1.0"], 400),
        (vec!["GET /api/v1/users HTTP/1.0"], 400),
        (vec!["GET /healthz HTTP/1.1", "host: localhost", "host: evil.test"], 403),
        (vec!["GET http://evil.test/healthz HTTP/1.1", "host: localhost"], 403),
        (vec!["GET http://localhost/healthz HTTP/1.1", "host: localhost"], 200),
    ] {
        let answer = send(host, &lines).await;
        assert_eq!(answer.status, status, "{lines:?}: {}", answer.body);
    }
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
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_on_another_sites_page_opens_and_nothing_else_reads() {
    let server = TestServer::start().await;
    let read = |path: &str, site: &str, mode: &str, dest: &str| {
        let request = server.request("GET", path).header("sec-fetch-site", site);
        server.send(request.header("sec-fetch-mode", mode).header("sec-fetch-dest", dest))
    };
    for path in ["/", "/runs", "/metrics", "/traffic/runs", "/fn/traffic/card"] {
        for site in ["cross-site", "same-site"] {
            assert_eq!(read(path, site, "navigate", "document").await.status, 200, "a link to {path}");
            for (mode, dest) in [
                ("cors", "empty"),
                ("no-cors", "script"),
                ("no-cors", "image"),
                ("navigate", "iframe"),
                ("navigate", "object"),
            ] {
                assert_eq!(read(path, site, mode, dest).await.status, 403, "{path} by {mode} as {dest}");
            }
            let bare = server.send(server.request("GET", path).header("sec-fetch-site", site)).await;
            assert_eq!(bare.status, 403, "{path} by who does not say how");
        }
        for site in ["same-origin", "none"] {
            assert_eq!(read(path, site, "cors", "empty").await.status, 200, "{path} by {site}");
        }
    }
    let form = server.request("POST", "/traffic/start").header("sec-fetch-site", "cross-site");
    let form = form.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document");
    assert_eq!(server.send(form).await.status, 403, "a form of another site is no link");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_it_listens_on_is_its_name() {
    for listen in ["127.0.0.2:0", "[::1]:0"] {
        let server = TestServer::start_at(listen, |_| {}).await;
        assert_eq!(server.get("/runs").await.status, 200, "{listen}");
        let settings = serde_json::json!({ "scenario": "normal", "duration": 5, "maxRps": 5, "endpoints": "all" });
        let run = server.start_run(&settings).await;
        let stats = server.closed(&run).await["stats"].clone();
        assert_eq!(stats["failedRequests"], 0, "{listen}: {stats}");
        assert!(stats["successfulRequests"].as_u64().is_some_and(|ok| ok > 20), "{listen}: {stats}");
    }
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
        for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
            assert_eq!(answer.header(name), "same-origin", "{path}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        let of_pages = [answer.header("x-frame-options"), answer.header("referrer-policy")];
        assert_eq!(of_pages, if caching == "no-cache" { ["DENY", "same-origin"] } else { [""; 2] }, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_has_a_policy_with_a_nonce_of_its_own() {
    let server = TestServer::start().await;
    let mut nonces = std::collections::BTreeSet::new();
    for path in ["/", "/", "/runs/nonsense", "/runs"] {
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
