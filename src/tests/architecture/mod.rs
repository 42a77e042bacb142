//! The architecture invariants of `lib.rs`, enforced by reading the sources. That each rule can fail is proved in
//! [`breaches`], by a few lines of source that break it.

mod breaches;
mod circles;
mod graph;
mod markup;
mod modules;
mod naming;
mod reader;
mod resolve;
mod rules;
mod sources;

use std::sync::LazyLock;

use self::graph::Graph;
use self::sources::Source;

static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(sources::of_this_project);
static GRAPH: LazyLock<Graph> = LazyLock::new(|| Graph::of(&SOURCES));

fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn the_sources_are_read() {
    assert!(SOURCES.len() > 100 && GRAPH.arrows.len() > 500, "{} files, {} arrows", SOURCES.len(), GRAPH.arrows.len());
    let engine = SOURCES.iter().filter(|source| rules::is_pure(&source.name)).count();
    assert!(engine > 20, "{engine} files are held to be pure");
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    assert_none(&circles::circles(&GRAPH));
}

#[test]
fn below_the_features_nobody_names_one() {
    assert_none(&rules::below_the_features_nobody_names_one(&GRAPH));
}

#[test]
fn only_the_binary_names_the_server() {
    assert_none(&rules::only_the_binary_names_the_server(&GRAPH));
}

#[test]
fn features_meet_in_models() {
    assert_none(&rules::features_meet_in_models(&GRAPH));
}

#[test]
fn users_and_metrics_do_not_know_traffic() {
    assert_none(&rules::users_and_metrics_do_not_know_traffic(&SOURCES));
}

#[test]
fn only_compose_connects_features() {
    assert_none(&rules::only_compose_connects_features(&GRAPH));
}

#[test]
fn pages_reach_the_server_by_server_functions() {
    assert_none(&rules::pages_reach_the_server_by_server_functions(&GRAPH));
}

#[test]
fn the_core_is_pure() {
    assert_none(&rules::the_core_is_pure(&GRAPH, &SOURCES));
}

#[test]
fn types_have_names_of_their_own() {
    assert_none(&rules::types_have_names_of_their_own(&GRAPH));
}

#[test]
fn files_are_short() {
    assert_none(&rules::files_are_short(&SOURCES));
}

#[test]
fn few_lines_depend_on_the_side() {
    assert_none(&rules::few_lines_depend_on_the_side(&SOURCES));
}

#[test]
fn there_is_one_of_each() {
    assert_none(&rules::there_is_one_of_each(&SOURCES));
}

#[test]
fn markup_stands_in_views() {
    assert_none(&markup::markup_stands_in_views(&SOURCES));
}
