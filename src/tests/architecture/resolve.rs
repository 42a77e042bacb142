//! What a path in a module stands for: an item of the crate with the file that defines it, a module, or another crate's.

use super::modules::{Modules, Path};

/// What a path stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// The item with this name, in the module that defines it.
    Item(Path, String),
    /// A module of the crate.
    Module(Path),
    /// A path into another crate, the standard library among them.
    External(Path),
}

/// How many `use` may lead from one name to the next, which ends two `use` that name each other.
const MOST_STEPS: usize = 16;

/// Resolves paths, in all modules of the crate.
pub(super) struct Resolver<'m> {
    pub(super) modules: &'m Modules,
}

impl Resolver<'_> {
    /// What `path` in the code of module `at` may stand for: one target for each namespace in which there is such a name.
    pub(super) fn resolve(&self, at: &[String], path: &[String]) -> Vec<Target> {
        self.step(at, path, MOST_STEPS)
    }

    fn step(&self, at: &[String], path: &[String], left: usize) -> Vec<Target> {
        let [first, rest @ ..] = path else { return Vec::new() };
        if left == 0 {
            return Vec::new();
        }
        match first.as_str() {
            // The binary is a crate of its own, which names the library by this name.
            "crate" | "traffic_simulator" => self.inside(Vec::new(), rest, left),
            "self" => self.inside(at.to_vec(), rest, left),
            "super" => match at {
                [] => Vec::new(),
                [parent @ .., _] if rest.first().is_some_and(|next| next == "super") => self.step(parent, rest, left),
                [parent @ .., _] => self.inside(parent.to_vec(), rest, left),
            },
            "Self" => Vec::new(),
            name => {
                let found = self.named(at, name, rest, left);
                if found.is_empty() && !rest.is_empty() { vec![Target::External(path.to_vec())] } else { found }
            }
        }
    }

    /// The path `rest` seen from the outside of module `module`.
    fn inside(&self, module: Path, rest: &[String], left: usize) -> Vec<Target> {
        let [name, after @ ..] = rest else { return vec![Target::Module(module)] };
        let found = self.named(&module, name, after, left);
        // A name that a macro makes, such as the struct of a server function, belongs to the module in which it stands.
        if found.is_empty() { vec![Target::Item(module, name.clone())] } else { found }
    }

    /// What `name` stands for in module `module`, and from there the path `after`.
    fn named(&self, module: &[String], name: &str, after: &[String], left: usize) -> Vec<Target> {
        let Some(content) = self.modules.get(module) else { return Vec::new() };
        let mut found = Vec::new();
        if content.items.contains(name) {
            found.push(Target::Item(module.to_vec(), name.to_owned()));
        }
        let child = [module, &[name.to_owned()]].concat();
        if self.modules.contains_key(&child) {
            found.extend(self.inside(child, after, left));
        }
        for import in content.imports.iter().filter(|import| import.name == name) {
            found.extend(self.step(module, &[import.path.as_slice(), after].concat(), left - 1));
        }
        if found.is_empty() {
            for glob in &content.globs {
                let source = self.step(module, glob, left - 1);
                let modules = source.into_iter().filter_map(|target| match target {
                    Target::Module(path) if path != module => Some(path),
                    _ => None,
                });
                found.extend(modules.flat_map(|path| self.named(&path, name, after, left - 1)));
            }
        }
        found.sort();
        found.dedup();
        found
    }
}
