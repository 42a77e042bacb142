//! The rules of `lib.rs`, each a function that lists in words what breaks it.

use super::graph::Graph;
use super::sources::Source;

const FEATURES: [&str; 5] = ["users", "traffic", "metrics", "monitoring", "dashboard"];
/// The files of the server that may name features: they connect them, stand around their routes, or wait for their end.
const COMPOSITION: [&str; 7] = [
    "server/adapters.rs",
    "server/compose.rs",
    "server/config.rs",
    "server/flags.rs",
    "server/router.rs",
    "server/serve.rs",
    "server/users_api_layer.rs",
];
const MOST_LINES: usize = 400;
const MOST_CFGS: usize = 12;

/// The feature whose folder this file is in.
fn feature(file: &str) -> Option<&str> {
    let (folder, _) = file.split_once('/')?;
    FEATURES.contains(&folder).then_some(folder)
}

fn is_model(file: &str) -> bool {
    file.ends_with("model.rs") || file.contains("/model/")
}

/// Is it compiled for the server only?
fn is_server_side(file: &str) -> bool {
    let in_folder = file.split('/').any(|part| part == "server" || part == "server.rs");
    in_folder || file.starts_with("platform/") || file == "main.rs"
}

/// Is it a file that may use neither clock, nor I/O, nor any other crate than a few?
pub(super) fn is_pure(file: &str) -> bool {
    let also = ["origin.rs", "latency_buckets.rs", "wire_name.rs"];
    is_model(file) || file.contains("/engine/") || file.ends_with("validation.rs") || also.contains(&file)
}

pub(super) fn below_the_features_nobody_names_one(graph: &Graph) -> Vec<String> {
    let above = ["lib.rs", "main.rs", "app.rs", "document.rs"];
    let is_below = |file: &str| match file.split_once('/') {
        Some((folder, _)) => folder == "platform" || folder == "ui",
        None => !above.contains(&file),
    };
    graph.wrong_arrows(|from, to| is_below(from) && feature(to).is_some())
}

pub(super) fn only_the_binary_names_the_server(graph: &Graph) -> Vec<String> {
    let is_server = |file: &str| file.starts_with("server/");
    graph.wrong_arrows(|from, to| is_server(to) && !is_server(from) && from != "main.rs")
}

/// The dashboard, which sets the features side by side, may also name their pages, the addresses of these, and the server
/// functions with the forms that those take and the results that those give.
pub(super) fn features_meet_in_models(graph: &Graph) -> Vec<String> {
    let shown = [
        "view",
        "page",
        "engine",
        "server_fns.rs",
        "address.rs",
        "log_form.rs",
        "history_query.rs",
        "start_request.rs",
        "outcomes.rs",
    ];
    graph.wrong_arrows(|from, to| {
        let (Some(own), Some(other)) = (feature(from), feature(to)) else { return false };
        let is_shown = to.split('/').nth(1).is_some_and(|part| shown.contains(&part));
        own != other && !is_model(to) && !(own == "dashboard" && is_shown)
    })
}

/// Whoever records or stores requests knows who made them, and never the simulator.
pub(super) fn users_and_metrics_do_not_know_traffic(sources: &[Source]) -> Vec<String> {
    let others =
        sources.iter().filter(|source| source.name.starts_with("users/") || source.name.starts_with("metrics/"));
    let knowing = others.filter(|source| source.code().iter().any(|line| line.contains("traffic")));
    knowing.map(|source| format!("{} names traffic", source.name)).collect()
}

pub(super) fn only_compose_connects_features(graph: &Graph) -> Vec<String> {
    graph.wrong_arrows(|from, to| from.starts_with("server/") && !COMPOSITION.contains(&from) && feature(to).is_some())
}

