//! The names of the files that a page loads.
//!
//! `scripts/build` puts a hash of its content into the name of each file, and the hashes into a file beside the program.
//! So a browser never loads the same file twice, and a program never starts with the files of another build. Where the
//! hash file is missing, as in development, the names are plain.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use leptos::config::LeptosOptions;

use crate::document::Assets;

/// The variable that decides whether the hash file counts. `cargo leptos watch` sets it to `false`, because it changes
/// files without renaming them.
const SWITCH: &str = "LEPTOS_HASH_FILES";
/// The length of a hash in characters: 128 bits in base64 without padding.
const HASH_LENGTH: usize = 22;

/// Why there is no page to serve. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum AssetsError {
    /// Nothing was built, or the files are in another folder.
    #[error(
        "the page's files are missing: there is no {}; build them with `make build`, and start in the folder that holds them (or set LEPTOS_SITE_ROOT)", .0.display()
    )]
    Missing(PathBuf),
    /// The hash file names other files than those in the folder.
    #[error(
        "the page's files are of another build than this program: there is no {}, which {} names; build both with `make build`", .missing.display(), .hashes.display()
    )]
    OtherBuild {
        /// The missing file.
        missing: PathBuf,
        /// The hash file.
        hashes: PathBuf,
    },
    /// The files have hashes in their names, and there is no hash file.
    #[error("the names of the page's files are not known: there is no {}; `make build` makes it, and it has to stand beside the program", .0.display())]
    NoHashFile(PathBuf),
    /// The hash file can't be read, or lacks a hash.
    #[error("{} can't be used: {fault}; `make build` makes it anew", .hashes.display())]
    HashFile {
        /// The hash file.
        hashes: PathBuf,
        /// What is wrong with the hash file.
        fault: String,
    },
}

/// The addresses of the files that a page loads, after a check that the files exist.
///
/// # Errors
/// [`AssetsError`], which tells the operator what to do.
pub fn find(options: &LeptosOptions) -> Result<Assets, AssetsError> {
    let switch = std::env::var(SWITCH).ok();
    let folder = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned()));
    let hashes = folder.unwrap_or_default().join(options.hash_file.as_ref());
    find_by(options, &hashes, switch.as_deref())
}

/// Like [`find`], with this hash file. It has to exist if `switch` is `true`, and does not count if it is `false`.
fn find_by(options: &LeptosOptions, hashes: &Path, switch: Option<&str>) -> Result<Assets, AssetsError> {
    let text = match fs::read_to_string(hashes) {
        _ if switch == Some("false") => None,
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(AssetsError::HashFile { hashes: hashes.to_owned(), fault: error.to_string() }),
    };
    let package = Path::new(options.site_root.as_ref()).join(options.site_pkg_dir.as_ref());
    let names = match &text {
        None if switch == Some("true") => return Err(AssetsError::NoHashFile(hashes.to_owned())),
        None => plain_names(options),
        Some(text) => {
            hashed_names(options, text).map_err(|fault| AssetsError::HashFile { hashes: hashes.to_owned(), fault })?
        }
    };
    let missing = names.iter().map(|name| package.join(name)).find(|file| !file.is_file());
    match (missing, text) {
        (None, _) => Ok(addresses(options, &names)),
        (Some(missing), Some(_)) if package.is_dir() => {
            Err(AssetsError::OtherBuild { missing, hashes: hashes.to_owned() })
        }
        (Some(_), None) if holds_hashed(&package) => Err(AssetsError::NoHashFile(hashes.to_owned())),
        (Some(missing), _) => Err(AssetsError::Missing(missing)),
    }
}

/// The addresses in a development build. There is no check that the files exist.
pub fn without_hashes(options: &LeptosOptions) -> Assets {
    addresses(options, &plain_names(options))
}

/// The endings of style sheet, script and WebAssembly module.
const KINDS: [&str; 3] = ["css", "js", "wasm"];

fn plain_names(options: &LeptosOptions) -> [String; 3] {
    KINDS.map(|kind| format!("{}.{kind}", options.output_name))
}

/// The names by the hash file of cargo-leptos, which has lines like `js: HASH`.
fn hashed_names(options: &LeptosOptions, text: &str) -> Result<[String; 3], String> {
    let hash_of = |kind: &str| {
        let named = text.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(':').map(str::trim));
        let hash = named.filter(|hash| is_hash(hash)).ok_or(format!("it has no hash for {kind}"))?;
        Ok::<_, String>(format!("{}.{hash}.{kind}", options.output_name))
    };
    let [style, script, wasm] = KINDS.map(hash_of);
    Ok([style?, script?, wasm?])
}

fn addresses(options: &LeptosOptions, names: &[String; 3]) -> Assets {
    let [style, script, wasm] = names.each_ref().map(|name| format!("/{}/{name}", options.site_pkg_dir));
    Assets::new(style, script, wasm)
}

fn is_hash(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    // cargo-leptos writes as many underscores where it has no hash.
    text.len() == HASH_LENGTH && text.bytes().all(is_digit) && text.bytes().any(|byte| byte != b'_')
}

/// Whether the name of a file contains a hash, as `page.HASH.js` does.
pub(super) fn has_hash(name: &str) -> bool {
    let mut parts = name.split('.').rev();
    // A file that was compressed at build time has one more ending.
    let kind = parts.next().filter(|kind| !["br", "gz"].contains(kind)).or_else(|| parts.next());
    kind.is_some() && parts.next().is_some_and(is_hash) && parts.next().is_some()
}

