//! The program itself, as a process: what it says when it can't start, and what it logs.

use std::time::Duration;

use serde_json::Value;

use crate::fixture::process::{ended, program};

#[tokio::test]
async fn what_can_not_be_served_ends_it_with_one_clear_line() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("garbage.db"), "this is no database ".repeat(300)).expect("a file");
    let hashed = folder.path().join("hashed/pkg");
    std::fs::create_dir_all(&hashed).expect("a folder");
    std::fs::write(hashed.join("traffic-simulator.cccccccccccccccccccccc.js"), "").expect("a file");
    std::fs::write(folder.path().join("other.txt"), "css: a\n").expect("a file");
    let of_another = ["css", "js", "wasm"].map(|kind| format!("{kind}: dddddddddddddddddddddd\n")).concat();
    std::fs::write(folder.path().join("of-another.txt"), of_another).expect("a file");
    let file = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let (other, of_another) = (file("other.txt"), file("of-another.txt"));
    let rows: [(&[(&str, &str)], &str); 10] = [
        (&[("LEPTOS_SITE_ADDR", "0.0.0.0:0")], "set ADMIN_TOKEN, or listen on 127.0.0.1"),
        (&[("LEPTOS_SITE_ADDR", "0.0.0.0:0"), ("ADMIN_TOKEN", "short-secret")], "fewer than 16 characters"),
        (&[("LEPTOS_SITE_ROOT", "nowhere")], "the page's files are missing"),
        (&[("LEPTOS_SITE_ROOT", "hashed")], "the names of the page's files are not known"),
        (&[("LEPTOS_HASH_FILES", "true")], "the names of the page's files are not known"),
        (&[("LEPTOS_HASH_FILE_NAME", &other)], "other.txt can't be used: it has no hash for css"),
        (&[("LEPTOS_HASH_FILE_NAME", &of_another)], "the page's files are of another build than this program"),
        (&[("DATABASE_URL", "sqlite://garbage.db")], "can't be opened"),
        (&[("DATABASE_URL", "sqlite:///proc/none/x.db")], "can't be created"),
        (&[("DATABASE_URL", "mysql://here")], "give sqlite://PATH"),
    ];
    for (variables, words) in rows {
        let output = ended(program(&folder).envs(variables.iter().copied())).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{variables:?}: {said}");
        assert!(said.starts_with("traffic-simulator: ") && said.contains(words), "{variables:?}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "one line: {said}");
        assert!(!said.contains("short-secret"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_log_is_json_and_no_user_writes_lines_into_it() {
    const TOKEN: &str = "a-token-nobody-may-read";
    let folder = tempfile::tempdir().expect("a folder");
    let log = std::fs::File::create(folder.path().join("log")).expect("a file");
    // A free port, and nobody takes it in the moment before the program does.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let base = format!("http://127.0.0.1:{port}");
    let mut server = program(&folder)
        .envs([("LOG_FORMAT", "json"), ("ADMIN_TOKEN", TOKEN), ("RUST_LOG", "info")])
        .env("LEPTOS_SITE_ADDR", format!("127.0.0.1:{port}"))
        .stderr(log)
        .spawn()
        .expect("it starts");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    for _ in 0..200 {
        if client.get(format!("{base}/healthz")).header("x-forwarded-prefix", "/simulator").send().await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let again = client.get(format!("{base}/healthz")).header("x-script-name", "/simulator").send().await;
    assert_eq!(again.expect("an answer").status(), 200);
    let evil = "Mallory\n{\"level\":\"ERROR\"}\u{1b}[2J";
    let form = format!("token={}", "x%0A%1B%5B2J");
    let login =
        client.post(format!("{base}/login")).header("content-type", "application/x-www-form-urlencoded").body(form);
    assert_eq!(login.send().await.expect("an answer").status(), 401);
    let body = serde_json::json!({ "name": evil, "email": "mallory@example.com" }).to_string();
    let user = client.post(format!("{base}/api/v1/users")).header("content-type", "application/json").body(body);
    assert_eq!(user.send().await.expect("an answer").status(), 422);
    let start = client
        .post(format!("{base}/traffic/start?x=%0A%1B%5B2J"))
        .bearer_auth(TOKEN)
        .header("content-type", "application/json");
    let start = start.body(r#"{"scenario":"normal","duration":5,"maxRps":1,"endpoints":"all"}"#);
    assert_eq!(start.send().await.expect("an answer").status(), 201);
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.kill().await.expect("killed");

    let text = std::fs::read_to_string(folder.path().join("log")).expect("a log");
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line:?}"))).collect();
    let message = |line: &Value| line["fields"]["message"].as_str().unwrap_or_default().to_owned();
    let wrong = lines.iter().find(|line| message(line) == "a log-in with a wrong token").expect("it is logged");
    assert_eq!(wrong["fields"]["peer"], "127.0.0.1", "with the one who tried: {wrong}");
    assert!(wrong["span"]["id"].as_str().is_some_and(|id| id.len() == 36), "under the request's id: {wrong}");
    assert!(lines.iter().any(|line| message(line) == "run started"), "{text}");
    assert!(lines.iter().any(|line| message(line).contains("/login?once=")), "the one-time address: {text}");
    assert_eq!(text.matches("sub-path").count(), 1, "said, and once: {text}");
    assert_eq!(text.matches("/login?once=").count(), 1, "the one-time secret is said once: {text}");
    for forbidden in ["\u{1b}", "Mallory", TOKEN] {
        assert!(!text.contains(forbidden), "{forbidden:?}");
    }
}
