//! Circles of files that use each other, directly or through others.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, arrow};

/// Each circle in words: its files, and the names that tie each of them to the next.
pub(super) fn circles(graph: &Graph) -> Vec<String> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in graph.arrows.keys() {
        next.entry(from).or_default().insert(to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> = next.keys().map(|file| (*file, reachable(&next, file))).collect();
    let reaches = |from: &str, to: &str| reached.get(from).is_some_and(|files| files.contains(to));
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for file in next.keys().filter(|file| reaches(file, file)) {
        if !seen.insert(*file) {
            continue;
        }
        let circle: BTreeSet<&str> =
            next.keys().copied().filter(|other| reaches(file, other) && reaches(other, file)).collect();
        seen.extend(&circle);
        let ties = graph
            .arrows
            .iter()
            .filter(|((from, to), _)| circle.contains(from.as_str()) && circle.contains(to.as_str()));
        let ties: Vec<String> = ties.map(|((from, to), names)| format!("  {}", arrow(from, to, names))).collect();
        found.push(format!("a circle of {} files:\n{}", circle.len(), ties.join("\n")));
    }
    found
}

/// The files that `start` uses, directly or through others. Itself is one of them only if it stands in a circle.
fn reachable<'g>(next: &BTreeMap<&'g str, BTreeSet<&'g str>>, start: &str) -> BTreeSet<&'g str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![start];
    while let Some(file) = open.pop() {
        for to in next.get(file).into_iter().flatten() {
            if reached.insert(*to) {
                open.push(to);
            }
        }
    }
    reached
}
