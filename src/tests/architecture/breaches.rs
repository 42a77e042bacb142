//! Small source trees that break one rule each, and what the rule says to that.

use super::circles::circles;
use super::graph::Graph;
use super::rules;
use super::sources::Source;

fn tree(files: &[(&str, &str)]) -> (Vec<Source>, Graph) {
    let sources: Vec<Source> = files.iter().map(|(name, text)| Source::new(name, text)).collect();
    let graph = Graph::of(&sources);
    (sources, graph)
}

/// The arrows as words: from file, to file, names.
fn arrows(files: &[(&str, &str)]) -> Vec<String> {
    let (_, graph) = tree(files);
    graph.wrong_arrows(|_, _| true)
}

#[test]
fn every_way_of_naming_leads_to_the_file_that_defines_the_name() {
    let b = ("b.rs", "pub struct Thing; pub fn make() {} pub enum Kind { One } pub mod inner { pub const N: u8 = 1; }");
    let rows = [
        ("use crate::b::Thing;", "Thing"),
        ("use super::b::Thing as Other; fn f(_: Other) {}", "Thing"),
        ("use crate::{b::{self, Kind}};", "Kind"),
        ("use crate::b; fn f() { b::make(); }", "make"),
        ("use crate::b as c; fn f() { let _ = c::Kind::One; }", "Kind"),
        ("fn f() -> Vec<crate::b::Thing> { Vec::new() }", "Thing"),
        ("mod deep { fn f() { super::super::b::make() } }", "make"),
        ("fn f() { use crate::b::make; make() }", "make"),
        ("fn f() { println!(\"{}\", crate::b::inner::N); }", "N"),
        ("use crate::b::*; fn f(_: Thing) {}", "Thing"),
        ("use crate::hall::Thing;", "Thing"),
        ("use crate::hall::everything::Thing;", "Thing"),
        (
            "struct S { #[serde(with = \"crate::b::inner\")] n: u8, #[serde(default = \"crate::b::make\")] m: u8 }",
            "make",
        ),
        ("#[derive(crate::b::Kind)] struct S;", "Kind"),
        ("impl crate::b::Thing { fn f() {} }", "Thing"),
    ];
    let hall = ("hall/mod.rs", "mod lower; pub use crate::b::Thing; pub mod everything { pub use super::lower::*; }");
    let lower = ("hall/lower.rs", "pub use crate::b::*;");
    for (code, name) in rows {
        let found = arrows(&[("lib.rs", "mod a; mod b; mod hall;"), ("a.rs", code), b, hall, lower]);
        assert!(found.contains(&format!("a.rs uses {name} of b.rs")), "{code}: {found:?}");
        assert_eq!(found.iter().filter(|arrow| arrow.starts_with("a.rs")).count(), 1, "{code}: {found:?}");
    }
}

#[test]
fn what_is_no_use_is_no_arrow() {
    let rows = [
        "use std::fmt::Display; fn f(_: impl Display) {}",
        "// use crate::b::Thing;",
        "/// See [`crate::b::Thing`].\nfn f() { let _ = \"crate::b::Thing\"; }",
        "#[cfg(test)]\nmod tests { use crate::b::Thing; }",
        "#[cfg(test)]\nuse crate::b::Thing;",
        "#[test]\nfn f() { crate::b::make(); }",
        "pub(in crate::b) fn f() {}",
        "struct Thing; fn f(_: Thing) {}",
    ];
    for code in rows {
        let found =
            arrows(&[("lib.rs", "mod a; mod b;"), ("a.rs", code), ("b.rs", "pub struct Thing; pub fn make() {}")]);
        assert!(found.is_empty(), "{code}: {found:?}");
    }
    let only_for_tests =
        [("lib.rs", "#[cfg(test)] mod a; mod b;"), ("a.rs", "use crate::b::T;"), ("b.rs", "pub struct T;")];
    assert_eq!(arrows(&only_for_tests), Vec::<String>::new());
}

#[test]
fn a_circle_is_found_whatever_its_length() {
    let two = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "pub struct B(super::a::A);"),
    ];
    let (_, graph) = tree(&two);
    assert_eq!(circles(&graph), ["a circle of 2 files:\n  a.rs uses B of b.rs\n  b.rs uses A of a.rs"]);

    let three = [
        ("a.rs", "use crate::b::b; pub fn a() {}"),
        ("b.rs", "pub fn b() { crate::c::c() }"),
        ("c.rs", "pub fn c() { println!(\"{:?}\", crate::a::a()) }"),
        ("d.rs", "use crate::a::a; use crate::e::E;"),
        ("e.rs", "pub struct E;"),
    ];
    let found = circles(&tree(&three).1);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("a circle of 3 files") && !found[0].contains("d.rs"), "{found:?}");

    // By way of a `pub use` of a third file.
    let detour = [
        ("a.rs", "pub struct A; use crate::hall::B;"),
        ("b.rs", "pub struct B(crate::a::A);"),
        ("hall.rs", "pub use crate::b::B;"),
    ];
    assert_eq!(circles(&tree(&detour).1).len(), 1);
}

#[test]
fn a_parent_that_only_declares_is_in_no_circle() {
    let child = ("a/child.rs", "use super::Shared; pub struct Child(Shared);");
    let declares = [("a/mod.rs", "mod child; pub use child::Child; pub struct Shared;"), child];
    assert_eq!(circles(&tree(&declares).1), Vec::<String>::new());
    let uses = [("a/mod.rs", "mod child; pub struct Shared; fn f(_: child::Child) {}"), child];
    assert_eq!(circles(&tree(&uses).1).len(), 1);
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
        (models, "dashboard/board.rs", "traffic/engine/stats.rs", false),
        (models, "traffic/view/verdict.rs", "metrics/model.rs", true),
        (models, "dashboard/board.rs", "metrics/view/kpi_cards.rs", true),
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
