//! Keeps the files of the server readable by their owner only, because they contain personal data.

use std::fs::{Permissions, set_permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::Mode;

use super::database::Database;

/// Makes every file and folder that the process creates from now on accessible to its owner only.
pub fn keep_private() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Makes the files of a database accessible to their owner only. An older version, or another program, may have created
/// them with other permissions.
pub fn close_to_others(database: &Database) {
    let options = database.read.connect_options();
    let file = options.get_filename();
    for ending in ["", "-wal", "-shm", ".lock"] {
        let mut path = file.as_os_str().to_owned();
        path.push(ending);
        match set_permissions(&path, Permissions::from_mode(0o600)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // A file of another owner, or a file system without permissions, can be used all the same.
            Err(error) => tracing::warn!(%error, file = ?path, "others may be able to read this file"),
        }
    }
}