pub(super) fn pages_reach_the_server_by_server_functions(graph: &Graph) -> Vec<String> {
    let may = |file: &str| is_server_side(file) || file.ends_with("server_fns.rs");
    let mut found = graph.wrong_arrows(|from, to| !may(from) && is_server_side(to));
    for (file, paths) in graph.external.iter().filter(|(file, _)| !may(file)) {
        let of_the_server = |path: &&String| ["sqlx::", "axum::", "tokio::"].iter().any(|name| path.starts_with(name));
        found.extend(paths.iter().filter(of_the_server).map(|path| format!("{file} uses {path}")));
    }
    found
}

pub(super) fn the_core_is_pure(graph: &Graph, sources: &[Source]) -> Vec<String> {
    let mut found = graph.wrong_arrows(|from, to| is_pure(from) && !is_pure(to));
    for (file, paths) in graph.external.iter().filter(|(file, _)| is_pure(file)) {
        found.extend(paths.iter().filter(|path| !is_pure_path(path)).map(|path| format!("{file} uses {path}")));
    }
    for source in sources.iter().filter(|source| is_pure(&source.name)) {
        for line in source.code().iter().filter(|line| line.contains("cfg(") || line.contains("cfg!(")) {
            found.push(format!("{} depends on the build: {}", source.name, line.trim()));
        }
    }
    found
}

/// Crates that only describe data, and the part of `std` that is the same everywhere and at all times. What begins with a
/// capital letter or is a primitive type is a name of the prelude.
fn is_pure_path(path: &str) -> bool {
    let parts: Vec<&str> = path.split("::").collect();
    let primitive = ["bool", "char", "f64", "i32", "i64", "str", "u8", "u16", "u32", "u64", "u128", "usize"];
    match parts[0] {
        "serde" | "uuid" | "utoipa" => true,
        "std" | "core" => {
            let impure = ["env", "fs", "io", "net", "process", "thread"];
            !impure.contains(&parts[1]) && !parts.contains(&"Instant") && !parts.contains(&"SystemTime")
        }
        first => primitive.contains(&first) || first.starts_with(char::is_uppercase),
    }
}

pub(super) fn types_have_names_of_their_own(graph: &Graph) -> Vec<String> {
    let doubled = graph.types.iter().filter(|(_, files)| files.len() > 1);
    doubled.map(|(name, files)| format!("there is more than one type {name}: in {}", files.join(", "))).collect()
}

pub(super) fn files_are_short(sources: &[Source]) -> Vec<String> {
    let lengths = sources.iter().map(|source| (&source.name, source.code().len()));
    let long = lengths.filter(|(_, lines)| *lines > MOST_LINES);
    long.map(|(name, lines)| format!("{name} has {lines} lines of code")).collect()
}

/// Lines that compile for the server only, or for the browser only.
pub(super) fn few_lines_depend_on_the_side(sources: &[Source]) -> Vec<String> {
    let mut lines = Vec::new();
    for source in sources {
        let is_condition = |line: &str| ["cfg(", "cfg_attr(", "cfg!("].iter().any(|word| line.contains(word));
        let names_a_side = |line: &str| line.contains("ssr") || line.contains("hydrate");
        let conditions = source.code().into_iter().filter(|line| is_condition(line) && names_a_side(line));
        lines.extend(conditions.map(|line| format!("{}: {}", source.name, line.trim())));
    }
    if lines.len() > MOST_CFGS { lines } else { Vec::new() }
}

/// One runner loop, one place that closes a run, one way out through the gate, one HTTP client.
pub(super) fn there_is_one_of_each(sources: &[Source]) -> Vec<String> {
    let calls = ["pacer.step(", "closing::close(", "gate.acquire()", "reqwest::Client::builder()"];
    let count = |call: &str| {
        let lines = sources.iter().flat_map(|source| source.code());
        lines.map(|line| line.matches(call).count()).sum::<usize>()
    };
    let counts = calls.map(|call| (call, count(call))).into_iter().filter(|(_, count)| *count != 1);
    counts.map(|(call, count)| format!("`{call}` is there {count} times, and should be there once")).collect()
}
