//! Forms that a browser sends without a script, when the server can't do what they ask for.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, SqliteConnection};
use tokio::time::Instant;

use crate::server::{Answer, TestServer};

/// The database, locked by somebody else until this is dropped or unlocked.
pub(super) async fn locked(server: &TestServer) -> SqliteConnection {
    let mut other = server.sql().await;
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.expect("locked");
    other
}

pub(super) async fn unlock(mut other: SqliteConnection) {
    sqlx::query("ROLLBACK").execute(&mut other).await.expect("unlocked");
    other.close().await.expect("closed");
}

/// Sends a form as a browser does, and gives the address that it is sent on to.
pub(super) async fn sent(server: &TestServer, path: &str, from: &str, body: &str) -> String {
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().expect("a client");
    let answer = client
        .post(format!("{}{path}", server.base))
        .header("accept", "text/html,application/xhtml+xml")
        .header("referer", format!("{}{from}", server.base))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.to_owned())
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status().as_u16(), 302, "{path}");
    let location = answer.headers()["location"].to_str().expect("text").to_owned();
    location.strip_prefix(&server.base).map_or(location.clone(), str::to_owned)
}

/// The texts of the page's alerts.
pub(super) fn alerts(page: &Answer) -> Vec<String> {
    let visible = page.text.split("role=\"alert\"").skip(1).filter_map(|rest| rest.split_once('>'));
    let texts = visible.filter(|(attributes, _)| !attributes.contains("hidden"));
    let text = |html: &str| {
        let end = html.find("</p>").into_iter().chain(html.find("</div>")).min().unwrap_or(html.len());
        let mut words = String::new();
        let mut within = true;
        for c in html[..end].chars() {
            match c {
                '<' => within = false,
                '>' => within = true,
                c if within => words.push(c),
                _ => {}
            }
        }
        words.trim().to_owned()
    };
    // A region for messages to come is empty.
    texts.map(|(_, html)| text(html)).filter(|text| !text.is_empty()).collect()
}

const FORM: &str = "form[scenario]=latency-degradation&form[duration]=300&form[maxRps]=5&form[endpoints]=get\
    &form[delay]=server&form[seed]=77&form[acknowledged]=true";

