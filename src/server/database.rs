//! The embedded database: opening it, and the two pools that everything goes through.
//!
//! One writer connection, because SQLite has one writer: waiting in the pool's fair queue beats
//! `SQLITE_BUSY`. Every write transaction begins with `BEGIN IMMEDIATE`; one that reads first and
//! writes later would fail at once with `SQLITE_BUSY_SNAPSHOT`, whatever the busy timeout.

use std::fs::File;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqlSafeStr, Sqlite, SqliteConnection, SqlitePool, Transaction};

/// How long somebody waits for a connection: twice as long as SQLite waits for a lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// What goes wrong in a store. Logged, never sent.
pub type StoreError = sqlx::Error;

/// Why the database can't be used. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not a URL of SQLite.
    #[error("DATABASE_URL is {0:?}; give sqlite://PATH, for example sqlite://data/traffic-simulator.db")]
    Url(String),
    /// The folder of the file, or the lock beside it, can't be made.
    #[error("{0} can't be created: {1}; give another place in DATABASE_URL")]
    Folder(String, std::io::Error),
    /// Not a database, or not readable.
    #[error("the database {0} can't be opened: {1}; the file was left as it is")]
    Open(String, sqlx::Error),
    /// Another process has it.
    #[error("another traffic-simulator uses the database {0}; stop it, or give another file in DATABASE_URL")]
    InUse(String),
    /// SQLite finds it damaged.
    #[error("the database {0} is damaged; restore it from a backup, or use another file; it was left as it is")]
    Damaged(String),
    /// The schema can't be brought up to date.
    #[error("the database {0} does not fit this program: {1}; use the program that wrote it, or another file")]
    Migrate(String, sqlx::migrate::MigrateError),
}

/// The pools. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    /// Connections that read.
    pub read: SqlitePool,
    write: SqlitePool,
    /// Locked as long as any clone lives: two processes on one file would clean up each other's runs.
    lock: Arc<File>,
}

impl Database {
    /// Opens the file that `url` names, creates it when it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError`], in words for the operator.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let Some(file) = url.strip_prefix("sqlite://").map(|rest| rest.split('?').next().unwrap_or(rest).to_owned())
        else {
            return Err(OpenError::Url(url.to_owned()));
        };
        if let Some(folder) = Path::new(&file).parent() {
            std::fs::create_dir_all(folder).map_err(|error| OpenError::Folder(folder.display().to_string(), error))?;
        }
        let lock = lock(&file)?;
        // WAL with NORMAL: always consistent; a power cut (not a crash) may cost the last commits.
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| OpenError::Open(file.clone(), error))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(5));
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
            .map_err(|error| OpenError::Open(file.clone(), error))?;
        let health: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&write)
            .await
            .map_err(|error| OpenError::Open(file.clone(), error))?;
        if health != "ok" {
            return Err(OpenError::Damaged(file));
        }
        migrations(&MIGRATIONS).run(&write).await.map_err(|error| OpenError::Migrate(file.clone(), error))?;
        let read = pool(4).connect_with(options.read_only(true)).await.map_err(|error| OpenError::Open(file, error))?;
        Ok(Self { read, write, lock: Arc::new(lock) })
    }

    /// Begins a transaction that may write. Waits its turn.
    ///
    /// # Errors
    /// When the database stays locked by another process, or can't be written.
    pub async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.write.begin_with("BEGIN IMMEDIATE").await
    }

    /// Writes everything back into the one file and closes it.
    pub async fn close(&self) {
        self.read.close().await;
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.write).await {
            tracing::warn!(%error, "the write-ahead log could not be folded into the database");
        }
        self.write.close().await;
        // Clones may live on in connections that are not closed yet, but none of them can use it any more.
        if let Err(error) = self.lock.unlock() {
            tracing::debug!(%error, "the lock of the database is freed at the end of the process");
        }
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

/// Takes the lock beside the database. The system frees it when the process ends, however it ends.
fn lock(file: &str) -> Result<File, OpenError> {
    let path = format!("{file}.lock");
    let lock = File::create(&path).map_err(|error| OpenError::Folder(path, error))?;
    lock.try_lock().map_err(|_| OpenError::InUse(file.to_owned()))?;
    Ok(lock)
}

/// Every schema change, in order. Forward only; a released one never changes.
const MIGRATIONS: [(&str, &str); 7] = [
    ("initial", include_str!("../../migrations/0001_initial.sql")),
    ("both sides", include_str!("../../migrations/0002_both_sides.sql")),
    ("metrics", include_str!("../../migrations/0003_metrics.sql")),
    ("slim requests", include_str!("../../migrations/0004_slim_requests.sql")),
    ("request blocks", include_str!("../../migrations/0005_request_blocks.sql")),
    ("binary blocks", include_str!("../../migrations/0006_binary_blocks.sql")),
    ("findings of runs", include_str!("../../migrations/0011_findings_of_runs.sql")),
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
    use sqlx::ConnectOptions;
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
