//! The source files that the rules look at: those of this project, or a few lines that a test makes up.

use std::fs;
use std::path::Path;

/// One file: its path below `src/`, and its text.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
}

impl Source {
    pub(super) fn new(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned() }
    }

    /// The lines without comments, up to the tests at the end of the file.
    pub(super) fn code(&self) -> Vec<&str> {
        let code = self.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        code.lines().filter(|line| !line.trim_start().starts_with("//")).collect()
    }

    /// The folders above the file, and the file without `.rs`: `a/b.rs` and `a/b/mod.rs` are both the module `a::b`.
    pub(super) fn module(&self) -> Vec<String> {
        let path = self.name.trim_end_matches(".rs");
        let path = path.strip_suffix("/mod").unwrap_or(path);
        if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
    }
}

/// Every file of `src/` but the integration tests, in the order of their names.
pub(super) fn of_this_project() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    read_folder(&root, &root, &mut sources);
    sources.sort_by(|one, other| one.name.cmp(&other.name));
    sources
}

fn read_folder(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(root).expect("below src").to_string_lossy().replace('\\', "/");
        if path.is_dir() {
            if name != "tests" {
                read_folder(root, &path, sources);
            }
        } else if name.ends_with(".rs") {
            sources.push(Source { name, text: fs::read_to_string(&path).expect("a source") });
        }
    }
}
