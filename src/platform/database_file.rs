//! The file of the database: finds it by `DATABASE_URL`, locks it, and checks that it is still the one that was opened.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::sqlite::SqliteConnectOptions;

use super::open_error::OpenError;

/// The mode of the files: readable by their owner only, because they contain personal data.
const MODE: u32 = 0o600;

/// The opened and locked file. It is always used by its canonical path, whatever other names it has.
///
/// There are two locks. Every version of this program locks the file `.lock` beside the database. On Linux the database
/// file itself is locked as well, so that a process that opens it by a hard link or a bind mount meets the lock, too: two
/// processes with different names for one file would use two write-ahead logs for it. On Linux this lock (`flock`) does
/// not interfere with those of SQLite (`fcntl`); on other systems it does.
#[derive(Debug)]
pub(crate) struct DatabaseFile {
    path: PathBuf,
    file: File,
    beside: File,
    identity: (u64, u64),
    beginning: Beginning,
    bytes: u64,
}

/// What was there when the file was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// Nothing: the file is new, or has no content.
    Nothing,
    /// A file with its write-ahead log, as a process that was killed leaves it.
    FileAndLog,
    /// A file alone, as a process that ended leaves it.
    File,
}

/// Why everything that is written to the database would be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// There is no file at the path of the database.
    #[error(
        "The file of the database is not at its place any more; what is written now is gone when the server ends. Stop the server, put the file back, and start it again."
    )]
    Gone,
    /// There is another file at the path of the database.
    #[error(
        "The file of the database was replaced by another one while the server runs; what is written now is gone when the server ends. Start the server again to use the new file."
    )]
    Replaced,
}

impl DatabaseFile {
    /// Opens the file that `url` names, creates it if it is missing, and locks it.
    pub(crate) fn open(url: &str) -> Result<Self, OpenError> {
        let named = file_of(url)?;
        let text = |path: &Path| path.display().to_string();
        if let Some(folder) = named.parent() {
            std::fs::create_dir_all(folder).map_err(|error| OpenError::Folder(text(folder), error))?;
        }
        let open = |path: &Path| {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(MODE).open(path)
        };
        let file = open(&named).map_err(|error| OpenError::File(text(&named), error))?;
        let path = named.canonicalize().map_err(|error| OpenError::File(text(&named), error))?;
        let beside_path = PathBuf::from(format!("{}.lock", path.display()));
        let beside = open(&beside_path).map_err(|error| OpenError::File(text(&beside_path), error))?;
        lock(&beside, &path)?;
        if cfg!(target_os = "linux") {
            lock(&file, &path)?;
        }
        let known = file.metadata().map_err(|error| OpenError::File(text(&path), error))?;
        let beginning = match PathBuf::from(format!("{}-wal", path.display())).exists() {
            _ if known.len() == 0 => Beginning::Nothing,
            true => Beginning::FileAndLog,
            false => Beginning::File,
        };
        Ok(Self { path, file, beside, identity: identity(&known), beginning, bytes: known.len() })
    }

    /// The canonical path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The size when the file was opened, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What was there when the file was opened.
    pub(crate) fn beginning(&self) -> Beginning {
        self.beginning
    }

    /// Empties a file that had no content when it was opened. No connection may be open.
    pub(crate) fn empty_again(&self) {
        if let Err(error) = self.file.set_len(0) {
            tracing::warn!(%error, "a database that could not be created is left as it is");
        }
    }

    /// Checks that the file at the path is the one that was opened.
    pub(crate) fn check(&self) -> Result<(), Lost> {
        // The file is not opened, because closing it would release the locks that SQLite holds in this process.
        match std::fs::metadata(&self.path) {
            Ok(now) if identity(&now) == self.identity => Ok(()),
            Ok(_) => Err(Lost::Replaced),
            Err(_) => Err(Lost::Gone),
        }
    }

    /// Releases the file for other processes.
    pub(crate) fn unlock(&self) {
        for file in [&self.file, &self.beside] {
            if let Err(error) = file.unlock() {
                tracing::debug!(%error, "the database stays locked until the process ends");
            }
        }
    }

    /// Creates an empty file beside the database, readable by its owner only, and returns its path.
    pub(crate) fn empty_file_beside(&self, ending: &str) -> std::io::Result<PathBuf> {
        let path = PathBuf::from(format!("{}.{ending}", self.path.display()));
        OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(&path)?;
        Ok(path)
    }
}

/// Device and inode, which identify a file whatever its name is.
fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// Locks a file until the process ends. The operating system releases the lock, however the process ends.
fn lock(file: &File, path: &Path) -> Result<(), OpenError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => OpenError::InUse(path.display().to_string()),
        TryLockError::Error(error) => OpenError::Lock(path.display().to_string(), error),
    })
}

/// The path in a URL, decoded in the same way as sqlx does it.
pub(crate) fn file_of(url: &str) -> Result<PathBuf, OpenError> {
    let url = url.trim();
    let refused = |why: &'static str| Err(OpenError::Url(url.to_owned(), why));
    if url.is_empty() {
        return refused("it names no file");
    }
    let Some(rest) = url.strip_prefix("sqlite:") else {
        // Another kind of URL may contain a password.
        let scheme = url.split(':').next().unwrap_or_default();
        return Err(OpenError::Url(format!("{scheme}:…"), "only SQLite is supported"));
    };
    let parameters = rest.split_once('?').map(|(_, parameters)| parameters);
    if parameters.is_some_and(|parameters| !["", "mode=rw", "mode=rwc"].contains(&parameters)) {
        return refused("its parameters are not supported");
    }
    if rest.contains(":memory:") {
        return refused("a database in memory keeps nothing");
    }
    let Ok(options) = SqliteConnectOptions::from_str(url) else { return refused("it can't be decoded") };
    let file = options.get_filename();
    if file.as_os_str().is_empty() { refused("it names no file") } else { Ok(file.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rule_says_which_file_a_url_means() {
        for (url, file) in [
            ("sqlite://data/x.db", "data/x.db"),
            ("sqlite:///srv/x.db", "/srv/x.db"),
            ("sqlite:x.db", "x.db"),
            (" sqlite://x.db\n", "x.db"),
            ("sqlite://a%20b/x.db?mode=rwc", "a b/x.db"),
            ("sqlite://a b/100%25.db", "a b/100%.db"),
            ("sqlite://what%3F.db", "what?.db"),
        ] {
            assert_eq!(file_of(url).expect(url), Path::new(file), "{url}");
        }
        for url in [
            "",
            "  ",
            "sqlite://",
            "sqlite:",
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite://x.db?mode=memory",
            "x.db",
            "sqlite://%ff",
        ] {
            let words = file_of(url).expect_err(url).to_string();
            assert!(words.contains("give sqlite://PATH") && !words.contains('\n'), "{url}: {words}");
        }
        let words = file_of("postgres://me:secret@here/x").expect_err("another kind").to_string();
        assert!(!words.contains("secret"), "{words}");
    }
}
