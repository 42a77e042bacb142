//! What is compressed on its way out, and what is not.

use std::io::Read;
use std::time::Duration;

use flate2::read::GzDecoder;
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::json;
use traffic_simulator::document::Assets;

use crate::server::TestServer;

async fn ask(server: &TestServer, method: &str, path: &str, accepted: &str) -> Response {
    let request = server.request(method, path).header("accept-encoding", accepted);
    request.timeout(Duration::from_secs(20)).send().await.expect("an answer")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The text that was compressed once.
fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).expect("compressed once");
    text
}

/// A page of another moment has other numbers, and a nonce of its own: but as many lines, and the same ends.
fn assert_same(path: &str, packed: &str, plain: &str) {
    let is_stable = ["/api", "/traffic"].iter().any(|tree| path.starts_with(tree));
    if is_stable {
        assert!(packed == plain, "{path}");
    }
    let of = |text: &str| (text[..12].to_owned(), text[text.len() - 6..].to_owned(), text.lines().count());
    assert_eq!(of(packed), of(plain), "{path}");
}

#[tokio::test(flavor = "multi_thread")]
async fn complete_answers_are_compressed_for_those_who_take_it() {
    let server = TestServer::start().await;
    let settings = json!({ "scenario": "normal", "duration": 5, "maxRps": 20, "endpoints": "all", "seed": 1 });
    let id = server.start_run(&settings).await;
    server.closed(&id).await;
    let board = "/fn/dashboard/board?range=1h&origin=all".to_owned();
    let paths = [
        "/".to_owned(),
        "/runs".to_owned(),
        format!("/runs/{id}"),
        "/docs".to_owned(),
        "/api/openapi.json".to_owned(),
        "/metrics".to_owned(),
        board,
        format!("/traffic/status/{id}"),
        format!("/traffic/runs/{id}/export?format=json"),
        format!("/traffic/runs/{id}/export?format=csv"),
        format!("/traffic/runs/{id}/export?format=html"),
    ];
    for path in &paths {
        let plain = ask(&server, "GET", path, "identity").await;
        assert_eq!((plain.status().as_u16(), header(plain.headers(), "content-encoding")), (200, ""), "{path}");
        assert!(header(plain.headers(), "vary").contains("accept-encoding"), "{path}");
        let plain = plain.text().await.expect("text");
        let packed = ask(&server, "GET", path, "gzip, deflate, br, zstd").await;
        let headers = packed.headers().clone();
        assert_eq!((packed.status().as_u16(), header(&headers, "content-encoding")), (200, "gzip"), "{path}");
        assert!(header(&headers, "vary").contains("accept-encoding"), "{path}");
        let packed = packed.bytes().await.expect("a body");
        if let Ok(length) = header(&headers, "content-length").parse::<usize>() {
            assert_eq!(length, packed.len(), "{path}");
        }
        assert_same(path, &unpacked(&packed), &plain);
        assert!(packed.len() * 2 < plain.len(), "{path}: {} of {} bytes", packed.len(), plain.len());
        if path.starts_with("/fn/") {
            // A server function is asked with GET or POST, never with HEAD.
            continue;
        }
        let head = ask(&server, "HEAD", path, "gzip").await;
        assert_eq!((head.status().as_u16(), header(head.headers(), "content-encoding")), (200, "gzip"), "{path}");
        assert_eq!(header(head.headers(), "content-length"), "", "{path}: it would be that of another form");
        assert!(head.bytes().await.expect("none").is_empty(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_small_measured_or_refused_is_left_as_it_is() {
    let server = TestServer::start().await;
    let gone = "/traffic/status/019b76da-a800-7000-8000-000000000000";
    for (path, status) in [("/healthz", 200), ("/api/v1/users", 200), (gone, 404), ("/fn/nothing", 404)] {
        let answer = ask(&server, "GET", path, "gzip").await;
        assert_eq!((answer.status().as_u16(), header(answer.headers(), "content-encoding")), (status, ""), "{path}");
        let length = header(answer.headers(), "content-length").parse::<usize>().expect("a length");
        assert_eq!(length, answer.bytes().await.expect("a body").len(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_compressed_beforehand_is_not_compressed_again() {
    let site = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(site.path().join("pkg")).expect("a folder");
    let script = "let much = 'the same again and again';\n".repeat(200);
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(script.as_bytes(), flate2::Compression::best())
        .read_to_end(&mut packed)
        .expect("compressed");
    std::fs::write(site.path().join("pkg/page.js"), &script).expect("a file");
    std::fs::write(site.path().join("pkg/page.js.gz"), &packed).expect("a file");
    let server = TestServer::start_with(|config| {
        config.leptos.site_root = site.path().to_str().expect("text").into();
        config.leptos.site_pkg_dir = "pkg".into();
        config.assets = Assets::new("/pkg/page.css".to_owned(), "/pkg/page.js".to_owned(), "/pkg/page.wasm".to_owned());
    })
    .await;
    let answer = ask(&server, "GET", "/pkg/page.js", "gzip").await;
    assert_eq!(header(answer.headers(), "content-encoding"), "gzip");
    assert_eq!(header(answer.headers(), "content-length"), packed.len().to_string());
    assert_eq!(answer.bytes().await.expect("a body"), packed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_stream_is_not_compressed_and_its_events_come_at_once() {
    let server = TestServer::start().await;
    let settings = json!({ "scenario": "normal", "duration": 30, "maxRps": 5, "endpoints": "all" });
    let id = server.start_run(&settings).await;
    let mut stream = ask(&server, "GET", &format!("/traffic/stream/{id}"), "gzip, br").await;
    assert_eq!(header(stream.headers(), "content-encoding"), "");
    let (asked, mut text) = (tokio::time::Instant::now(), String::new());
    while text.matches("event: stats\n").count() < 4 {
        text += &String::from_utf8_lossy(&stream.chunk().await.expect("no error").expect("not the end"));
    }
    assert!(asked.elapsed() < Duration::from_secs(5), "one every half second: {:?}", asked.elapsed());
}
