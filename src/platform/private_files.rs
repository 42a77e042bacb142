//! The files of the server are for their owner only: they hold names and addresses.

use std::fs::{Permissions, set_permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::Mode;

use super::database::Database;

/// Lets every file that the process makes from now on, and every folder, be for its owner only.
pub fn keep_private() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Closes the files of a database to others. An older version, or another program, may have made them open.
pub fn close_to_others(database: &Database) {
    let options = database.read.connect_options();
    let file = options.get_filename();
    for ending in ["", "-wal", "-shm", ".lock"] {
        let mut path = file.as_os_str().to_owned();
        path.push(ending);
        match set_permissions(&path, Permissions::from_mode(0o600)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // Somebody else's file, or a file system without permissions: it can be used all the same.
            Err(error) => tracing::warn!(%error, file = ?path, "others may be able to read this file"),
        }
    }
}
