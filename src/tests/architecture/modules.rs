//! What each module of the crate defines, imports and mentions. Code that only tests compile is left out.

use std::collections::{BTreeMap, HashSet};

use super::reader::Reader;
use super::sources::Source;

/// A module, or a name in it, by all its segments.
pub(super) type Path = Vec<String>;

/// One module: a file, or a block `mod name { … }` in a file.
#[derive(Default)]
pub(super) struct Module {
    /// Its file.
    pub(super) file: String,
    /// Names of items, modules left out.
    pub(super) items: HashSet<String>,
    /// Names of the types among them.
    pub(super) types: Vec<String>,
    /// What a `use` binds.
    pub(super) imports: Vec<Import>,
    /// What a `use` with a `*` takes everything from.
    pub(super) globs: Vec<Path>,
    /// Every path in the code.
    pub(super) mentions: Vec<Path>,
}

/// One name of a `use`.
pub(super) struct Import {
    /// The name that it has in this module.
    pub(super) name: String,
    pub(super) path: Path,
    pub(super) is_public: bool,
}

impl Import {
    /// Is it a `pub use` of something below module `at`?
    pub(super) fn passes_on_from_below(&self, at: &[String], modules: &Modules) -> bool {
        let [first, rest @ ..] = self.path.as_slice() else { return false };
        let child = if first == "self" { rest.first() } else { Some(first) };
        self.is_public && child.is_some_and(|child| modules.contains_key(&[at, std::slice::from_ref(child)].concat()))
    }
}

/// All modules by their paths.
pub(super) type Modules = BTreeMap<Path, Module>;

/// Reads the modules of the files.
pub(super) fn read(sources: &[Source]) -> Modules {
    let mut modules = Modules::new();
    let mut only_for_tests = Vec::new();
    for source in sources {
        Reader { modules: &mut modules, only_for_tests: &mut only_for_tests, at: source.module() }.read(source);
    }
    // A folder without a `mod.rs`, in a test's few files.
    for path in modules.keys().cloned().collect::<Vec<_>>() {
        (0..path.len()).for_each(|length| {
            modules.entry(path[..length].to_vec()).or_default();
        });
    }
    modules.retain(|path, _| !only_for_tests.iter().any(|tests: &Path| path.starts_with(tests)));
    modules
}
