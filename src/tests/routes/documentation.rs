//! `/api/openapi.json` and `/docs`: they say what is, and their examples run.

use std::collections::BTreeSet;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::server::TestServer;
use traffic_simulator::server::api_docs::examples::{EXAMPLES, FIRST_STEPS};
use traffic_simulator::server::auth::AdminToken;
use traffic_simulator::traffic::engine::CAP;
use traffic_simulator::traffic::model::{MAX_DURATION, MIN_DURATION};

/// Operation id, method, path, operation.
fn operations(api: &Value) -> Vec<(String, String, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in api["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            let id = operation["operationId"].as_str().expect("an id").to_owned();
            all.push((id, method.clone(), path.clone(), operation.clone()));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_described_with_an_example_and_all_of_its_answers() {
    let server = TestServer::start().await;
    let answer = server.get("/api/openapi.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    let api = answer.json();
    assert!(api["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", api["openapi"]);
    let described: BTreeSet<String> = operations(&api).into_iter().map(|(id, ..)| id).collect();
    let shown: BTreeSet<String> = EXAMPLES.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(described, shown);
    for (id, method, path, operation) in operations(&api) {
        let answers: BTreeSet<&str> =
            operation["responses"].as_object().expect("answers").keys().map(String::as_str).collect();
        for status in ["400", "403", "500", "503"] {
            assert!(answers.contains(status), "{id}: {status}");
        }
        assert_eq!(path.contains('{'), answers.contains("404"), "{id}: what has an id may be missing");
        assert_eq!(operation["requestBody"].is_object(), answers.contains("415"), "{id}: {method} with a body");
        assert!(operation["security"].is_null() && !answers.contains("401"), "{id}: no token is needed here");
    }
    let start = &api["components"]["schemas"]["StartRequest"];
    assert_eq!(start["additionalProperties"], false);
    assert_eq!(start["required"], serde_json::json!(["scenario", "duration", "maxRps", "endpoints"]));
    let bounds =
        |field: &str| (start["properties"][field]["minimum"].as_u64(), start["properties"][field]["maximum"].as_u64());
    assert_eq!(bounds("duration"), (Some(MIN_DURATION.into()), Some(MAX_DURATION.into())));
    assert_eq!((bounds("maxRps"), bounds("seed")), ((Some(1), Some(CAP.into())), (Some(0), Some(u32::MAX.into()))));
    // The validator names the fields that it knows: they are those of the description.
    let refused = server.post("/traffic/start", r#"{"unknown":1}"#).await.problem();
    let known =
        refused["errors"][0]["detail"].as_str().expect("words").rsplit("known are ").next().expect("a list").to_owned();
    let known: BTreeSet<&str> = known.split(", ").collect();
    assert_eq!(known, start["properties"].as_object().expect("properties").keys().map(String::as_str).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_the_description_says_where_it_is_needed() {
    let server =
        TestServer::start_with(|config| config.admin_token = Some(AdminToken("a-token-for-this-test".to_owned())))
            .await;
    for (id, _, path, operation) in operations(&server.get("/api/openapi.json").await.json()) {
        let private = path.starts_with("/traffic/") || path == "/metrics";
        assert_eq!(operation["security"].is_array(), private, "{id}");
        assert_eq!(operation["responses"]["401"].is_object(), private, "{id}");
    }
    assert!(server.get("/docs").await.text.contains("Authorization: Bearer $ADMIN_TOKEN"));
}

/// The examples on the page, from the top to the end.
fn examples(page: &str) -> Vec<String> {
    let blocks = page.split("<code class=\"example\">").skip(1);
    let unescape = |text: &str| {
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#x27;", "'")
            .replace("&amp;", "&")
    };
    // An empty comment marks the end of a text: nothing that anybody sees.
    blocks.map(|block| unescape(&block.split("</code>").next().expect("an end").replace("<!>", ""))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_on_the_page_run_one_after_the_other() {
    let server = TestServer::start().await;
    let page = server.get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for word in ["<script", "https://", "//cdn"] {
        assert!(!page.text.contains(word), "nothing from elsewhere: {word}");
    }
    let examples = examples(&page.text);
    assert_eq!(examples.len(), FIRST_STEPS.len() + EXAMPLES.len());
    // A function in the place of curl notes each status; all else is as the page shows it.
    let mut script = String::from("set -eu\ncurl() { command curl -w '%{stderr}%{http_code} ' \"$@\"; }\n");
    for example in &examples {
        script.push_str(example);
        script.push('\n');
    }
    script.push_str("test \"$(wc -l < run.csv)\" -gt 10\ngrep -q '</html>' run.html\n");
    let folder = tempfile::tempdir().expect("a folder");
    let mut bash = Command::new("bash")
        .current_dir(folder.path())
        .env("no_proxy", "*")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash");
    bash.stdin.take().expect("stdin").write_all(script.as_bytes()).await.expect("written");
    let output = tokio::time::timeout(std::time::Duration::from_secs(60), bash.wait_with_output())
        .await
        .expect("in time")
        .expect("an end");
    let (said, codes) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{codes}");
    let mut codes: Vec<u16> =
        codes.split_whitespace().map(|code| code.parse().unwrap_or_else(|_| panic!("{codes}"))).collect();
    let failing = EXAMPLES.iter().position(|(operation, _)| *operation == "failUsers").expect("an example");
    let failed = codes.remove(FIRST_STEPS.len() + failing);
    assert!([500, 502, 503, 504].contains(&failed), "it was asked to fail: {failed} {codes:?}");
    let (first, others) = codes.split_at(FIRST_STEPS.len());
    assert_eq!(first, [201, 200, 200, 200]);
    assert_eq!(others, [200, 200, 200, 201, 200, 200, 201, 200, 200, 200, 200, 200, 200, 200, 200, 204]);
    assert!(said.contains("event: done") && said.contains("\"completed\""), "the run was watched to its end: {said}");
}
