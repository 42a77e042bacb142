//! Tests of the import graph on small source trees: which arrows there are, and which circles.

use super::breaches::tree;
use super::circles::circles;

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
