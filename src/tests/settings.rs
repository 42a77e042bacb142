//! Settings as the process takes them: brought into form, or refused in one line.

use std::time::Duration;

use crate::program::{ended, program};

#[tokio::test(flavor = "multi_thread")]
async fn what_could_never_work_is_refused_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("short"), "short-secret\n").expect("a file");
    let token = ("ADMIN_TOKEN", "sixteen-letters.");
    let rows: [(&[(&str, &str)], &str); 21] = [
        (&[("ADMIN_TOKEN", "short-secret")], "ADMIN_TOKEN has fewer than 16 characters"),
        (&[("ADMIN_TOKEN", "short-secret\n\n\n\n\n\n\n\n")], "ADMIN_TOKEN has fewer than 16 characters"),
        (&[("ADMIN_TOKEN", "short-secret-with-\u{fc}-within")], "not plain ASCII"),
        (&[("ADMIN_TOKEN", "short-secret-with\n-a-line-break")], "line break"),
        (&[("ADMIN_TOKEN_FILE", "short")], "the token in short has fewer than 16 characters"),
        (&[("ADMIN_TOKEN_FILE", "none/token")], "none/token, can't be read or made"),
        (&[("BEHIND_PROXY", "1")], "BEHIND_PROXY needs ADMIN_TOKEN"),
        (&[("BEHIND_PROXY", "0"), token], "--behind-proxy"),
        (&[("BEHIND_PROXY", "yes"), token], "--behind-proxy"),
        (&[("ALLOWED_HOSTS", "*")], "\"*\", which is no host name"),
        (&[("ALLOWED_HOSTS", "dash.example,a b")], "\"a b\", which is no host name"),
        (&[("ALLOWED_HOSTS", "https://dash.example/sub")], "which is no host name"),
        (&[("LEPTOS_SITE_ADDR", "example.com:80")], "give IP:PORT"),
        (&[("LEPTOS_SITE_ADDR", "3000")], "give IP:PORT"),
        (&[("MAX_CONNECTIONS", "0")], "--max-connections"),
        (&[("MAX_CONNECTIONS", "40")], "set MAX_CONNECTIONS to 192 or more"),
        (&[("MAX_STREAMS", "0")], "--max-streams"),
        (&[("MAX_STREAMS", "500")], "set MAX_CONNECTIONS to 628 or more"),
        (&[("MAX_RPS", "21")], "--max-rps"),
        (&[("LOG_FORMAT", "xml")], "--log-format"),
        (&[("LEPTOS_RELOAD_PORT", "x")], "a LEPTOS_ variable can't be read"),
    ];
    for (variables, words) in rows {
        let output = ended(program(&folder).envs(variables.iter().copied())).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{variables:?}: {said}");
        assert!(said.starts_with("traffic-simulator: ") && said.contains(words), "{variables:?}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{variables:?}, one line: {said}");
        assert!(!said.contains("short-secret"), "{said}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

/// What the program logs until it serves, and whether it answers there.
async fn log_of(variables: &[(&str, &str)], flags: &[&str]) -> (String, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let mut server = program(&folder)
        .envs(variables.iter().copied())
        .args(flags)
        .stderr(std::fs::File::create(&log).expect("a file"))
        .spawn()
        .expect("it starts");
    let mut text = String::new();
    for _ in 0..200 {
        text = std::fs::read_to_string(&log).expect("a log");
        let wants_login = variables.iter().any(|(name, _)| name.starts_with("ADMIN_TOKEN"));
        if text.contains(if wants_login { "/login?once=" } else { "serving" }) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.kill().await.expect("killed");
    (text, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_clear_is_brought_into_its_form() {
    let empty: Vec<(&str, &str)> = [
        "LEPTOS_SITE_ADDR",
        "DATABASE_URL",
        "ALLOWED_HOSTS",
        "MAX_RPS",
        "ADMIN_TOKEN",
        "ADMIN_TOKEN_FILE",
        "BEHIND_PROXY",
        "MAX_STREAMS",
        "MAX_CONNECTIONS",
        "LOG_FORMAT",
    ]
    .map(|name| (name, if name == "MAX_RPS" || name == "LEPTOS_SITE_ADDR" { " \n" } else { "" }))
    .to_vec();
    let (text, folder) = log_of(&empty, &["--addr", "localhost:0"]).await;
    assert!(text.contains("serving") && text.contains("http://127.0.0.1:"), "empty ones don't count: {text}");
    assert!(folder.path().join("data/traffic-simulator.db").exists(), "the default");

    let (text, _folder) = log_of(&[("LEPTOS_SITE_ADDR", " localhost:0 ")], &[]).await;
    assert!(text.contains("http://127.0.0.1:"), "{text}");

    let token = "sixteen-letters-and-more";
    let padded = format!(" {token}\n");
    let (text, _folder) = log_of(&[("LEPTOS_SITE_ADDR", "0.0.0.0:0"), ("ADMIN_TOKEN", &padded)], &[]).await;
    assert!(
        text.contains("at http://127.0.0.1:") && !text.contains("0.0.0.0"),
        "an address that can be opened: {text}"
    );
    let (text, _folder) = log_of(&[("LEPTOS_SITE_ADDR", "[::]:0"), ("ADMIN_TOKEN", &padded)], &[]).await;
    assert!(text.contains("at http://[::1]:"), "{text}");
    assert!(!text.contains(token), "{text}");

    let proxied = [("ADMIN_TOKEN", token), ("BEHIND_PROXY", "1"), ("ALLOWED_HOSTS", "https://Dash.example:8443/ , ,x")];
    let (text, _folder) = log_of(&proxied, &[]).await;
    assert!(text.contains("at https://dash.example/login?once="), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_address_is_served_with_a_token_of_its_own_file() {
    let (text, folder) = log_of(&[("LEPTOS_SITE_ADDR", "0.0.0.0:0"), ("ADMIN_TOKEN_FILE", "token")], &[]).await;
    assert!(text.contains("/login?once="), "{text}");
    let drawn = std::fs::read_to_string(folder.path().join("token")).expect("a file");
    assert!(drawn.trim().len() >= 32 && !text.contains(drawn.trim()), "{text}");
}
