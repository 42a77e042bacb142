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
const MIGRATIONS: [(&str, &str); 11] = [
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
    ("recorded requests", include_str!("../../migrations/0011_recorded_requests.sql")),
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

    /// Id, arrival, method, route, status, duration, origin, run and seq.
    type Stored = (Vec<u8>, i64, String, String, i64, i64, String, Option<Vec<u8>>, Option<i64>);

    const MICROS: i64 = 1_767_225_600_123_456;
    /// The first half of an id that was drawn at that time.
    const FIRST_HALF: u64 = (1_767_225_600_123 << 16) | 0x7000 | (456 * 4096 / 1000);
    const RUN: Uuid = Uuid::from_u128(7);

    /// A database as the version with the first `changes` migrations left it.
    async fn older(folder: &tempfile::TempDir, changes: usize) -> (String, SqliteConnection) {
        let url = format!("sqlite://{}/old.db", folder.path().display());
        let options = SqliteConnectOptions::from_str(&url).expect("a URL").create_if_missing(true);
        let mut old = options.connect().await.expect("a connection");
        migrations(&MIGRATIONS[..changes]).run(&mut old).await.expect("the older schema");
        (url, old)
    }

    async fn recorded(database: &Database) -> Vec<Stored> {
        let statement = "SELECT id, arrived_at, method, route, status, duration_us, origin, run, seq \
                         FROM recorded_requests ORDER BY arrived_at, id";
        sqlx::query_as(statement).fetch_all(&database.read).await.expect("rows")
    }

    fn real(id: Uuid, arrived_at: i64, method: &str, status: i64, duration: i64) -> Stored {
        let words = |text: &str| text.to_owned();
        let id = id.as_bytes().to_vec();
        (id, arrived_at, words(method), words("/x"), status, duration, words("real"), None, None)
    }

    #[tokio::test]
    async fn the_rows_of_the_first_versions_are_carried_over_and_a_copy_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let (url, mut old) = older(&folder, 3).await;
        let ids = [Uuid::from_u128(u128::MAX), Uuid::from_u128(0x019b_76da_a800_7000_8000_0000_0000_0001), Uuid::nil()];
        let rows: [(i64, &str, i64, Option<Uuid>, Option<i64>); 5] = [
            (2_000_000, "GET", 200, Some(ids[0]), None),
            (1_000_000, "GET", 200, Some(ids[1]), Some(3)),
            (2_000_000, "GET", 404, Some(ids[2]), None),
            (2_000_001, "POST", 200, None, None),
            (MICROS, "GET", 200, None, None),
        ];
        for (at, method, status, id, seq) in rows {
            sqlx::query("INSERT INTO requests (at, method, route, status, duration, run, seq, request_id) VALUES (?, ?, '/x', ?, 5, ?, ?, ?)")
                .bind(at)
                .bind(method)
                .bind(status)
                .bind(seq.map(|_| RUN.as_bytes().to_vec()))
                .bind(seq)
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
        let mut of_run = real(ids[1], 1_000_000, "GET", 200, 5);
        (of_run.6, of_run.7, of_run.8) = ("simulated".to_owned(), Some(RUN.as_bytes().to_vec()), Some(3));
        // Rows without an id get one made of their time.
        let made = |first: u64| Uuid::from_u64_pair(first, 1 << 63);
        let expected = [
            of_run,
            real(ids[2], 2_000_000, "GET", 404, 5),
            real(ids[0], 2_000_000, "GET", 200, 5),
            real(made((2000 << 16) | 0x7000 | (4096 / 1000)), 2_000_001, "POST", 200, 5),
            real(made(FIRST_HALF), MICROS, "GET", 200, 5),
        ];
        assert_eq!(recorded(&database).await, expected);
        database.close().await;
    }

    /// The entries of a block: each time after the first one, duration and second half of the id.
    fn entries() -> Vec<(i64, u32, i64)> {
        (0..32)
            .map(|number| {
                let low = if number % 2 == 0 { i64::MIN + number } else { number << 40 };
                (number * 1000, 7 * number as u32 + (1 << 31), low)
            })
            .collect()
    }

    fn unpacked() -> Vec<Stored> {
        let first_half = |at: i64| (((at / 1000) << 16) | (at % 1000 * 4096 / 1000)) as u64 | 0x7000;
        entries()
            .into_iter()
            .map(|(after, duration, low)| {
                let at = MICROS + after;
                real(Uuid::from_u64_pair(first_half(at), low.cast_unsigned()), at, "GET", 200, duration.into())
            })
            .collect()
    }

    const BLOCK: &str = "INSERT INTO request_blocks (last, first, kind, slowest, entries) VALUES (?, ?, 3, 0, ?)";

    #[tokio::test]
    async fn blocks_of_either_older_form_are_unpacked() {
        let json: Vec<(i64, u32, i64)> = entries().into_iter().map(|(at, took, low)| (at * 1024, took, low)).collect();
        let json = serde_json::to_string(&json).expect("JSON").into_bytes();
        let binary = entries().into_iter().flat_map(|(after, duration, low)| {
            let after = (after * 1024) as u32;
            [after.to_be_bytes().as_slice(), &duration.to_be_bytes(), &low.to_be_bytes()].concat()
        });
        for (changes, entries) in [(5, json), (10, binary.collect())] {
            let folder = tempfile::tempdir().expect("a folder");
            let (url, mut old) = older(&folder, changes).await;
            let kind = "INSERT INTO kinds (id, method, route, status) VALUES (3, 'GET', '/x', 200)";
            sqlx::query(kind).execute(&mut old).await.expect("a kind");
            let block = sqlx::query(BLOCK).bind((MICROS + 31_000) * 1024).bind(MICROS * 1024);
            let block =
                if changes == 5 { block.bind(String::from_utf8(entries).expect("JSON")) } else { block.bind(entries) };
            block.execute(&mut old).await.expect("a block");
            old.close().await.expect("closed");

            let database = Database::open(&url).await.expect("brought up to date");
            assert_eq!(recorded(&database).await, unpacked(), "{changes}");
            database.close().await;
        }
    }

    #[tokio::test]
    async fn an_interrupted_migration_leaves_the_older_rows_and_is_repeated() {
        let folder = tempfile::tempdir().expect("a folder");
        let (url, mut old) = older(&folder, 10).await;
        for statement in [
            "INSERT INTO kinds (id, method, route, status) VALUES (3, 'GET', '/x', 200)",
            "INSERT INTO requests (id, kind, duration) VALUES (1024, 3, 5)",
            // Its last step fails.
            "CREATE VIEW recorded_requests_run AS SELECT 1",
        ] {
            sqlx::query(statement).execute(&mut old).await.expect("prepared");
        }
        migrations(&MIGRATIONS).run(&mut old).await.expect_err("an index can't have the name of a view");
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM requests").fetch_one(&mut old).await.expect("a count");
        assert_eq!(left, 1);
        sqlx::query("DROP VIEW recorded_requests_run").execute(&mut old).await.expect("dropped");
        old.close().await.expect("closed");
        let database = Database::open(&url).await.expect("brought up to date");
        assert_eq!(
            recorded(&database).await,
            [real(Uuid::from_u64_pair(0x7000 | (4096 / 1000), 1 << 63), 1, "GET", 200, 5)]
        );
        database.close().await;
    }
}