fn holds_hashed(package: &Path) -> bool {
    let files = fs::read_dir(package).into_iter().flatten().flatten();
    files.map(|file| file.file_name()).any(|name| OsStr::to_str(&name).is_some_and(has_hash))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const HASHES: [&str; 3] = ["aaaaaaaaaaaaaaaaaaaaa1", "bbbbbbbbbbbbbbbbbbbb_-", "cccccccccccccccccccccc"];

    /// A folder with a package of these files, and options that point to it.
    fn site(names: &[&str]) -> (tempfile::TempDir, LeptosOptions) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("pkg")).expect("a folder");
        for name in names {
            fs::write(folder.path().join("pkg").join(name), "").expect("a file");
        }
        let root: Arc<str> = folder.path().to_str().expect("text").into();
        let options = LeptosOptions::builder().output_name("page").site_root(root).site_pkg_dir("pkg").build();
        (folder, options)
    }

    fn hashed() -> [String; 3] {
        let [css, js, wasm] = HASHES;
        [format!("page.{css}.css"), format!("page.{js}.js"), format!("page.{wasm}.wasm")]
    }

    fn hash_file() -> String {
        let [css, js, wasm] = HASHES;
        format!("js: {js}\nwasm: {wasm}\ncss: {css}\nmanifest: dddddddddddddddddddddd\n")
    }

    #[test]
    fn the_hash_file_decides_what_the_files_are_called() {
        let names = hashed();
        let (folder, options) = site(&names.each_ref().map(String::as_str));
        let hashes = folder.path().join("hash.txt");
        assert!(matches!(find_by(&options, &hashes, None), Err(AssetsError::NoHashFile(path)) if path == hashes));
        fs::write(&hashes, hash_file()).expect("a file");
        for switch in [None, Some("true")] {
            assert_eq!(find_by(&options, &hashes, switch).expect("names"), addresses(&options, &names));
        }
        assert!(addresses(&options, &names).style.starts_with("/pkg/page.aaaaa"));

        fs::remove_file(folder.path().join("pkg").join(&names[2])).expect("removed");
        let missing = folder.path().join("pkg").join(&names[2]);
        let found = find_by(&options, &hashes, None);
        assert!(matches!(found, Err(AssetsError::OtherBuild { missing: file, .. }) if file == missing));
    }

    #[test]
    fn without_it_the_names_are_plain() {
        let (folder, options) = site(&["page.css", "page.js", "page.wasm"]);
        let hashes = folder.path().join("hash.txt");
        assert_eq!(find_by(&options, &hashes, None).expect("names"), without_hashes(&options));
        assert!(matches!(find_by(&options, &hashes, Some("true")), Err(AssetsError::NoHashFile(_))));
        // What an earlier release left behind does not count under `cargo leptos watch`.
        fs::write(&hashes, hash_file()).expect("a file");
        assert_eq!(find_by(&options, &hashes, Some("false")).expect("names"), without_hashes(&options));
        assert!(matches!(find_by(&options, &hashes, None), Err(AssetsError::OtherBuild { .. })));
        fs::remove_file(folder.path().join("pkg/page.wasm")).expect("removed");
        assert!(matches!(find_by(&options, &hashes, Some("false")), Err(AssetsError::Missing(_))));
    }

    #[test]
    fn a_hash_file_that_is_of_no_use_is_refused() {
        let (folder, options) = site(&[]);
        let hashes = folder.path().join("hash.txt");
        let [css, js, _] = HASHES;
        for text in [
            String::new(),
            format!("js: {js}\ncss: {css}\n"),
            hash_file().replace(HASHES[2], "short"),
            hash_file().replace(HASHES[2], "'/><script>evil()</scr"),
            hash_file().replace(HASHES[2], &"_".repeat(HASH_LENGTH)),
        ] {
            fs::write(&hashes, &text).expect("a file");
            let error = find_by(&options, &hashes, None).expect_err("refused");
            assert!(error.to_string().contains("hash.txt can't be used: it has no hash for "), "{text}: {error}");
        }
        fs::write(&hashes, [0xff, 0xfe]).expect("a file");
        assert!(matches!(find_by(&options, &hashes, None), Err(AssetsError::HashFile { .. })), "no text");
        fs::remove_dir(folder.path().join("pkg")).expect("removed");
        fs::write(&hashes, hash_file()).expect("a file");
        assert!(matches!(find_by(&options, &hashes, None), Err(AssetsError::Missing(_))), "nothing was built");
    }

    #[test]
    fn only_a_name_with_a_hash_never_changes() {
        for name in
            ["page.bbbbbbbbbbbbbbbbbbbb_-.js", "page.cccccccccccccccccccccc.wasm.br", "a.b.cccccccccccccccccccccc.css"]
        {
            assert!(has_hash(name), "{name}");
        }
        for name in [
            "page.js",
            "favicon.svg",
            "robots.txt",
            "",
            "cccccccccccccccccccccc",
            "cccccccccccccccccccccc.js",
            "page.cccccccccccccccccccccc",
            "page.______________________.js",
            "page.ccccccccccccccccccccccc.js",
            "page.cccccccccccccccccc cc.js",
        ] {
            assert!(!has_hash(name), "{name}");
        }
    }
}
