//! The page's files: how they are compressed, how long they may be kept, and who names them.

use std::path::Path;

use tempfile::TempDir;
use traffic_simulator::document::Assets;
use traffic_simulator::server::auth::AdminToken;

use crate::server::{Answer, TestServer};

const STYLE: &str = "/pkg/traffic-simulator.aaaaaaaaaaaaaaaaaaaaa1.css";
const SCRIPT: &str = "/pkg/traffic-simulator.bbbbbbbbbbbbbbbbbbbb_-.js";
const WASM: &str = "/pkg/traffic-simulator.cccccccccccccccccccccc.wasm";
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A site as a release has it. What is in a file says which of its three forms it is.
fn site() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("pkg")).expect("a folder");
    for path in [STYLE, SCRIPT, WASM, "/favicon.svg", "/robots.txt", "/pkg/plain.js"] {
        let write = |ending: &str| {
            let file = folder.path().join(format!("{}{ending}", &path[1..]));
            std::fs::write(file, format!("{path}{ending}")).expect("a file");
        };
        for ending in ["", ".br", ".gz"] {
            write(ending);
        }
    }
    std::fs::write(folder.path().join("only.svg"), "not compressed").expect("a file");
    folder
}

async fn serve(site: &Path, token: Option<&str>) -> TestServer {
    TestServer::start_with(|config| {
        config.leptos.site_root = site.to_str().expect("text").into();
        config.leptos.site_pkg_dir = "pkg".into();
        config.assets = Assets::new(STYLE.to_owned(), SCRIPT.to_owned(), WASM.to_owned());
        config.admin_token = token.map(|token| AdminToken(token.to_owned()));
    })
    .await
}

async fn with(server: &TestServer, method: &str, path: &str, header: (&str, &str)) -> Answer {
    server.send(server.request(method, path).header(header.0, header.1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_may_be_kept_as_long_as_its_name_says() {
    let site = site();
    let server = serve(site.path(), None).await;
    for (path, kind, caching) in [
        (STYLE, "text/css", FOR_EVER),
        (SCRIPT, "text/javascript", FOR_EVER),
        (WASM, "application/wasm", FOR_EVER),
        ("/pkg/plain.js", "text/javascript", "no-cache"),
        ("/favicon.svg", "image/svg+xml", "public, max-age=3600"),
        ("/robots.txt", "text/plain", "public, max-age=3600"),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, caching), "{path}");
        assert_eq!((answer.header("content-type"), answer.header("vary")), (kind, "accept-encoding"), "{path}");
        assert_eq!((answer.header("content-encoding"), answer.text.as_str()), ("", path));
        let head = with(&server, "HEAD", path, ("accept-encoding", "br")).await;
        assert_eq!((head.status, head.header("content-encoding"), head.text.as_str()), (200, "br", ""), "{path}");
        let tag = answer.header("etag").to_owned();
        assert!(!tag.is_empty(), "{path}");
        let same = with(&server, "GET", path, ("if-none-match", &tag)).await;
        assert_eq!((same.status, same.header("cache-control"), same.text.as_str()), (304, caching, ""), "{path}");
    }
    for path in [
        "/",
        "/runs",
        "/docs",
        "/nothing",
        "/pkg",
        "/pkg/",
        "/pkg/page.dddddddddddddddddddddd.js",
        "/pkg/../../Cargo.toml",
    ] {
        let answer = server.get(path).await;
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-cache", "{path}");
        assert_eq!(answer.status, if ["/", "/runs", "/docs"].contains(&path) { 200 } else { 404 }, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_form_that_the_client_takes_is_sent() {
    let site = site();
    let server = serve(site.path(), None).await;
    for (accepted, encoding, ending) in [
        ("gzip, deflate, br, zstd", "br", ".br"),
        ("gzip, deflate", "gzip", ".gz"),
        ("br;q=0.1, gzip", "gzip", ".gz"),
        ("br;q=0, gzip;q=0", "", ""),
        ("identity", "", ""),
        ("zstd", "", ""),
        ("nonsense;;", "", ""),
    ] {
        let answer = with(&server, "GET", WASM, ("accept-encoding", accepted)).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, encoding), "{accepted}");
        assert_eq!(answer.text, format!("{WASM}{ending}"), "{accepted}");
        assert_eq!(answer.header("content-type"), "application/wasm", "{accepted}");
        assert_eq!(answer.header("vary"), "accept-encoding", "{accepted}");
    }
    let answer = with(&server, "GET", "/only.svg", ("accept-encoding", "br, gzip")).await;
    assert_eq!((answer.header("content-encoding"), answer.text.as_str()), ("", "not compressed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_names_the_same_files() {
    let site = site();
    let token = "only-for-this-test-7f3a";
    let server = serve(site.path(), Some(token)).await;
    let page = server.send(server.request("GET", "/").bearer_auth(token)).await;
    assert_eq!(page.status, 200);
    for part in [
        format!("<link rel=\"stylesheet\" id=\"leptos\" href=\"{STYLE}\""),
        format!("fetch('{WASM}')"),
        format!("import('{SCRIPT}')"),
    ] {
        assert!(page.text.contains(&part), "{part}");
    }
    assert!(!page.text.contains("preload"), "without a script nothing of it is loaded");
    for path in ["/docs", "/login", "/"] {
        let page = with(&server, "GET", path, ("accept", "text/html")).await;
        assert!(page.text.contains(&format!("<link rel=\"stylesheet\" href=\"{STYLE}\">")), "{path}: {}", page.text);
        let caching = if path == "/docs" { "no-cache" } else { "private, no-store" };
        assert_eq!(page.header("cache-control"), caching, "{path}");
    }
    for path in [STYLE, SCRIPT, WASM, "/favicon.svg", "/robots.txt"] {
        assert_eq!(server.get(path).await.status, 200, "{path} is for everybody");
    }
}
