//! Small source trees that break one rule each, and what the rule says to that.

use super::graph::Graph;
use super::markup;
use super::rules;
use super::sources::Source;

pub(super) fn tree(files: &[(&str, &str)]) -> (Vec<Source>, Graph) {
    let sources: Vec<Source> = files.iter().map(|(name, text)| Source::new(name, text)).collect();
    let graph = Graph::of(&sources);
    (sources, graph)
}

/// A file with some code, and the file whose `Thing` it uses.
fn using(from: &str, to: &str) -> (Vec<Source>, Graph) {
    let module = Source::new(to, "").module().join("::");
    tree(&[(from, &format!("use crate::{module}::Thing;")), (to, "pub struct Thing;")])
}

#[test]
fn each_rule_between_folders_can_fail() {
    type Rule = fn(&Graph) -> Vec<String>;
    let lower: Rule = rules::below_the_features_nobody_names_one;
    let server: Rule = rules::only_the_binary_names_the_server;
    let models: Rule = rules::features_meet_in_models;
    let compose: Rule = rules::only_compose_connects_features;
    let pages: Rule = rules::pages_reach_the_server_by_server_functions;
    let rows = [
        (lower, "platform/database.rs", "users/model.rs", false),
        (lower, "ui/table.rs", "traffic/view/run_badge.rs", false),
        (lower, "ui/chart/mod.rs", "dashboard/board.rs", false),
        (lower, "error.rs", "metrics/model.rs", false),
        (lower, "app.rs", "metrics/page/log_page.rs", true),
        (lower, "ui/table.rs", "origin.rs", true),
        (server, "traffic/server/rest.rs", "server/auth.rs", false),
        (server, "app.rs", "server/state.rs", false),
        (server, "platform/problem.rs", "server/api_docs/mod.rs", false),
        (server, "main.rs", "server/config.rs", true),
        (server, "server/router.rs", "server/auth.rs", true),
        (models, "metrics/server/service.rs", "traffic/engine/stats.rs", false),
        (models, "traffic/page/card.rs", "users/server/keys.rs", false),
        (models, "dashboard/server.rs", "traffic/server/rest.rs", false),
        (models, "traffic/view/verdict.rs", "dashboard/board.rs", false),
        (models, "dashboard/board.rs", "traffic/retention.rs", false),
        (models, "traffic/view/verdict.rs", "metrics/model.rs", true),
        (models, "dashboard/board.rs", "metrics/view/period_tiles.rs", true),
        (models, "dashboard/board.rs", "traffic/engine/timeline.rs", true),
        (models, "dashboard/server_fns.rs", "traffic/server_fns.rs", true),
        (compose, "server/auth.rs", "users/model.rs", false),
        (compose, "server/compose.rs", "users/server/store.rs", true),
        (pages, "traffic/page/card.rs", "traffic/server/rest.rs", false),
        (pages, "traffic/view/setup.rs", "platform/wall_clock.rs", false),
        (pages, "traffic/server_fns.rs", "traffic/server/rest.rs", true),
    ];
    for (rule, from, to, allowed) in rows {
        let found = rule(&using(from, to).1);
        let expected = if allowed { Vec::new() } else { vec![format!("{from} uses Thing of {to}")] };
        assert_eq!(found, expected, "{from}, {to}");
    }
}

#[test]
fn the_rule_of_the_pure_core_can_fail() {
    let rows = [
        ("traffic/engine/a.rs", "use tokio::time::Instant;", false),
        ("traffic/engine/a.rs", "use std::time::{Duration, Instant}; fn f(_: Duration) {}", false),
        ("metrics/model.rs", "fn f() -> bool { std::env::var(\"HOME\").is_ok() }", false),
        ("validation.rs", "fn f() { fastrand::u8(..); }", false),
        ("origin.rs", "#[cfg(feature = \"ssr\")]\nfn f() {}", false),
        ("metrics/engine/a.rs", "use crate::ui::format::Thing;", false),
        ("traffic/engine/a.rs", "use std::time::Duration; use serde::Serialize; fn f() -> u32 { u32::MAX }", true),
        ("ui/a.rs", "use tokio::time::Instant;", true),
    ];
    for (name, code, allowed) in rows {
        let (sources, graph) = tree(&[(name, code), ("ui/format.rs", "pub struct Thing;")]);
        let found = rules::the_core_is_pure(&graph, &sources);
        assert_eq!(found.is_empty(), allowed, "{name}: {code}: {found:?}");
    }
}

