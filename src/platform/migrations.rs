//! The schema: every change that it has seen, and how an older database is brought up to date.

use std::path::PathBuf;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr, SqliteConnection};

use super::database_file::{Beginning, DatabaseFile};
use super::open_error::OpenError;

/// A database of more bytes than this takes seconds to check.
const LARGE: u64 = 256 * 1024 * 1024;

/// Every schema change, in order. Forward only; a released one never changes.
pub(super) const MIGRATIONS: [(&str, &str); 10] = [
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
        tracing::info!(copy = %copy.display(), "the database is of an older version; a copy of it is kept");
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
