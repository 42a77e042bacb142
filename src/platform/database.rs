//! The embedded database: opening it, and the pools that everything goes through.
//!
//! One writer connection, because SQLite has one writer: waiting in the pool's fair queue beats
//! `SQLITE_BUSY`. Every write transaction begins with `BEGIN IMMEDIATE`; one that reads first and
//! writes later would fail at once with `SQLITE_BUSY_SNAPSHOT`, whatever the busy timeout.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlSafeStr, Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio_util::sync::CancellationToken;

pub use super::database_file::Lost;
use super::database_file::{Beginning, DatabaseFile, file_of};
pub use super::open_error::OpenError;

/// How long somebody waits for a connection: twice as long as SQLite waits for a lock.
const PATIENCE: Duration = Duration::from_secs(10);
/// A database of more bytes than this takes seconds to check.
const LARGE: u64 = 256 * 1024 * 1024;
/// How often it is looked whether the file is still the one that was opened.
const IDENTITY_EVERY: Duration = Duration::from_secs(1);
/// How long a transaction waits for its turn and for the lock, together, before it is refused: as long as a person waits
/// for an answer without doubting it, and shorter than the generator waits for one.
const TURN: Duration = Duration::from_secs(4);

/// What goes wrong in a store. Logged, never sent.
pub type StoreError = sqlx::Error;

/// The pools. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    /// Connections that read for the dashboard and the runs.
    pub read: SqlitePool,
    /// Connections that read for the users API: whoever searches there does not make the others wait.
    pub read_users: SqlitePool,
    write: SqlitePool,
    /// Locked as long as any clone lives: two processes on one file would clean up each other's runs.
    file: Arc<DatabaseFile>,
}

impl Database {
    /// Opens the file that `url` names, creates it when it is missing, and brings its schema up to date. A database
    /// of an older version is copied before that.
    ///
    /// # Errors
    /// [`OpenError`], in words for the operator.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let file = DatabaseFile::open(url)?;
        let opening = |error| OpenError::Open(file.path().display().to_string(), error);
        let options = SqliteConnectOptions::new().filename(file.path()).busy_timeout(Duration::from_secs(5));
        // On a connection of its own, which does not change what is not ours.
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
                .acquire_timeout(PATIENCE)
                .test_before_acquire(false)
        };
        // One that only reads is in no transaction, and a look at it would cost every query two more switches of threads.
        let write = pool(1)
            .after_release(|connection, _| Box::pin(is_reusable(connection)))
            .connect_with(options.clone())
            .await
            .map_err(opening)?;
        let options = options.read_only(true);
        let read = pool(4).connect_with(options.clone()).await.map_err(opening)?;
        let read_users = pool(4).connect_with(options).await.map_err(opening)?;
        first.close().await.map_err(opening)?;
        Ok(Self { read, read_users, write, file: Arc::new(file) })
    }

    /// Looks whether the file at the place of the database is the one that was opened. One that was deleted or
    /// replaced takes everything that is written from then on with it.
    ///
    /// # Errors
    /// [`Lost`], in words.
    pub fn identity(&self) -> Result<(), Lost> {
        self.file.check()
    }

    /// Looks after the identity of the file until `stop`, and tells the log when it changes.
    pub async fn watch_identity(self, stop: CancellationToken) {
        let mut known = Ok(());
        let mut ticks = tokio::time::interval(IDENTITY_EVERY);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let now = self.identity();
            if now == known {
                continue;
            }
            let database = self.file.path().display();
            match now {
                Err(lost) => tracing::error!(%database, "{lost}"),
                Ok(()) => tracing::info!(%database, "the file of the database is back at its place"),
            }
            known = now;
        }
    }

    /// The same for a file that has to be there.
    ///
    /// # Errors
    /// [`OpenError`], in words for the operator.
    pub async fn open_existing(url: &str) -> Result<Self, OpenError> {
        let file = file_of(url)?;
        if !file.exists() {
            return Err(OpenError::Missing(file.display().to_string()));
        }
        Self::open(url).await
    }

    /// Begins a transaction that may write. Waits its turn, four seconds at most.
    ///
    /// # Errors
    /// When the database stays locked by another process, or can't be written.
    pub async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        // A transaction that begins after all is rolled back before its connection is used again: see `is_reusable`.
        tokio::time::timeout(TURN, self.write.begin_with("BEGIN IMMEDIATE"))
            .await
            .unwrap_or(Err(StoreError::PoolTimedOut))
    }

    /// Is the schema of this program there? One read.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn has_schema(&self) -> Result<bool, StoreError> {
        let applied: i64 =
            sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success").fetch_one(&self.read).await?;
        Ok(applied == MIGRATIONS.len() as i64)
    }

    /// Writes everything back into the one file and closes it.
    pub async fn close(&self) {
        self.read.close().await;
        self.read_users.close().await;
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.write).await {
            tracing::warn!(%error, "the write-ahead log could not be folded into the database");
        }
        self.write.close().await;
        // Clones may live on in connections that are not closed yet, but none of them can use it any more.
        self.file.unlock();
    }
}