#[test]
fn the_rules_about_single_files_can_fail() {
    let (sources, graph) =
        tree(&[("a.rs", "struct Run; mod inner { pub enum Run {} }"), ("b.rs", "fn f() { type Run = u8; }")]);
    assert_eq!(rules::types_have_names_of_their_own(&graph), ["there is more than one type Run: in a.rs, a.rs, b.rs"]);
    assert_eq!(rules::there_is_one_of_each(&sources).len(), 4, "there is none of these");

    let twice = "fn f() { self.pacer.step(now); self.pacer.step(now); closing::close(run); self.gate.acquire(); reqwest::Client::builder() }";
    let complaint = ["`pacer.step(` is there 2 times, and should be there once"];
    assert_eq!(rules::there_is_one_of_each(&[Source::new("a.rs", twice)]), complaint);

    let long = format!("fn f() {{\n{}}}\n", "    // A comment.\n    f();\n".repeat(399));
    assert_eq!(rules::files_are_short(&[Source::new("a.rs", &long)]), ["a.rs has 401 lines of code"]);
    let with_tests = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    f();\n".repeat(500));
    assert_eq!(rules::files_are_short(&[Source::new("a.rs", &with_tests)]), Vec::<String>::new());

    let sides = "#[cfg(feature = \"ssr\")]\nfn f() {}\n".repeat(13);
    assert_eq!(rules::few_lines_depend_on_the_side(&[Source::new("a.rs", &sides)]).len(), 13);
    assert_eq!(rules::few_lines_depend_on_the_side(&[Source::new("a.rs", &sides[..sides.len() / 13 * 12])]).len(), 0);

    let knowing = [Source::new("users/model.rs", "fn traffic() {}"), Source::new("ui/a.rs", "fn traffic() {}")];
    assert_eq!(rules::users_and_metrics_do_not_know_traffic(&knowing), ["users/model.rs names traffic"]);
}

#[test]
fn a_page_that_uses_a_crate_of_the_server_is_found() {
    let (_, graph) = tree(&[("traffic/page/card.rs", "fn f() { tokio::spawn(async {}); }")]);
    assert_eq!(rules::pages_reach_the_server_by_server_functions(&graph), ["traffic/page/card.rs uses tokio::spawn"]);
}

#[test]
fn the_rule_of_markup_can_fail() {
    let breaches = [
        r#"fn f() -> String { format!("<p>{}", 1) }"#,
        r#"const HTML: &str = "text</p>";"#,
        r#"fn f(html: &mut String) { html.push_str("<svg class=\"a\"") }"#,
        r#"fn f() -> &'static [u8] { b"<!DOCTYPE html>" }"#,
        r##"fn f() { view! { <p>{r#"<b>"#}</p> } }"##,
        r#"fn f(text: &str) -> String { text.replace('<', "&lt;") }"#,
        r#"#[error("<b>{0}</b>")] struct Broken(u8);"#,
        r#"fn f() { view! { <div inner_html=text></div> } }"#,
        r#"fn f() { view! { <p>{move || view! { <b inner_html=text /> }}</p> } }"#,
        r#"fn f(text: String) { div().inner_html(text) }"#,
        r#"fn f(element: &Element) { element.set_inner_html(text) }"#,
        r#"fn f() { view! { <noscript></noscript> <p inner_html=text></p> } }"#,
        r#"fn f() { view! { <tbody data-part="rows"></tbody> } }"#,
        r#"const PARTS: &str = "[data-part]";"#,
    ];
    for code in breaches {
        let found = markup::markup_stands_in_views(&[Source::new("ui/a.rs", code)]);
        assert_eq!(found.len(), 1, "{code}: {found:?}");
    }
    let allowed = [
        r#"fn f() { view! { <p class="a">"x < 5, or 1 <2"</p> } }"#,
        r#"const SENTENCE: &str = "p95 < 50 ms & more, `Vec` -> 3";"#,
        r#"/// An element, as in `<p>`.
fn f() {}"#,
        r#"fn f() { view! { <noscript inner_html="<meta content='2'>"></noscript> } }"#,
        r#"#[cfg(test)] mod tests { const EXPECTED: &str = "<p>"; }"#,
        r#"#[test] fn f() { assert_eq!(html(), "<p>"); }"#,
    ];
    for code in allowed {
        let found = markup::markup_stands_in_views(&[Source::new("ui/a.rs", &code.replace("\\n", "\n"))]);
        assert!(found.is_empty(), "{code}: {found:?}");
    }
    let of_tests = [Source::new("ui/mod.rs", "#[cfg(test)] mod a;"), Source::new("ui/a.rs", breaches[0])];
    assert!(markup::markup_stands_in_views(&of_tests).is_empty(), "a file that only tests compile");
}
