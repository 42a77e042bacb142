//! Which file uses what of which other file. An arrow goes to the file that defines a name, also when the name was
//! taken from a `pub use`. No arrows are: a `mod` line, a module that a path only passes through, and a `pub use` by which a
//! module passes on what a module below it defines.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{self, Modules};
use super::resolve::{Resolver, Target};
use super::sources::Source;

/// The arrows of a source tree.
#[derive(Default)]
pub(super) struct Graph {
    /// By the file that uses and the file that is used: the names.
    pub(super) arrows: BTreeMap<(String, String), BTreeSet<String>>,
    /// By file: what it names of other crates, as paths.
    pub(super) external: BTreeMap<String, BTreeSet<String>>,
    /// By name: the files that define a type of that name, once for each definition.
    pub(super) types: BTreeMap<String, Vec<String>>,
}

impl Graph {
    /// Reads the sources and follows every name in them.
    pub(super) fn of(sources: &[Source]) -> Self {
        let modules = modules::read(sources);
        let resolver = Resolver { modules: &modules };
        let mut graph = Self::default();
        for (at, module) in &modules {
            for name in &module.types {
                graph.types.entry(name.clone()).or_default().push(module.file.clone());
            }
            let imports = module
                .imports
                .iter()
                .filter(|import| !import.passes_on_from_below(at, &modules))
                .map(|import| &import.path);
            for path in imports.chain(&module.globs).chain(&module.mentions) {
                for target in resolver.resolve(at, path) {
                    graph.add(&modules, &module.file, target);
                }
            }
        }
        graph
    }

    fn add(&mut self, modules: &Modules, from: &str, target: Target) {
        match target {
            Target::Item(module, name) => {
                let to = modules.get(&module).map_or("", |module| &module.file);
                if !to.is_empty() && to != from {
                    self.arrows.entry((from.to_owned(), to.to_owned())).or_default().insert(name);
                }
            }
            Target::External(path) => {
                self.external.entry(from.to_owned()).or_default().insert(path.join("::"));
            }
            Target::Module(_) => {}
        }
    }

    /// One line for each arrow that `is_wrong`, which is given both files.
    pub(super) fn wrong_arrows(&self, is_wrong: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let wrong = self.arrows.iter().filter(|((from, to), _)| is_wrong(from, to));
        wrong.map(|((from, to), names)| arrow(from, to, names)).collect()
    }
}

/// An arrow in words.
pub(super) fn arrow(from: &str, to: &str, names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    format!("{from} uses {} of {to}", names.join(", "))
}