/// A full disk makes SQLite roll back by itself (<https://www.sqlite.org/lang_transaction.html>, "Response
/// To Errors Within A Transaction"). sqlx's own rollback fails then, it believes to be within a
/// transaction for ever, and refuses every later one. Such a connection is replaced.
async fn is_reusable(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    // Behind the rollback that the dropped transaction has asked for.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Sees that the database is whole and one of ours, or empty; keeps a copy of an older one; changes its schema.
async fn bring_up_to_date(file: &DatabaseFile, first: &mut SqliteConnection) -> Result<(), OpenError> {
    let name = || file.path().display().to_string();
    let opening = |error| OpenError::Open(name(), error);
    if file.bytes() > LARGE {
        tracing::info!(database = name(), bytes = file.bytes(), "checking the database, which takes a while");
    }
    let health: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *first).await.map_err(opening)?;
    if health != "ok" {
        return Err(OpenError::Damaged(name()));
    }
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *first).await.map_err(opening)?;
    if tables.iter().any(|table| table == "_sqlx_migrations") {
        let newest = "SELECT max(version) FROM _sqlx_migrations";
        let newest: Option<i64> = sqlx::query_scalar(newest).fetch_one(&mut *first).await.map_err(opening)?;
        let next = newest.unwrap_or(0) + 1;
        if newest.is_some() && next <= MIGRATIONS.len() as i64 {
            let copy = copy_before(file, next, first).await.map_err(|error| OpenError::Copy(name(), error))?;
            tracing::info!(copy = %copy.display(), "the database is of an older version; a copy of it is kept");
        }
    } else if !tables.is_empty() {
        return Err(OpenError::Foreign(name()));
    } else if file.beginning() == Beginning::File {
        // Everything that a new database holds is in its write-ahead log for a while, see below.
        return Err(OpenError::Half(name()));
    } else {
        sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *first).await.map_err(opening)?;
    }
    migrations(&MIGRATIONS).run(first).await.map_err(|error| match error {
        MigrateError::Execute(_) | MigrateError::ExecuteMigration(..) => OpenError::Update(name(), error),
        error => OpenError::Migrate(name(), error),
    })
}

/// Keeps a copy of the whole database beside it, as it is before the migration `next`.
async fn copy_before(file: &DatabaseFile, next: i64, first: &mut SqliteConnection) -> Result<PathBuf, StoreError> {
    // Under another name until it is whole.
    let part = file.empty_file_beside("part")?;
    sqlx::query("VACUUM INTO ?").bind(part.display().to_string()).execute(first).await?;
    let copy = file.empty_file_beside(&format!("before-{next:04}"))?;
    std::fs::rename(part, &copy)?;
    Ok(copy)
}

