//! Who may talk to the server: the matrix of origins and hosts on every route that changes something.

use super::server::TestServer;

const CHANGING: [&str; 5] = [
    "/traffic/start",
    "/traffic/stop/019b76da-a800-7000-8000-000000000000",
    "/fn/traffic/start",
    "/fn/traffic/stop",
    "/api/v1/users",
];

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_pages_are_refused_and_everybody_else_is_not() {
    let server = TestServer::start().await;
    let own = server.base.clone();
    let host = own.trim_start_matches("http://").to_owned();
    let rows: [(&[(&str, &str)], bool, &str); 10] = [
        (&[], true, "a program"),
        (&[("sec-fetch-site", "same-origin")], true, "our own page"),
        (&[("sec-fetch-site", "none")], true, "typed by the user"),
        (&[("sec-fetch-site", "same-site")], false, "another port of this machine"),
        (&[("sec-fetch-site", "cross-site")], false, "another site"),
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
    for path in CHANGING {
        for (headers, passes, why) in rows {
            let mut request = server.request("POST", path).body("{}");
            if !headers.iter().any(|(name, _)| *name == "host") {
                request = request.header("host", &host);
            }
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = server.send(request).await;
            assert_eq!(answer.status != 403, passes, "{why}: POST {path} answered {}", answer.status);
            if !passes {
                answer.problem();
            }
        }
    }
    assert_eq!(server.count("SELECT count(*) FROM runs").await, 0);
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
