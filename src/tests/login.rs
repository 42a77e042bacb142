//! How a browser comes in, stays in, and goes.

use reqwest::RequestBuilder;
use reqwest::redirect::Policy;

use crate::program::program;
use crate::server::{Answer, TestServer};
use traffic_simulator::server::auth::AdminToken;

const TOKEN: &str = "only-for-this-test-7f3a";

async fn guarded(token: &str) -> TestServer {
    TestServer::start_with(|config| config.admin_token = Some(AdminToken(token.to_owned()))).await
}

fn browser(server: &TestServer, method: &str, path: &str) -> RequestBuilder {
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
    let method = method.parse().expect("a method");
    client.request(method, format!("{}{path}", server.base)).header("accept", "text/html,*/*")
}

async fn log_in(server: &TestServer, form: &str) -> Answer {
    let post = browser(server, "POST", "/login").header("content-type", "application/x-www-form-urlencoded");
    server.send(post.body(form.to_owned())).await
}

/// The pair of name and value that a browser sends back.
fn pair(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().expect("a pair").to_owned()
}

async fn status_with(server: &TestServer, cookie: impl AsRef<[u8]>) -> u16 {
    let cookie = reqwest::header::HeaderValue::from_bytes(cookie.as_ref()).expect("a value");
    server.send(browser(server, "GET", "/runs").header("cookie", cookie)).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_survives_a_restart_and_ends_with_the_token() {
    let server = guarded(TOKEN).await;
    let right = log_in(&server, &format!("token=%20{TOKEN}%0A")).await;
    assert_eq!((right.status, right.header("location")), (303, "/"));
    let cookie = right.header("set-cookie");
    assert!(
        cookie.contains("; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000") && !cookie.contains("Secure"),
        "{cookie}"
    );
    assert!(!cookie.contains(TOKEN), "the token itself is not in it");
    let cookie = pair(&right);
    assert_eq!(status_with(&server, &cookie).await, 200);
    // A new process knows it, one with another token does not, and gives its own another name.
    let again = guarded(TOKEN).await;
    assert_eq!(status_with(&again, &cookie).await, 200);
    let other = guarded("another-token-of-this-test").await;
    assert_eq!(status_with(&other, &cookie).await, 401);
    let second = pair(&log_in(&other, "token=another-token-of-this-test").await);
    assert_ne!(second.split('=').next(), cookie.split('=').next());
    let both = format!("{second}; {cookie}");
    assert_eq!(
        (status_with(&server, &both).await, status_with(&other, &both).await),
        (200, 200),
        "two ports of a host"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_cookie_spoils_nothing_and_a_forged_one_opens_nothing() {
    let server = guarded(TOKEN).await;
    let cookie = pair(&log_in(&server, &format!("token={TOKEN}")).await);
    let with_umlaut = [b"name=M\xfcller; ", cookie.as_bytes(), b"; other=\xff"].concat();
    assert_eq!(status_with(&server, with_umlaut).await, 200);
    let (name, value) = cookie.split_once('=').expect("a pair");
    for forged in
        [format!("{name}=x"), format!("{name}={value}0"), format!("{name}={}", &value[1..]), format!("x{cookie}")]
    {
        assert_eq!(status_with(&server, &forged).await, 401, "{forged}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_in_leads_back_to_where_one_wanted_to_go_and_nowhere_else() {
    let server = guarded(TOKEN).await;
    let page = server.send(browser(&server, "GET", "/requests?range=1h&status=errors")).await;
    assert_eq!((page.status, page.header("cache-control")), (401, "private, no-store"));
    assert!(page.text.contains("name=\"next\" value=\"/requests?range=1h&amp;status=errors\""), "{}", page.text);
    for (next, goes_to) in [
        ("%2Frequests%3Frange%3D1h%26status%3Derrors", "/requests?range=1h&status=errors"),
        ("/metrics", "/metrics"),
        ("//evil.test", "/"),
        ("/%5Cevil.test", "/"),
        ("%5C/evil.test", "/"),
        ("/%252Fevil.test", "/"),
        ("https://evil.test/", "/"),
        ("/%09/evil.test", "/"),
        ("/x%0D%0Aset-cookie:a=b", "/"),
        ("javascript:alert(1)", "/"),
        ("/login?once=x", "/"),
        ("", "/"),
    ] {
        let right = log_in(&server, &format!("token={TOKEN}&next={next}")).await;
        assert_eq!((right.status, right.header("location")), (303, goes_to), "{next}");
    }
    let wrong = log_in(&server, "token=guess&next=/runs").await;
    assert!(wrong.status == 401 && wrong.text.contains("value=\"/runs\""), "a typing error does not lose it");
    let evil = server.send(browser(&server, "GET", "/login?next=//evil.test")).await;
    assert!(!evil.text.contains("evil"), "{}", evil.text);
    // Whoever is logged in already needs no form.
    let cookie = pair(&log_in(&server, &format!("token={TOKEN}")).await);
    let again = server.send(browser(&server, "GET", "/login?next=/runs").header("cookie", &cookie)).await;
    assert_eq!((again.status, again.header("location")), (303, "/runs"));
    // An export that was linked to opens the form, and a program gets a problem.
    let export = "/traffic/runs/019b76da-a800-7000-8000-000000000000/export?format=csv";
    let page = server.send(browser(&server, "GET", export)).await;
    assert!(page.status == 401 && page.text.contains("action=\"/login\""), "{}", page.text);
    let program = server.get(export).await;
    assert_eq!((program.status, program.header("cache-control")), (401, "private, no-store"));
    program.problem();
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_clears_the_browser() {
    let server = guarded(TOKEN).await;
    let cookie = pair(&log_in(&server, &format!("token={TOKEN}")).await);
    let page = server.send(browser(&server, "GET", "/").header("cookie", &cookie)).await;
    assert!(page.text.contains("action=\"/logout\"") && page.text.contains("Log out"), "there is a button");
    assert!(!page.text.contains(TOKEN), "no page has the token");
    let out = server.send(browser(&server, "POST", "/logout").header("cookie", &cookie)).await;
    assert_eq!((out.status, out.header("location")), (303, "/login"));
    let cleared = out.header("set-cookie");
    assert!(cleared.starts_with(&format!("{}=;", cookie.split('=').next().expect("a name"))), "{cleared}");
    assert!(cleared.contains("Max-Age=0") && cleared.contains("Path=/"), "{cleared}");
    assert_eq!(server.send(browser(&server, "GET", "/logout")).await.status, 405, "nothing changes by a look");
    let open = TestServer::start().await;
    assert!(!open.get("/").await.text.contains("/logout"), "where nobody logs in, nobody logs out");
    for method in ["GET", "POST"] {
        let answer = open
            .send(browser(&open, method, "/login").header("content-type", "application/x-www-form-urlencoded"))
            .await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_logins_are_bounded_and_nothing_else_is() {
    let server = guarded(TOKEN).await;
    let cookie = pair(&log_in(&server, &format!("token={TOKEN}")).await);
    for number in 0..10 {
        let form = if number % 2 == 0 { "token=guess" } else { "once=guess" };
        assert_eq!(log_in(&server, form).await.status, 401, "{number}");
    }
    for form in [format!("token={TOKEN}"), "once=guess".to_owned(), "token=guess".to_owned()] {
        let refused = log_in(&server, &form).await;
        let wait: u32 = refused.header("retry-after").parse().expect("seconds");
        assert!(refused.status == 429 && (1..=60).contains(&wait), "{form}: {} {wait}", refused.status);
        assert!(refused.text.contains("Too many logins have failed") && refused.header("set-cookie").is_empty());
    }
    // What is in the header of a client does not make it another one.
    let claimed = browser(&server, "POST", "/login").header("x-forwarded-for", "192.0.2.7");
    let claimed = claimed.header("content-type", "application/x-www-form-urlencoded").body("token=guess");
    assert_eq!(server.send(claimed).await.status, 429);
    for _ in 0..20 {
        assert_eq!(status_with(&server, &cookie).await, 200);
        assert_eq!(server.send(server.request("GET", "/runs").bearer_auth("a-wrong-token-here")).await.status, 401);
        assert_eq!(server.send(server.request("GET", "/runs").bearer_auth(TOKEN)).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_can_not_be_read_is_no_login() {
    let server = guarded(TOKEN).await;
    for (kind, body) in [
        ("application/x-www-form-urlencoded", ""),
        ("application/x-www-form-urlencoded", "token=%FF%FE"),
        ("application/json", "{}"),
        ("text/plain", "token=only-for-this-test-7f3a"),
    ] {
        let answer = server.send(browser(&server, "POST", "/login").header("content-type", kind).body(body)).await;
        assert!(
            (400..500).contains(&answer.status) && answer.header("set-cookie").is_empty(),
            "{kind} {body}: {}",
            answer.status
        );
        assert!(answer.text.contains("action=\"/login\""), "the form comes back: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guarded_server_shows_stays_in_no_cache() {
    let server = guarded(TOKEN).await;
    for path in
        ["/", "/runs", "/nothing", "/traffic/runs", "/traffic/nothing", "/metrics", "/fn/traffic/card", "/fn/nothing"]
    {
        let answer = server.send(server.request("GET", path).bearer_auth(TOKEN)).await;
        assert_eq!(answer.header("cache-control"), "private, no-store", "{path}: {}", answer.status);
    }
    for path in ["/login", "/login?once=x"] {
        assert_eq!(server.get(path).await.header("cache-control"), "private, no-store", "{path}");
    }
}

/// The path of the one-time address in the program's log.
async fn one_time_path(log: &std::path::Path) -> String {
    for _ in 0..200 {
        let text = std::fs::read_to_string(log).expect("a log");
        if let Some((_, rest)) = text.split_once("/login?once=") {
            let secret: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
            return format!("/login?once={secret}");
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no one-time address: {}", std::fs::read_to_string(log).unwrap_or_default());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_time_address_is_used_up_by_its_button_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let mut process = program(&folder)
        .envs([("ADMIN_TOKEN", TOKEN), ("LEPTOS_SITE_ADDR", &format!("127.0.0.1:{port}"))])
        .stderr(std::fs::File::create(&log).expect("a file"))
        .spawn()
        .expect("it starts");
    let path = one_time_path(&log).await;
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    // A preview, a scanner of links, and a person who looks twice.
    for method in [reqwest::Method::HEAD, reqwest::Method::GET, reqwest::Method::GET] {
        let page = client.request(method.clone(), url(&path)).send().await.expect("an answer");
        assert!(page.status() == 200 && page.headers().get("set-cookie").is_none(), "{method}");
        let text = page.text().await.expect("a body");
        assert_eq!(
            text.contains("method=\"post\" action=\"/login\"") && text.contains("name=\"once\""),
            method == "GET",
            "{text}"
        );
    }
    let secret = path.rsplit('=').next().expect("a secret");
    let press = || {
        let post = client.post(url("/login")).header("content-type", "application/x-www-form-urlencoded");
        post.body(format!("once={secret}&next=/runs")).send()
    };
    let pressed = press().await.expect("an answer");
    assert_eq!((pressed.status().as_u16(), &pressed.headers()["location"]), (303, &"/runs".parse().expect("a value")));
    let cookie = pressed.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a pair").to_owned();
    let runs = client.get(url("/runs")).header("cookie", cookie).send().await.expect("an answer");
    assert_eq!(runs.status(), 200);
    let again = press().await.expect("an answer");
    assert!(again.status() == 401 && again.headers().get("set-cookie").is_none());
    assert!(again.text().await.expect("a body").contains("used before"));
    process.kill().await.expect("killed");
}