/// Can the database not be used for now (locked, full, read-only, unreadable), as opposed to a fault that the same
/// statement would meet again? By the primary result codes of SQLite: <https://www.sqlite.org/rescode.html>.
pub fn is_unavailable(error: &StoreError) -> bool {
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const NO_MEMORY: u32 = 7;
    const READONLY: u32 = 8;
    const IO_ERROR: u32 = 10;
    const CORRUPT: u32 = 11;
    const FULL: u32 = 13;
    const CAN_NOT_OPEN: u32 = 14;
    const NO_DATABASE: u32 = 26;
    const CODES: [u32; 9] = [BUSY, LOCKED, NO_MEMORY, READONLY, IO_ERROR, CORRUPT, FULL, CAN_NOT_OPEN, NO_DATABASE];
    match error {
        StoreError::PoolTimedOut | StoreError::Io(_) | StoreError::WorkerCrashed => true,
        StoreError::Database(error) => {
            let extended = error.code().and_then(|code| code.parse::<u32>().ok());
            extended.is_some_and(|code| CODES.contains(&(code & 0xff)))
        }
        _ => false,
    }
}

/// Every schema change, in order. Forward only; a released one never changes.
const MIGRATIONS: [(&str, &str); 10] = [
    ("initial", include_str!("../../migrations/0001_initial.sql")),
    ("both sides", include_str!("../../migrations/0002_both_sides.sql")),
    ("metrics", include_str!("../../migrations/0003_metrics.sql")),
    ("slim requests", include_str!("../../migrations/0004_slim_requests.sql")),
    ("request blocks", include_str!("../../migrations/0005_request_blocks.sql")),
    ("binary blocks", include_str!("../../migrations/0006_binary_blocks.sql")),
    ("undo", include_str!("../../migrations/0007_undo.sql")),
    ("lost requests", include_str!("../../migrations/0008_lost_requests.sql")),
    ("folded names", include_str!("../../migrations/0009_folded_names.sql")),
    ("findings of runs", include_str!("../../migrations/0010_findings_of_runs.sql")),
];

fn migrations(changes: &[(&'static str, &'static str)]) -> Migrator {
    let migration = |(version, &(name, sql)): (i64, &(&'static str, &'static str))| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations((1..).zip(changes).map(migration).collect())
}

/// Now, in epoch milliseconds.
pub fn epoch_millis() -> i64 {
    epoch_micros() / 1000
}