#[tokio::test(flavor = "multi_thread")]
async fn a_start_while_the_database_is_locked_comes_back_with_all_that_was_chosen() {
    let server = TestServer::start().await;
    let other = locked(&server).await;
    let began = Instant::now();
    let address = sent(&server, "/fn/traffic/start", "/", FORM).await;
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert!(address.starts_with("/?refused=unavailable&"), "{address}");
    let page = server.get(&address).await;
    let alerts = alerts(&page);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    for words in ["Your run was not started.", "database can't be used", "Try again in a few seconds.", "still here"] {
        assert!(alerts[0].contains(words), "{words}: {alerts:?}");
    }
    for chosen in [
        "value=\"latency-degradation\" checked",
        "<option value=\"300\" selected>",
        "<option value=\"5\" selected>",
        "<option value=\"get\" selected>",
        "value=\"server\" checked",
        "name=\"form[seed]\" value=\"77\"",
        "name=\"form[acknowledged]\" value=\"true\" checked",
    ] {
        assert!(page.text.contains(chosen), "{chosen}");
    }
    // A script gets the same as a value.
    let call = server.request("POST", "/fn/traffic/start").header("content-type", "application/x-www-form-urlencoded");
    let answer = server.send(call.body(FORM)).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "Failed": "Unavailable" })));
    unlock(other).await;
    // The connection that waited is as good as new.
    let address = sent(&server, "/fn/traffic/start", "/", FORM).await;
    assert!(address.starts_with("/runs/"), "{address}");
    assert_eq!(server.count("SELECT count(*) FROM runs").await, 1, "what was refused was not started");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_fails_comes_back_to_its_page_and_asks_again() {
    let server = TestServer::start().await;
    let id = server.start_run(&json!({ "scenario": "normal", "duration": 5, "maxRps": 1, "endpoints": "all" })).await;
    server.closed(&id).await;
    let from = "/runs?scenario=normal&order=sent";
    let page = server.get(from).await;
    assert!(page.text.contains("name=\"back\" value=\"scenario=normal&amp;order=sent\""), "the form knows its page");
    let body = format!("job_id={id}&back=scenario%3Dnormal%26order%3Dsent");
    let other = locked(&server).await;
    let began = Instant::now();
    let address = sent(&server, "/fn/traffic/delete", from, &body).await;
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert_eq!(address, format!("/runs?scenario=normal&order=sent&deletion=unavailable&of={id}"));
    let page = server.get(&address).await;
    assert!(alerts(&page)[0].starts_with("The run was not deleted. The database can't be used"), "{:?}", alerts(&page));
    let question = page
        .text
        .split("<details")
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .find(|tag| tag.contains("confirm"));
    assert!(question.is_some_and(|tag| tag.contains("open")), "it is asked again: {question:?}");
    unlock(other).await;
    let address = sent(&server, "/fn/traffic/delete", from, &body).await;
    assert_eq!(address, "/runs?scenario=normal&order=sent&deletion=deleted");
    let page = server.get(&address).await;
    assert!(page.text.contains("The run was deleted.") && alerts(&page).is_empty(), "{:?}", alerts(&page));
    let address = sent(&server, "/fn/traffic/delete", from, &format!("job_id={id}&back=//elsewhere.example")).await;
    assert_eq!(address, "/runs?deletion=gone", "nobody is sent elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_fails_says_so_on_the_run_s_page() {
    let server = TestServer::start().await;
    let id = server.start_run(&json!({ "scenario": "normal", "duration": 60, "maxRps": 1, "endpoints": "all" })).await;
    let other = locked(&server).await;
    let address = sent(&server, "/fn/traffic/stop", "/", &format!("job_id={id}")).await;
    assert_eq!(address, format!("/runs/{id}"), "to stop a run takes no database");
    unlock(other).await;
    server.closed(&id).await;
    assert!(alerts(&server.get(&address).await).is_empty());
    let gone = "019b76da-a800-7000-8000-000000000000";
    let address = sent(&server, "/fn/traffic/stop", "/", &format!("job_id={gone}")).await;
    assert_eq!(server.get(&address).await.status, 404);
    sqlx::query("ALTER TABLE runs RENAME TO away").execute(&mut server.sql().await).await.expect("renamed");
    let address = sent(&server, "/fn/traffic/stop", "/", &format!("job_id={gone}")).await;
    assert_eq!(address, format!("/runs/{gone}?stop=failed"));
    let page = server.get(&address).await;
    assert!(
        alerts(&page)[0].starts_with("The run was not stopped. The server could not answer."),
        "{:?}",
        alerts(&page)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_can_not_be_read_says_so_where_it_came_from() {
    let server = TestServer::start().await;
    for from in ["/", "/runs?order=sent"] {
        let address = sent(&server, "/fn/traffic/start", from, "form[seed]=1&form[seed]=2").await;
        assert!(address.contains("__err="), "{address}");
        let page = server.get(&address).await;
        let alerts = alerts(&page);
        let words =
            "Your request was not carried out. The request could not be understood. Reload the page and try again.";
        assert_eq!(alerts, [words], "{address}");
    }
    // Nobody can put words into our mouth.
    let made_up = "eyJJbnRlcm5hbCI6IkNhbGwgNTU1IG5vdyJ9";
    let page = server.get(&format!("/?__path=x&__err={made_up}")).await;
    assert!(page.text.contains("The server could not answer.") && !page.text.contains("555"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_a_script_says_nothing_of_a_connection() {
    let server = TestServer::start().await;
    let id = server.start_run(&json!({ "scenario": "normal", "duration": 60, "maxRps": 1, "endpoints": "all" })).await;
    for path in ["/".to_owned(), format!("/runs/{id}")] {
        let page = server.get(&path).await.text;
        assert!(page.contains("data-connection=\"\""), "{path}");
        assert!(!page.contains("Connecting"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_set_up_again_under_a_lower_cap_is_clamped_to_it() {
    let server = TestServer::start_with(|config| config.cap = 5).await;
    let page = server.get("/?again=true&scenario=normal&duration=45&maxRps=20&endpoints=all&seed=9").await;
    assert!(page.text.contains("<option value=\"5\" selected>"), "the highest that is allowed");
    assert!(page.text.contains("<option value=\"45\" selected>"));
    assert!(page.text.contains(" requests in 45 s, at most 4.95 per second"), "there is a plan");
    assert_eq!(alerts(&page), ["Max RPS is 5 instead of 20: the cap of this server is 5."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_result_stays_on_the_dashboard_until_a_new_run_is_set_up() {
    let server = TestServer::start().await;
    let has_form = |page: &Answer| page.text.contains("START TEST");
    assert!(has_form(&server.get("/").await), "before the first run");
    let id = server.start_run(&json!({ "scenario": "peak", "duration": 60, "maxRps": 1, "endpoints": "all" })).await;
    server.send(server.request("POST", &format!("/traffic/stop/{id}"))).await;
    server.closed(&id).await;
    let link = format!("href=\"/runs/{id}\"");
    let page = server.get("/").await;
    assert!(page.text.contains(&link) && page.text.contains("href=\"/?new=1\"") && !has_form(&page), "{}", page.text);
    for address in ["/?new=1", "/?again=true&scenario=normal&duration=45&maxRps=20&endpoints=all", "/?refused=failed"] {
        assert!(has_form(&server.get(address).await), "{address}");
    }
    let body = format!("job_id={id}&back=");
    assert_eq!(sent(&server, "/fn/traffic/delete", "/runs", &body).await, "/runs?deletion=deleted");
    assert!(has_form(&server.get("/").await), "a run that was deleted is shown nowhere");
}
