//! The schema: every change that it has seen, and how an older database is brought up to date.

use std::path::PathBuf;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr, SqliteConnection};

use super::database_file::{Beginning, DatabaseFile};
use super::open_error::OpenError;

/// A database of more bytes than this takes seconds to check.
const LARGE: u64 = 256 * 1024 * 1024;

/// Every schema change, in order. Forward only; a released one never changes.
pub(super) const MIGRATIONS: [(&str, &str); 13] = [
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
    ("names of runs", include_str!("../../migrations/0012_names_of_runs.sql")),
    ("filters of the log", include_str!("../../migrations/0013_filters_of_the_log.sql")),
];

fn migrations(changes: &[(&'static str, &'static str)]) -> Migrator {
    let migration = |(version, &(name, sql)): (i64, &(&'static str, &'static str))| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations((1..).zip(changes).map(migration).collect())
}

/// Checks that the database is undamaged, and empty or one of ours; copies an older one; applies the missing migrations.
pub(super) async fn bring_up_to_date(file: &DatabaseFile, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let name = || file.path().display().to_string();
    check_health(file, connection).await?;
    let opening = |error| OpenError::Open(name(), error);
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *connection).await.map_err(opening)?;
    if tables.iter().any(|table| table == "_sqlx_migrations") {
        copy_if_older(file, connection).await?;
    } else if !tables.is_empty() {
        return Err(OpenError::Foreign(name()));
    } else if file.beginning() == Beginning::File {
        // For a while, all the content of a new database is in its write-ahead log, which is missing here.
        return Err(OpenError::Half(name()));
    } else {
        sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *connection).await.map_err(opening)?;
    }
    migrations(&MIGRATIONS).run(connection).await.map_err(|error| match error {
        MigrateError::Execute(_) | MigrateError::ExecuteMigration(..) => OpenError::Update(name(), error),
        error => OpenError::Migrate(name(), error),
    })
}

async fn check_health(file: &DatabaseFile, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let name = || file.path().display().to_string();
    if file.bytes() > LARGE {
        tracing::info!(database = name(), bytes = file.bytes(), "checking the database, which takes a while");
    }
    let health: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(connection)
        .await
        .map_err(|error| OpenError::Open(name(), error))?;
    if health == "ok" { Ok(()) } else { Err(OpenError::Damaged(name())) }
}

async fn copy_if_older(file: &DatabaseFile, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let name = || file.path().display().to_string();
    let newest: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| OpenError::Open(name(), error))?;
    let next = newest.unwrap_or(0) + 1;
    if newest.is_some() && next <= MIGRATIONS.len() as i64 {
        let copy = copy_before(file, next, connection).await.map_err(|error| OpenError::Copy(name(), error))?;
        tracing::info!(copy = %copy.display(), "the database is of an older version; a copy of it is kept, and it is updated now, which takes about 15 s for a million recorded requests");
    }
    Ok(())
}

/// Copies the whole database, as it is before the migration `next`, to a file beside it.
async fn copy_before(
    file: &DatabaseFile,
    next: i64,
    connection: &mut SqliteConnection,
) -> Result<PathBuf, sqlx::Error> {
    // It has another name until it is complete.
    let part = file.empty_file_beside("part")?;
    sqlx::query("VACUUM INTO ?").bind(part.display().to_string()).execute(connection).await?;
    let copy = file.empty_file_beside(&format!("before-{next:04}"))?;
    std::fs::rename(part, &copy)?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions, Connection};
    use uuid::Uuid;

    use super::*;
    use crate::platform::database::Database;

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