/// Now, in epoch microseconds.
pub fn epoch_micros() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use uuid::Uuid;

    use super::*;

    type Stored = (i64, String, String, i64, i64, Option<i64>, Option<i64>, Option<Vec<u8>>, Option<i64>);

    #[tokio::test]
    async fn the_rows_of_an_older_schema_are_carried_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/old.db", folder.path().display());
        let options = SqliteConnectOptions::from_str(&url).expect("a URL").create_if_missing(true);
        let mut old = options.connect().await.expect("a connection");
        migrations(&MIGRATIONS[..3]).run(&mut old).await.expect("the older schema");
        let ids = [Uuid::from_u128(u128::MAX), Uuid::from_u128(0x019b_76da_a800_7000_8000_0000_0000_0001), Uuid::nil()];
        let run = Uuid::from_u128(7);
        let rows: [(i64, &str, i64, Option<Uuid>, Option<(Uuid, i64)>); 5] = [
            (2_000_000, "GET", 200, Some(ids[0]), None),
            (1_000_000, "GET", 200, Some(ids[1]), Some((run, 3))),
            (2_000_000, "GET", 404, Some(ids[2]), None),
            (2_000_000, "POST", 200, None, None),
            (1_767_225_600_000_000, "GET", 200, None, None),
        ];
        for (at, method, status, id, of_run) in rows {
            sqlx::query("INSERT INTO requests (at, method, route, status, duration, run, seq, request_id) VALUES (?, ?, '/x', ?, 5, ?, ?, ?)")
                .bind(at)
                .bind(method)
                .bind(status)
                .bind(of_run.map(|(run, _)| run.as_bytes().to_vec()))
                .bind(of_run.map(|(_, seq)| seq))
                .bind(id.map(|id| id.as_bytes().to_vec()))
                .execute(&mut old)
                .await
                .expect("inserted");
        }
        old.close().await.expect("closed");

        let database = Database::open(&url).await.expect("brought up to date");
        let copy = SqliteConnectOptions::new().filename(folder.path().join("old.db.before-0004"));
        let mut copy = copy.connect().await.expect("a copy of what was there before");
        let kept: (i64, i64) =
            sqlx::query_as("SELECT count(*), (SELECT max(version) FROM _sqlx_migrations) FROM requests")
                .fetch_one(&mut copy)
                .await
                .expect("the older schema");
        assert_eq!(kept, (rows.len() as i64, 3));
        let stored: Vec<Stored> = sqlx::query_as(
            "SELECT requests.id, method, route, status, duration, request_id_high, request_id_low, run, seq \
             FROM requests JOIN kinds ON kinds.id = kind ORDER BY requests.id",
        )
        .fetch_all(&database.read)
        .await
        .expect("rows");
        let expected = [(rows[1], 0), (rows[0], 0), (rows[2], 1), (rows[3], 2), (rows[4], 0)];
        let expected = expected.map(|((at, method, status, id, of_run), place)| {
            let (high, low) = id.map(|id| id.as_u64_pair()).unzip();
            let half = |half: Option<u64>| half.map(u64::cast_signed);
            let run = of_run.map(|(run, _)| run.as_bytes().to_vec());
            let seq = of_run.map(|(_, seq)| seq);
            (at * 1024 + place, method.to_owned(), "/x".to_owned(), status, 5, half(high), half(low), run, seq)
        });
        assert_eq!(stored, expected);
        database.close().await;
    }

    #[tokio::test]
    async fn the_blocks_of_an_older_schema_are_carried_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/old.db", folder.path().display());
        let options = SqliteConnectOptions::from_str(&url).expect("a URL").create_if_missing(true);
        let mut old = options.connect().await.expect("a connection");
        migrations(&MIGRATIONS[..5]).run(&mut old).await.expect("the older schema");
        // One within a second, one as long as it goes, one too long for a block of today, each with ids of both signs.
        let (mut expected, day) = (Vec::new(), 86_400_000_000_i64 * 1024);
        for (first, step) in [(day, 1024), (2 * day, (1 << 32) / 31), (3 * day, (1 << 32) / 31 + 1)] {
            let entries: Vec<(i64, i64, i64)> = (0..32)
                .map(|number| {
                    (
                        number * step,
                        7 * number + (1 << 31),
                        if number % 2 == 0 { i64::MIN + number } else { number << 40 },
                    )
                })
                .collect();
            sqlx::query("INSERT INTO request_blocks (last, first, kind, slowest, entries) VALUES (?, ?, 3, ?, ?)")
                .bind(first + 31 * step)
                .bind(first)
                .bind(entries[31].1)
                .bind(serde_json::to_string(&entries).expect("JSON"))
                .execute(&mut old)
                .await
                .expect("inserted");
            expected.extend(entries.into_iter().map(|(after, duration, low)| (first + after, 3, duration, None, low)));
        }
        let recorded = "SELECT id, kind, duration, request_id_high, request_id_low FROM recorded ORDER BY id";
        let before: Vec<(i64, i64, i64, Option<i64>, i64)> =
            sqlx::query_as(recorded).fetch_all(&mut old).await.expect("rows");
        old.close().await.expect("closed");
        assert_eq!(before, expected);

        let database = Database::open(&url).await.expect("brought up to date");
        let after: Vec<(i64, i64, i64, Option<i64>, i64)> =
            sqlx::query_as(recorded).fetch_all(&database.read).await.expect("rows");
        assert_eq!(after, expected);
        let counts: (i64, i64) =
            sqlx::query_as("SELECT (SELECT count(*) FROM request_blocks), (SELECT count(*) FROM requests)")
                .fetch_one(&database.read)
                .await
                .expect("counts");
        assert_eq!(counts, (2, 32));
        database.close().await;
    }
}
