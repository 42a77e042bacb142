//! Names and notes of runs: by the API, by a form without a script, and what becomes of them.

use serde_json::{Value, json};

use super::plain_forms::{alerts, locked, sent, unlock};
use crate::server::{Answer, TestServer};

const NOBODY: &str = "019b76da-a800-7000-8000-000000000000";

async fn started(server: &TestServer) -> String {
    server.start_run(&json!({ "scenario": "normal", "duration": 60, "maxRps": 5, "endpoints": "all" })).await
}

async fn closed(server: &TestServer) -> String {
    let id = started(server).await;
    server.post(&format!("/traffic/stop/{id}"), "").await;
    server.closed(&id).await;
    id
}

async fn patch(server: &TestServer, id: &str, body: Value) -> Answer {
    server.with_json("PATCH", &format!("/traffic/runs/{id}"), body.to_string()).await
}

fn name_and_note(run: &Value) -> (&Value, &Value) {
    (&run["name"], &run["note"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_named_while_it_is_active_and_keeps_its_name() {
    let server = TestServer::start().await;
    let id = started(&server).await;
    let answer = patch(&server, &id, json!({ "name": " Before ", "note": "one\r\ntwo" })).await;
    let expected = (&json!("Before"), &json!("one\ntwo"));
    assert_eq!((answer.status, name_and_note(&answer.json())), (200, expected));
    let live = server.job(&id).await;
    assert_eq!((name_and_note(&live), &live["closed"]), (expected, &json!(false)));
    server.post(&format!("/traffic/stop/{id}"), "").await;
    let closed = server.closed(&id).await;
    assert_eq!(name_and_note(&closed), expected, "the result is stored beside it");
    let listed = server.get("/traffic/runs").await.json();
    assert_eq!(name_and_note(&listed["runs"][0]), expected);
    assert_eq!(listed["runs"][0]["totalRequests"], closed["stats"]["totalRequests"]);
    let export = server.get(&format!("/traffic/runs/{id}/export?format=json")).await.json();
    assert_eq!(name_and_note(&export["run"]), expected);
    assert_eq!(server.count("SELECT count(*) FROM runs WHERE job LIKE '%Before%' OR summary LIKE '%Before%'").await, 0);

    // What is left out stays. The run is still in memory, and so is its last frame.
    assert_eq!(patch(&server, &id, json!({ "name": "After" })).await.status, 200);
    assert_eq!(name_and_note(&server.job(&id).await), (&json!("After"), expected.1));
    let stream = server.get(&format!("/traffic/stream/{id}")).await.text;
    assert!(stream.contains("event: done") && stream.contains("\"name\":\"After\""), "{stream}");
    let server = server.again().await;
    assert_eq!(name_and_note(&server.job(&id).await), (&json!("After"), expected.1), "from the database");
    assert_eq!(patch(&server, &id, json!({ "name": "", "note": null })).await.status, 200);
    let run = server.job(&id).await;
    assert!(run.get("name").is_none() && run.get("note").is_none(), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_frame_has_the_name_but_no_long_note() {
    let server = TestServer::start().await;
    let id = started(&server).await;
    assert_eq!(patch(&server, &id, json!({ "name": "Short", "note": "漢".repeat(2000) })).await.status, 200);
    let mut stream = server.request("GET", &format!("/traffic/stream/{id}")).send().await.expect("a stream");
    let mut text = String::new();
    while text.matches("\n\n").count() < 3 {
        text += &String::from_utf8_lossy(&stream.chunk().await.expect("a chunk").expect("more"));
    }
    assert!(text.contains("event: stats") && text.contains("\"name\":\"Short\"") && !text.contains('漢'), "{text}");
    assert!(text.len() < 3 * 4096, "{}", text.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_name_is_refused_with_the_field() {
    let server = TestServer::start().await;
    let id = closed(&server).await;
    let rows = [
        (json!({ "name": "x".repeat(81) }), 422, "name"),
        (json!({ "note": "x".repeat(2001) }), 422, "note"),
        (json!({ "name": "two\nlines" }), 422, "name"),
        (json!({ "name": 7 }), 400, "name"),
        (json!({ "title": "x" }), 400, "title"),
    ];
    for (body, status, field) in rows {
        let answer = patch(&server, &id, body.clone()).await;
        assert_eq!((answer.status, answer.faulty_fields()), (status, vec![field.to_owned()]), "{body}");
    }
    assert_eq!(patch(&server, NOBODY, json!({ "name": "x" })).await.problem()["status"], 404);
    assert_eq!(patch(&server, "17", json!({ "name": "x" })).await.problem()["status"], 400);
    assert_eq!(patch(&server, &id, json!("x")).await.problem()["status"], 400);
    let plain = server.request("PATCH", &format!("/traffic/runs/{id}")).body("name=x");
    assert_eq!(server.send(plain).await.problem()["status"], 415);
    assert!(server.job(&id).await.get("name").is_none(), "nothing was changed");
    assert_eq!(patch(&server, &id, json!({})).await.status, 200, "nothing is to be changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_searched_in_the_whole_history() {
    let server = TestServer::start().await;
    let (a, b) = (closed(&server).await, closed(&server).await);
    closed(&server).await;
    patch(&server, &a, json!({ "name": "Before the index", "note": "x" })).await;
    patch(&server, &b, json!({ "name": "100 %_y" })).await;
    for (query, found) in
        [("before", vec![&a]), ("THE%20INDEX", vec![&a]), ("%25_", vec![&b]), ("x_", vec![]), ("e", vec![&a])]
    {
        let page = server.get(&format!("/traffic/runs?name={query}")).await.json();
        let ids: Vec<&str> =
            page["runs"].as_array().expect("runs").iter().filter_map(|run| run["jobId"].as_str()).collect();
        assert_eq!(ids, found, "{query}");
    }
    let page = server.get("/runs?name=before").await.text;
    assert!(
        page.contains("Before the index")
            && !page.contains("100 %_y")
            && page.contains("name=\"name\" value=\"before\"")
    );
    assert!(server.get("/runs?name=nothing").await.text.contains("No runs match this filter."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_a_script_names_a_run_and_comes_back_to_its_page() {
    let server = TestServer::start().await;
    let id = closed(&server).await;
    let path = "/fn/traffic/rename";
    let from = "/runs?order=sent";
    let body = format!("job_id={id}&back=order%3Dsent&name=Night+run&note=%3C%2Ftextarea%3E%3Cb%3Ebold");
    let address = sent(&server, path, from, &body).await;
    assert_eq!(address, format!("/runs?order=sent&naming=renamed&of={id}"));
    let page = server.get(&address).await;
    for words in ["Name and note are saved.", ">Night run<", "name=\"back\" value=\"order=sent\""] {
        assert!(page.text.contains(words), "{words}");
    }
    assert!(alerts(&page).is_empty() && !page.text.contains("</textarea><b>"), "a note is no markup: {}", page.text);

    let refused = format!("job_id={id}&back=order%3Dsent&name={}&note=kept", "x".repeat(81));
    let address = sent(&server, path, from, &refused).await;
    let page = server.get(&address).await;
    assert_eq!(alerts(&page), ["Name and note were not saved. The name is too long; give at most 80 characters."]);
    assert!(page.text.contains(&format!("value=\"{}\"", "x".repeat(81))) && page.text.contains(">kept</textarea>"));
    assert_eq!(page.text.matches("<details open class=\"naming\"").count(), 1);

    let other = locked(&server).await;
    let address = sent(&server, path, from, &body).await;
    unlock(other).await;
    let page = server.get(&address).await;
    assert!(
        alerts(&page)[0].starts_with("Name and note were not saved. The database can't be used"),
        "{:?}",
        alerts(&page)
    );
    // From the run's own page, and without a name and a note.
    let address = sent(&server, path, &format!("/runs/{id}"), &format!("job_id={id}&back=run&name=&note=")).await;
    assert_eq!(address, format!("/runs/{id}?naming=renamed&of={id}"));
    let page = server.get(&address).await.text;
    assert!(page.contains("Name and note are saved.") && page.contains("name=\"back\" value=\"run\""), "{page}");
    assert!(server.job(&id).await.get("name").is_none());
    let address = sent(&server, path, from, &format!("job_id={NOBODY}&back=//elsewhere.example&name=x")).await;
    assert_eq!(address, format!("/runs?naming=gone&of={NOBODY}"));
    assert!(alerts(&server.get(&address).await)[0].contains("There is no such run."));
    let call = server.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(server.send(call.body(refused)).await.json()["Refused"][0]["field"], "name", "a script gets a value");
}
