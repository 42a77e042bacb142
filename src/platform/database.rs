//! The embedded database: opening it, and the pools that everything goes through.
//!
//! There is one writer connection, because SQLite has one writer: waiting in the pool's fair queue is better than
//! `SQLITE_BUSY`. Every write transaction begins with `BEGIN IMMEDIATE`; one that reads first and writes later would fail
//! at once with `SQLITE_BUSY_SNAPSHOT`, whatever the busy timeout.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio_util::sync::CancellationToken;

pub use super::database_file::Lost;
use super::database_file::{Beginning, DatabaseFile, file_of};
use super::migrations::{MIGRATIONS, bring_up_to_date};
pub use super::open_error::OpenError;
pub use super::store_error::{StoreError, is_unavailable};

/// How long SQLite waits for a lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a caller waits for a connection: twice as long as SQLite waits for a lock.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the identity of the file is checked.
const IDENTITY_INTERVAL: Duration = Duration::from_secs(1);
/// How long a write transaction waits for the connection and for the lock together. A person is still patient that long,
/// and a client with the usual timeout of five seconds still gets its response.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(4);

/// The connection pools. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    /// Read-only connections for everything but the public API.
    pub read: SqlitePool,
    /// Read-only connections for the public API: slow searches there must not block the other readers.
    pub read_public: SqlitePool,
    write: SqlitePool,
    /// Locked as long as any clone lives, because two processes on one file would undo each other's work.
    file: Arc<DatabaseFile>,
}

impl Database {
    /// Opens the file that `url` names, creates it if it is missing, and brings its schema up to date. A database of an
    /// older version is copied first.
    ///
    /// # Errors
    /// [`OpenError`], which tells the operator what to do.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let file = DatabaseFile::open(url)?;
        let opening = |error| OpenError::Open(file.path().display().to_string(), error);
        let options = SqliteConnectOptions::new().filename(file.path()).busy_timeout(BUSY_TIMEOUT);
        // A separate connection with default options, because WAL mode would change a file that may not be ours.
        let mut first = options.connect().await.map_err(opening)?;
        if let Err(error) = bring_up_to_date(&file, &mut first).await {
            if first.close().await.is_ok() && file.beginning() == Beginning::Nothing {
                file.empty_again();
            }
            return Err(error);
        }
        // WAL with NORMAL: always consistent; a power cut (not a crash) may cost the last commits.
        let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal);
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .min_connections(1)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .test_before_acquire(false)
        };
        // Only the writer is checked after use: readers hold no transaction, and the check would cost every query two
        // more thread switches.
        let write = pool(1)
            .after_release(|connection, _| Box::pin(is_reusable(connection)))
            .connect_with(options.clone())
            .await
            .map_err(opening)?;
        let options = options.read_only(true);
        let read = pool(4).connect_with(options.clone()).await.map_err(opening)?;
        let read_public = pool(4).connect_with(options).await.map_err(opening)?;
        first.close().await.map_err(opening)?;
        Ok(Self { read, read_public, write, file: Arc::new(file) })
    }

    /// Checks that the file at the path of the database is still the one that was opened. If it was deleted or replaced,
    /// everything that is written from then on is lost.
    ///
    /// # Errors
    /// [`Lost`]: what happened to the file.
    pub fn identity(&self) -> Result<(), Lost> {
        self.file.check()
    }

    /// Checks the identity of the file until `stop`, and logs when it changes.
    pub async fn watch_identity(self, stop: CancellationToken) {
        let mut known = Ok(());
        let mut ticks = tokio::time::interval(IDENTITY_INTERVAL);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let now = self.identity();
            if now == known {
                continue;
            }
            let database = self.file.path().display();
            match now {
                Err(lost) => tracing::error!(%database, "{lost}"),
                Ok(()) => tracing::info!(%database, "the file of the database is back at its path"),
            }
            known = now;
        }
    }

    /// Like [`Database::open`], but the file has to exist.
    ///
    /// # Errors
    /// [`OpenError`], which tells the operator what to do.
    pub async fn open_existing(url: &str) -> Result<Self, OpenError> {
        let file = file_of(url)?;
        if !file.exists() {
            return Err(OpenError::Missing(file.display().to_string()));
        }
        Self::open(url).await
    }

    /// Begins a transaction that may write. Waits up to four seconds for earlier ones.
    ///
    /// # Errors
    /// If the database stays locked by another process, or can't be written.
    pub async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        // A transaction that begins after the timeout is rolled back before its connection is used again: see
        // `is_reusable`.
        tokio::time::timeout(BEGIN_TIMEOUT, self.write.begin_with("BEGIN IMMEDIATE"))
            .await
            .unwrap_or(Err(StoreError::PoolTimedOut))
    }

    /// Whether the database has the schema of this program. Takes one read.
    ///
    /// # Errors
    /// If the database can't be read.
    pub async fn has_schema(&self) -> Result<bool, StoreError> {
        let applied: i64 =
            sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success").fetch_one(&self.read).await?;
        Ok(applied == MIGRATIONS.len() as i64)
    }

    /// Folds the write-ahead log into the database file and closes all connections.
    pub async fn close(&self) {
        self.read.close().await;
        self.read_public.close().await;
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.write).await {
            tracing::warn!(%error, "the write-ahead log could not be folded into the database");
        }
        self.write.close().await;
        // Clones may still exist, in client connections that are not closed yet, but none of them can use the file.
        self.file.unlock();
    }
}

/// Whether the pool may use the connection again.
///
/// A full disk makes SQLite roll back by itself (<https://www.sqlite.org/lang_transaction.html>, "Response To Errors
/// Within A Transaction"). Then sqlx's own rollback fails, and sqlx takes the connection to be within a transaction for
/// ever and refuses every later one. Such a connection is replaced.
async fn is_reusable(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    // The ping runs after the rollback that the dropped transaction has queued.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}
