//! The errors of opening a database.

use sqlx::migrate::MigrateError;

/// Why the database can't be opened. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The setting is not the URL of an SQLite file.
    #[error("DATABASE_URL is {0:?}: {1}; give sqlite://PATH, for example sqlite://data/traffic-simulator.db")]
    Url(String, &'static str),
    /// The folder of the file can't be created.
    #[error("{0} can't be created: {1}; give another path in DATABASE_URL")]
    Folder(String, std::io::Error),
    /// There is no such file.
    #[error("there is no database {0}; name the one that the server uses in DATABASE_URL")]
    Missing(String),
    /// The file, or the lock beside it, can't be opened.
    #[error("{0} can't be opened: {1}; check whose it is, or give another path in DATABASE_URL")]
    File(String, std::io::Error),
    /// The file is no database, or not readable.
    #[error("the database {0} can't be opened: {1}; the file was left as it is")]
    Open(String, sqlx::Error),
    /// Another process uses the file.
    #[error("another traffic-simulator uses the database {0}; stop it, or give another file in DATABASE_URL")]
    InUse(String),
    /// The file system does not support locks.
    #[error("the database {0} can't be locked: {1}; put it on a local disk")]
    Lock(String, std::io::Error),
    /// SQLite reports damage.
    #[error("the database {0} is damaged; restore it from a backup, or use another file; it was left as it is")]
    Damaged(String),
    /// A database without tables.
    #[error(
        "the database {0} has no tables: most likely it was copied while a server used it, without the file that ends in -wal; copy it by `sqlite3 FILE \".backup COPY\"`; it was left as it is"
    )]
    Half(String),
    /// The database of another program.
    #[error("{0} is the database of another program; give another file in DATABASE_URL; it was left as it is")]
    Foreign(String),
    /// The copy of an older database can't be written.
    #[error(
        "the database {0} is of an older version, and the copy of it that is made first can't be written: {1}; free as much space as it takes; it was left as it is"
    )]
    Copy(String, sqlx::Error),
    /// The schema is none of this program.
    #[error("the database {0} does not fit this program: {1}; use the program that wrote it, or another file")]
    Migrate(String, MigrateError),
    /// The schema can't be brought up to date.
    #[error(
        "the database {0} can't be brought up to date: {1}; make sure that there is space and that the file can be written, and start again; what is stored is still there"
    )]
    Update(String, MigrateError),
}
