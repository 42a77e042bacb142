//! Behind a reverse proxy: refused without a token, and right with one. By a real nginx, an ordinary process.

use std::process::Stdio;
use std::time::Duration;

use reqwest::redirect::Policy;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::raw::send;
use crate::server::{Answer, TestServer};
use traffic_simulator::server::auth::AdminToken;

const TOKEN: &str = "only-for-this-test-7f3a";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_token_refuses_what_a_proxy_passes_on() {
    let server = TestServer::start_with(|config| config.allowed_hosts = vec!["dash.example".to_owned()]).await;
    let host = server.base.trim_start_matches("http://").to_owned();
    let rows: [(&[(&str, &str)], bool); 17] = [
        (&[("x-forwarded-for", "192.0.2.1")], false),
        (&[("x-forwarded-proto", "https")], false),
        (&[("x-forwarded-host", "dash.example")], false),
        (&[("x-forwarded-whatever", "")], false),
        (&[("forwarded", "for=192.0.2.1")], false),
        (&[("x-real-ip", "192.0.2.1")], false),
        (&[("via", "1.1 proxy")], false),
        (&[("origin", "https://dash.other")], false),
        (&[("sec-fetch-site", "same-origin"), ("referer", "https://dash.other/runs")], false),
        (&[("origin", "\u{fc}")], false),
        (&[("sec-fetch-site", "same-origin"), ("referer", "http://127.0.0.1:1/runs")], true),
        (&[("sec-fetch-site", "same-origin"), ("referer", "https://dash.example:8443/")], true),
        (&[("sec-fetch-site", "none"), ("referer", "https://dash.other/")], true),
        (&[("referer", "https://dash.other/")], true),
        (&[("origin", "http://localhost:3000")], true),
        (&[("origin", "null")], true),
        (&[("x-request-id", "1"), ("x-requested-with", "x")], true),
    ];
    for path in [
        "/",
        "/runs",
        "/docs",
        "/login",
        "/metrics",
        "/traffic/runs",
        "/fn/traffic/card",
        "/api/v1/users",
        "/nothing",
        "/pkg/x",
    ] {
        for (headers, passes) in rows {
            let mut request = server.request("GET", path);
            for (name, value) in headers {
                request =
                    request.header(*name, reqwest::header::HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
            }
            let answer = server.send(request).await;
            assert_eq!(answer.status != 403, passes, "{path} {headers:?}: {}", answer.status);
            if !passes {
                let detail = answer.problem()["detail"].as_str().expect("words").to_owned();
                assert!(detail.contains("Set ADMIN_TOKEN and BEHIND_PROXY=1"), "{detail}");
            }
        }
        let old = send(&host, &[&format!("GET {path} HTTP/1.0"), &format!("host: {host}")]).await;
        assert!(old.status == 403 && old.body.contains("HTTP/1.0"), "{path}: {}", old.body);
    }
    for (headers, _) in rows {
        let mut request = server.request("GET", "/healthz");
        for (name, value) in headers {
            request =
                request.header(*name, reqwest::header::HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        assert_eq!(server.send(request).await.status, 200, "{headers:?}");
    }
    assert_eq!(send(&host, &["GET /healthz HTTP/1.0"]).await.status, 200, "without a host name, too");
    let start = server.request("POST", "/traffic/start").header("x-forwarded-for", "192.0.2.1");
    let start = start
        .header("content-type", "application/json")
        .body(r#"{"scenario":"normal","duration":5,"maxRps":1,"endpoints":"all"}"#);
    assert_eq!(server.send(start).await.status, 403);
    assert_eq!(server.count("SELECT count(*) FROM runs").await, 0);
}

/// An nginx before a server.
struct Nginx {
    base: String,
    _process: Child,
    _folder: TempDir,
}

impl Nginx {
    /// With these lines beside `proxy_pass`.
    async fn before(server: &TestServer, lines: &str) -> Self {
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx", "/opt/homebrew/bin/nginx", "/usr/local/bin/nginx"];
        let program = program.into_iter().find(|program| std::path::Path::new(program).exists());
        let program =
            program.expect("nginx is missing, and this test is about it; install it by: scripts/setup --test");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().display();
        // Free now, and nobody takes it in the moment before nginx does.
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {path}/{kind};"))
            .join("\n");
        let configuration = format!(
            "daemon off; master_process off; pid {path}/pid; error_log {path}/error.log;\n\
             events {{}}\nhttp {{ access_log off; {temporary}\n\
             server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {}; {lines} }} }} }}\n",
            server.base
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration).expect("written");
        let process = Command::new(program)
            .args([
                "-p".as_ref(),
                folder.path().as_os_str(),
                "-e".as_ref(),
                folder.path().join("error.log").as_os_str(),
                "-c".as_ref(),
                file.as_os_str(),
            ])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("nginx starts");
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Self { base: format!("http://127.0.0.1:{port}"), _process: process, _folder: folder };
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!(
            "nginx does not listen: {}",
            std::fs::read_to_string(folder.path().join("error.log")).unwrap_or_default()
        );
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        client.request(method.parse().expect("a method"), format!("{}{path}", self.base))
    }

    async fn log_in(&self, server: &TestServer, form: &str, claim: &str) -> Answer {
        let post = self.request("POST", "/login").header("content-type", "application/x-www-form-urlencoded");
        server
            .send(post.header("x-forwarded-for", claim).header("sec-fetch-site", "same-origin").body(form.to_owned()))
            .await
    }
}

/// What the documents of proxies recommend.
const FORWARDING: &str = "proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $http_host; \
     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto https; proxy_buffering off;";

#[tokio::test(flavor = "multi_thread")]
async fn nginx_before_a_server_without_a_token_lets_nobody_in() {
    let server = TestServer::start().await;
    for lines in ["", FORWARDING, "proxy_http_version 1.1; proxy_set_header X-Real-IP $remote_addr;"] {
        let nginx = Nginx::before(&server, lines).await;
        for path in ["/", "/runs", "/traffic/runs", "/api/v1/users"] {
            let answer = server.send(nginx.request("GET", path)).await;
            assert_eq!(answer.status, 403, "{lines} {path}");
            assert!(
                answer.problem()["detail"].as_str().is_some_and(|detail| detail.contains("ADMIN_TOKEN")),
                "{}",
                answer.text
            );
        }
        let start = nginx.request("POST", "/traffic/start").header("content-type", "application/json");
        let start = start.body(r#"{"scenario":"normal","duration":5,"maxRps":1,"endpoints":"all"}"#);
        assert_eq!(server.send(start).await.status, 403, "{lines}");
        assert_eq!(server.send(nginx.request("GET", "/healthz")).await.status, 200, "{lines}");
    }
    // A browser's page under another name, through a proxy that adds nothing else.
    let silent = Nginx::before(&server, "proxy_http_version 1.1; proxy_set_header Connection \"\";").await;
    let page = silent.request("POST", "/fn/traffic/start").header("origin", "http://dash.example");
    assert_eq!(server.send(page).await.status, 403);
    assert_eq!(server.count("SELECT count(*) FROM runs").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_before_a_guarded_server_works_with_and_without_its_headers() {
    for lines in ["", FORWARDING] {
        let server = TestServer::start_with(|config| {
            config.admin_token = Some(AdminToken(TOKEN.to_owned()));
            config.behind_proxy = Some(1);
        })
        .await;
        let nginx = Nginx::before(&server, lines).await;
        let page = server.send(nginx.request("GET", "/runs").header("accept", "text/html")).await;
        assert!(page.status == 401 && page.text.contains("value=\"/runs\""), "{lines}: {}", page.text);
        for disguise in ["/pkg/%252e%252e/runs", "/pkg/%2e%2e/runs", "/pkg/..%2fruns"] {
            assert!(
                [400, 401].contains(&server.send(nginx.request("GET", disguise)).await.status),
                "{lines} {disguise}"
            );
        }
        let right = nginx.log_in(&server, &format!("token={TOKEN}&next=/runs"), "203.0.113.1").await;
        assert_eq!((right.status, right.header("location")), (303, "/runs"), "{lines}");
        let cookie = right.header("set-cookie");
        assert!(cookie.contains("; Secure"), "{lines}: {cookie}");
        let cookie = cookie.split(';').next().expect("a pair").to_owned();
        let runs = server.send(nginx.request("GET", "/runs").header("cookie", &cookie)).await;
        assert!(runs.status == 200 && runs.text.contains("Set up the first run"), "{lines}");
        let start = nginx
            .request("POST", "/traffic/start")
            .header("cookie", &cookie)
            .header("content-type", "application/json");
        let start = start
            .header("sec-fetch-site", "same-origin")
            .body(r#"{"scenario":"normal","duration":5,"maxRps":2,"endpoints":"all"}"#);
        let id = server.send(start).await.json()["jobId"].as_str().expect("an id").to_owned();
        let stream =
            server.send(nginx.request("GET", &format!("/traffic/stream/{id}")).header("cookie", &cookie)).await;
        assert_eq!(stream.text.matches("event: done\n").count(), 1, "{lines}: {}", stream.text);
        // The one who fails is bounded, whatever it claims to be; a proxy has to add to what it claims.
        let claims = !lines.is_empty();
        for number in 0..10 {
            let claim = if claims { format!("203.0.113.{number}") } else { String::new() };
            assert_eq!(nginx.log_in(&server, "token=guess", &claim).await.status, 401, "{lines}");
        }
        let refused = nginx.log_in(&server, "token=guess", if claims { "203.0.113.99" } else { "" }).await;
        assert_eq!(refused.status, 429, "{lines}");
    }
}
