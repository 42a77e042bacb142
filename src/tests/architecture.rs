//! The architecture invariants of `lib.rs`, enforced by reading the sources.

use std::fs;
use std::path::{Path, PathBuf};

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    let name = |path: &Path| path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
    found.iter().map(|path| (name(path), fs::read_to_string(path).expect("a source"))).collect()
}

/// The code without its tests and comments.
fn code(source: &str) -> String {
    let without_tests = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    without_tests.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Everything named by `use` and by paths that start with `crate::`.
fn names(code: &str, prefix: &str) -> bool {
    code.contains(prefix)
}

fn files(wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let files: Vec<_> =
        sources().into_iter().filter(|(name, _)| wanted(name)).map(|(name, source)| (name, code(&source))).collect();
    assert!(!files.is_empty(), "the rule below would check nothing");
    files
}

fn is_pure(name: &str) -> bool {
    name.ends_with("model.rs")
        || [
            "origin.rs",
            "input.rs",
            "buckets.rs",
            "traffic/input.rs",
            "traffic/form.rs",
            "traffic/run_order.rs",
            "metrics/input.rs",
        ]
        .contains(&name)
        || name.starts_with("traffic/engine/")
        || name.starts_with("metrics/engine/")
}

#[test]
fn the_core_is_pure() {
    let forbidden = [
        "leptos",
        "axum",
        "tokio",
        "reqwest",
        "sqlx",
        "web_sys",
        "wasm_bindgen",
        "tracing",
        "fastrand",
        "serde_json",
        "Instant",
        "SystemTime",
        "std::env",
        "std::fs",
        "std::net",
        "std::thread",
        "#[cfg",
        "cfg!(",
    ];
    for (name, code) in files(is_pure) {
        for word in forbidden {
            assert!(!names(&code, word), "invariant 1: {name} names {word}");
        }
        for line in code.lines().filter(|line| line.starts_with("use ")) {
            let pure = ["use std::", "use serde::", "use uuid::", "use super::", "use crate::"]
                .iter()
                .any(|start| line.starts_with(start));
            assert!(pure, "invariant 1: {name} has `{line}`");
        }
    }
}

#[test]
fn features_reach_each_other_only_as_allowed() {
    let features = ["users", "traffic", "metrics"];
    for feature in features {
        let own = format!("{feature}/");
        for (name, code) in files(|name| name.starts_with(&own)) {
            for other in features.iter().filter(|other| **other != feature) {
                let path = format!("crate::{other}");
                assert!(!names(&code, &path), "invariants 2 and 3: {name} names {path}");
            }
            if feature != "traffic" {
                assert!(!code.contains("traffic"), "invariant 3: {name} knows of traffic");
            }
        }
    }
}

#[test]
fn only_the_server_reaches_the_server() {
    let is_page =
        |name: &str| !name.contains("server") && name != "main.rs" && name != "lib.rs" && !name.starts_with("tests/");
    for (name, code) in files(is_page) {
        for word in ["crate::server", "super::server::", "::server::api", "sqlx", "axum", "tokio"] {
            assert!(!names(&code, word), "invariant 2: {name} names {word}");
        }
    }
}

#[test]
fn bridges_are_short() {
    for (name, code) in files(|name| name.ends_with("server_fns.rs")) {
        for function in code.split("pub async fn ").skip(1) {
            let body: Vec<&str> =
                function.split("{\n").nth(1).unwrap_or_default().lines().take_while(|line| *line != "}").collect();
            assert!(
                (1..=5).contains(&body.len()),
                "invariant 2: a bridge of {} lines in {name}: {function}",
                body.len()
            );
        }
    }
}

#[test]
fn only_the_wiring_knows_traffic_and_the_rest() {
    for (name, code) in files(|name| {
        name.starts_with("server/")
            && !["wiring.rs", "router.rs", "api_guard.rs", "state.rs", "config.rs"].contains(&&name["server/".len()..])
    }) {
        for feature in ["crate::users", "crate::traffic", "crate::metrics"] {
            assert!(!names(&code, feature), "invariant 3: {name} names {feature}");
        }
    }
}

#[test]
fn one_loop_and_one_place_that_closes() {
    let all = files(|name| !name.starts_with("tests/"));
    let count = |needle: &str| all.iter().map(|(_, code)| code.matches(needle).count()).sum::<usize>();
    assert_eq!(count("pacer.step("), 1, "invariant 5");
    assert_eq!(count("closing::close("), 1, "invariant 5");
    assert_eq!(count("gate.acquire()"), 1, "one way out");
    assert_eq!(count("reqwest::Client::builder()"), 1, "one client");
}

#[test]
fn a_dozen_cfgs_at_most() {
    let count: usize = files(|name| !name.starts_with("tests/"))
        .iter()
        .flat_map(|(_, code)| code.lines())
        .filter(|line| {
            (line.contains("cfg(") || line.contains("cfg_attr(")) && (line.contains("ssr") || line.contains("hydrate"))
        })
        .count();
    assert!((2..=12).contains(&count), "invariant 6: {count} lines");
}

#[test]
fn files_fit_one_idea() {
    for (name, code) in files(|name| !name.starts_with("tests/")) {
        let lines = code.lines().count();
        assert!(lines <= 400, "{name} has {lines} lines of code; split it");
    }
}
