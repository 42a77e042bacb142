//! The request log and the page of a request.

use serde_json::{Value, json};
use uuid::Uuid;

use super::metrics::{found, settled};
use crate::server::{Answer, TestServer};

async fn log(server: &TestServer, query: &str) -> Value {
    found(server, &format!("/fn/metrics/log?{query}")).await
}

fn rows(page: &Value) -> Vec<Value> {
    page["requests"].as_array().expect("rows").clone()
}

/// A server to which 61 requests were made: ten with an id that is none, and one that failed, which is the newest. Its
/// answer comes along.
async fn busy_server() -> (TestServer, Answer) {
    let server = TestServer::start().await;
    for i in 0..60 {
        server.get(if i % 6 == 0 { "/api/v1/users/17" } else { "/api/v1/users" }).await;
    }
    let failed = server.get("/api/v1/users/error?errorRate=1").await;
    settled(&server, 61).await;
    (server, failed)
}

/// A page without the marks that hydration needs.
async fn page(server: &TestServer, path: &str) -> String {
    server.get(path).await.text.replace("<!>", "").replace("<!---->", "")
}

/// Makes the requests with this status slow.
async fn slow_down(server: &TestServer, status: u16, micros: i64) {
    let statement = "UPDATE recorded_requests SET duration_us = ? WHERE status = ?";
    sqlx::query(statement).bind(micros).bind(status).execute(&mut server.sql().await).await.expect("changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_filtered_ordered_counted_and_paged() {
    let (server, failed) = busy_server().await;
    let first = log(&server, "").await;
    let second = log(&server, "query[page]=2").await;
    assert_eq!(
        (rows(&first).len(), &first["more"], rows(&second).len(), &second["more"]),
        (50, &json!(true), 11, &json!(false))
    );
    assert_eq!((&first["matching"], &second["matching"]), (&json!(61), &json!(61)));
    let newest = &rows(&first)[0];
    assert_eq!((&newest["requestId"], &newest["run"]), (&json!(failed.header("x-request-id")), &Value::Null));
    let ats: Vec<i64> = rows(&first).iter().map(|row| row["at"].as_i64().expect("a time")).collect();
    assert!(ats.is_sorted_by(|newer, older| newer >= older));
    let slowest: Vec<f64> = rows(&log(&server, "query[order]=slowest").await)
        .iter()
        .map(|row| row["duration"].as_f64().expect("a duration"))
        .collect();
    assert!(slowest.is_sorted_by(|slower, quicker| slower >= quicker));
    slow_down(&server, 400, 250_500).await;
    let id = failed.header("x-request-id");
    let status = failed.status;
    for (query, count) in [
        ("query[status]=4xx", 10),
        ("query[status]=5xx", 1),
        ("query[status]=errors", 11),
        ("query[status]=400", 10),
        ("query[status]=403", 0),
        (&format!("query[status]={status}"), 1),
        ("query[endpoint]=GET%20/api/v1/users/%7Bid%7D", 10),
        ("query[origin]=real&query[status]=5xx", 1),
        ("query[origin]=simulated", 0),
        ("query[minDuration]=250.5", 10),
        ("query[minDuration]=250.501", 0),
        ("query[minDuration]=250.5&query[status]=5xx", 0),
        (&format!("query[id]={id}"), 1),
        (&format!("query[id]={id}&query[status]=200"), 0),
    ] {
        let page = log(&server, query).await;
        assert_eq!((rows(&page).len(), &page["matching"]), (count, &json!(count)), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_there_by_its_id() {
    let (server, failed) = busy_server().await;
    let newest = rows(&log(&server, "").await)[0].clone();
    let details = server.get(&format!("/fn/metrics/request?id={}", failed.header("x-request-id"))).await.json();
    assert_eq!(details, json!({ "request": newest, "run": null }));
    assert_eq!(details["request"]["route"], "/api/v1/users/error");
    // A neighbour of its id: the same moment, but not the same bits.
    let id: Uuid = failed.header("x-request-id").parse().expect("an id");
    let other = server.get(&format!("/fn/metrics/request?id={}", Uuid::from_u128(id.as_u128() ^ 1 << 76))).await;
    assert_eq!(other.json(), Value::Null, "{id}");
    assert_eq!(server.get("/fn/metrics/request?id=019b76da-a800-7000-8000-000000000000").await.json(), Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_came_since_are_counted_with_the_same_filter() {
    let server = TestServer::start().await;
    let newer = async |query: &str, page: &Value| -> Value {
        found(&server, &format!("/fn/metrics/newer?{query}&seen={}", page["seen"])).await
    };
    let empty = log(&server, "").await;
    assert_eq!(newer("", &empty).await, json!(0));
    server.get("/api/v1/users").await;
    server.get("/api/v1/users/17").await;
    settled(&server, 2).await;
    assert_eq!(newer("", &empty).await, json!(2), "all are new where there was none");
    let page = log(&server, "").await;
    let errors = log(&server, "query[status]=errors").await;
    for _ in 0..3 {
        server.get("/api/v1/users").await;
    }
    server.get("/api/v1/users/18").await;
    settled(&server, 6).await;
    assert_eq!((newer("", &page).await, newer("query[status]=errors", &errors).await), (json!(4), json!(1)));
    let second = log(&server, "query[page]=2").await;
    assert_eq!(newer("query[page]=2", &second).await, json!(0), "nothing came since");
    assert_eq!(newer("", &log(&server, "").await).await, json!(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_requests_of_a_run_come_with_its_name_and_not_counted() {
    let server = TestServer::start().await;
    let settings = json!({ "scenario": "peak", "duration": 5, "maxRps": 4, "endpoints": ["list"] });
    let id = server.start_run(&settings).await;
    let sent = server.closed(&id).await["stats"]["sent"].as_u64().expect("a number");
    server.get("/api/v1/users").await;
    settled(&server, sent + 1).await;
    let newest = found(&server, &format!("/fn/metrics/newest?origin={id}")).await;
    let run = &newest["runs"][0];
    assert_eq!((rows(&newest).len(), &newest["matching"], &run["name"]), (8, &Value::Null, &json!("Peak Usage")));
    assert_eq!(run["run"], json!(id));
    assert_eq!(found(&server, "/fn/metrics/newest?origin=real").await["requests"].as_array().map(Vec::len), Some(1));
    let choices = server.get("/fn/metrics/choices").await.json();
    assert_eq!((&choices["endpoints"], &choices["runs"]), (&json!(["GET /api/v1/users"]), &newest["runs"]));
    let page = page(&server, "/requests").await;
    for text in [
        format!("href=\"/runs/{id}\">Peak Usage #"),
        format!("<option value=\"{id}\">Peak Usage, "),
        "<option value=\"GET /api/v1/users\">".to_owned(),
        format!("{} requests", sent + 1),
        "Real client".to_owned(),
    ] {
        assert!(page.contains(&text), "{text} is missing in {page}");
    }
    // The log goes on when the run can't be read any more.
    sqlx::query("UPDATE runs SET job = '{', summary = '{'").execute(&mut server.sql().await).await.expect("damaged");
    let again = server.again().await;
    let newest = found(&again, &format!("/fn/metrics/newest?origin={id}")).await;
    assert_eq!((rows(&newest).len(), &newest["runs"]), (8, &json!([])));
    assert!(self::page(&again, "/requests").await.contains(&format!("href=\"/runs/{id}\">Run #")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_log_is_a_form_that_comes_back_with_its_input_and_the_reason() {
    let (server, _) = busy_server().await;
    let found = page(&server, "/requests?status=errors&endpoint=GET+%2Fapi%2Fv1%2Fusers%2F%7Bid%7D&minDuration=").await;
    for text in [
        "<option value=\"errors\" selected>",
        "<option value=\"GET /api/v1/users/{id}\" selected>",
        ">Apply</button>",
        "10 requests",
        "data-tone=\"warn\">400 Bad Request</td>",
    ] {
        assert!(found.contains(text), "{text} is missing in {found}");
    }
    assert!(!found.contains("<code>GET /api/v1/users/error"), "{found}");
    let refused = page(&server, "/requests?range=1h&minDuration=soon&id=17&page=0").await;
    for text in [
        "value=\"soon\"",
        "Min duration (ms) is not a number; give milliseconds, from 0 to 3600000.",
        "value=\"17\"",
        "Request id is no id of a request; give all of it, as the response has it in x-request-id.",
        "<option value=\"1h\" selected>",
        "Correct the field",
    ] {
        assert!(refused.contains(text), "{text} is missing in {refused}");
    }
    let behind = page(&server, "/requests?page=900").await;
    assert!(behind.contains("The list has fewer pages.") && behind.contains("61 requests"), "{behind}");
    let slow = page(&server, "/requests?minDuration=60000").await;
    assert!(slow.contains("No requests match this filter."), "{slow}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_id_leads_to_the_page_of_its_request() {
    let (server, failed) = busy_server().await;
    let id = failed.header("x-request-id");
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().expect("a client");
    let search = |id: String| {
        let request = client.get(format!("{}/requests?range=5m&status=&id={id}", server.base));
        request.header("accept", "text/html").send()
    };
    let found = search(format!("+{id}+")).await.expect("an answer");
    assert_eq!(
        (found.status().as_u16(), &found.headers()["location"]),
        (302, &format!("/requests/{id}").parse().expect("a header"))
    );
    let unknown = search("019b76da-a800-7000-8000-000000000000".to_owned()).await.expect("an answer");
    assert_eq!(unknown.status().as_u16(), 200);
    assert!(unknown.text().await.expect("a page").contains("No recorded request has this id."));

    let page = page(&server, &format!("/requests/{id}")).await;
    let alike =
        format!("/requests?range=24h&amp;status={}&amp;endpoint=GET%20%2Fapi%2Fv1%2Fusers%2Ferror", failed.status);
    for text in
        ["GET /api/v1/users/error", &failed.status.to_string(), "The error was injected", "A real client", &alike]
    {
        assert!(page.contains(text), "{text} is missing in {page}");
    }
    assert!(!page.contains("Client and server"), "nobody knows what a real client saw");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_simulated_request_has_both_sides_and_leads_to_its_run() {
    let server = TestServer::start().await;
    let settings = json!({ "scenario": "normal", "duration": 5, "maxRps": 2, "endpoints": ["list"] });
    let id = server.start_run(&settings).await;
    server.closed(&id).await;
    let request = rows(&log(&server, &format!("query[origin]={id}")).await)[0].clone();
    let page = page(&server, &format!("/requests/{}", request["requestId"].as_str().expect("an id"))).await;
    for text in [
        "Client and server",
        &format!("href=\"/runs/{id}\">Normal Traffic, "),
        &format!("request #{} of its plan", request["seq"]),
        "Service time: as the client saw it",
        "class=\"server\"></path>",
        "200 OK",
        &format!("/requests?range=24h&amp;origin={id}\""),
    ] {
        assert!(page.contains(text), "{text} is missing in {page}");
    }
    assert!(!page.contains("Cause") && !page.contains(" style="), "{page}");
}
