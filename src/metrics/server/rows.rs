//! Recorded requests and their roll-ups in SQL.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::record::Row;
use super::store::{VisitRollup, VisitSample};
use crate::metrics::engine::histogram::Histogram;
use crate::metrics::engine::rollup::{RollupKey, Tally, roll_up};
use crate::metrics::engine::{Sample, Source};
use crate::origin::{Origin, RunId};
use crate::server::database::{Database, StoreError};

/// How many rows one statement inserts: few sizes, so that each is prepared once. Eight values a
/// row, far below SQLite's limit of 32,766.
const STATEMENT_SIZES: [usize; 4] = [256, 32, 8, 1];

/// Adds rows.
pub(super) async fn insert(connection: &mut SqliteConnection, mut rows: &[Row]) -> Result<(), StoreError> {
    for size in STATEMENT_SIZES {
        while rows.len() >= size {
            let (chunk, rest) = rows.split_at(size);
            let mut statement = QueryBuilder::<Sqlite>::new(
                "INSERT INTO requests (at, method, route, status, duration, run, seq, request_id) ",
            );
            statement.push_values(chunk, |mut values, row| {
                let (run, seq) = match &row.origin {
                    Origin::Real => (None, None),
                    Origin::Simulated { run, seq } => (Some(run.0.as_bytes().as_slice()), Some(*seq)),
                };
                values
                    .push_bind(row.at)
                    .push_bind(row.method)
                    .push_bind(row.route)
                    .push_bind(row.status)
                    .push_bind(row.micros())
                    .push_bind(run)
                    .push_bind(seq)
                    .push_bind(row.request_id.as_ref().map(|id| id.as_bytes().as_slice()));
            });
            statement.build().execute(&mut *connection).await?;
            rows = rest;
        }
    }
    Ok(())
}

/// A key that owns its texts.
type OwnedKey = (i64, String, String, u16, bool);

fn owned(key: &RollupKey<'_>) -> OwnedKey {
    (key.minute, key.method.to_owned(), key.route.to_owned(), key.status, key.simulated)
}

/// Merges these requests into the roll-ups of their minutes. In the transaction that adds their
/// rows, so that no request is counted twice or never, however late it comes.
pub(super) async fn count_in_rollups<'a>(
    connection: &mut SqliteConnection,
    samples: impl Iterator<Item = Sample<'a>> + Send,
) -> Result<(), StoreError> {
    let fresh = roll_up(samples);
    let mut stored = BTreeMap::<OwnedKey, Tally>::new();
    let mut minutes: Vec<i64> = fresh.keys().map(|key| key.minute).collect();
    minutes.dedup();
    for minute in minutes {
        let rows = sqlx::query(
            "SELECT minute, method, route, status, simulated, sum, histogram FROM rollups WHERE minute = ?",
        )
        .bind(minute)
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            let (key, tally) = rollup(row)?;
            stored.insert(owned(&key), tally);
        }
    }
    for (key, tally) in &fresh {
        let merged = stored.remove(&owned(key)).map(|mut known| {
            known.merge(tally);
            known
        });
        write_rollup(&mut *connection, key, merged.as_ref().unwrap_or(tally)).await?;
    }
    Ok(())
}

async fn write_rollup(connection: &mut SqliteConnection, key: &RollupKey<'_>, tally: &Tally) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO rollups (minute, method, route, status, simulated, requests, sum, histogram) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(key.minute)
    .bind(key.method)
    .bind(key.route)
    .bind(key.status)
    .bind(key.simulated)
    .bind(tally.histogram.count() as i64)
    .bind(tally.sum as i64)
    .bind(tally.histogram.to_bytes())
    .execute(connection)
    .await?;
    Ok(())
}

fn rollup(row: &SqliteRow) -> Result<(RollupKey<'_>, Tally), StoreError> {
    let histogram = Histogram::from_bytes(row.try_get("histogram")?)
        .ok_or_else(|| StoreError::Decode("a roll-up holds no histogram".into()))?;
    let key = RollupKey {
        minute: row.try_get("minute")?,
        method: row.try_get("method")?,
        route: row.try_get("route")?,
        status: row.try_get("status")?,
        simulated: row.try_get("simulated")?,
    };
    Ok((key, Tally { sum: row.try_get::<i64, _>("sum")? as u64, histogram }))
}

/// The columns that [`sample`] reads.
macro_rules! select_samples {
    ($rest:literal) => {
        concat!("SELECT at, method, route, status, duration, run FROM requests ", $rest)
    };
}

fn sample(row: &SqliteRow) -> Result<Sample<'_>, StoreError> {
    let source = match row.try_get::<Option<&[u8]>, _>("run")? {
        None => Source::Real,
        Some(run) => Source::Simulated(Uuid::from_slice(run).ok().map(RunId)),
    };
    Ok(Sample {
        at: row.try_get("at")?,
        method: row.try_get("method")?,
        route: row.try_get("route")?,
        status: row.try_get("status")?,
        duration: row.try_get("duration")?,
        source,
    })
}

pub(super) async fn visit_since(database: &Database, from: i64, visit: VisitSample<'_>) -> Result<(), StoreError> {
    let mut rows = sqlx::query(select_samples!("WHERE at >= ?")).bind(from).fetch(&database.read);
    while let Some(row) = rows.try_next().await? {
        visit(&sample(&row)?);
    }
    Ok(())
}

pub(super) async fn visit_run(
    database: &Database,
    run: RunId,
    from: i64,
    visit: VisitSample<'_>,
) -> Result<(), StoreError> {
    let query = sqlx::query(select_samples!("WHERE run = ? AND at >= ?"));
    let mut rows = query.bind(run.0.as_bytes().as_slice()).bind(from).fetch(&database.read);
    while let Some(row) = rows.try_next().await? {
        visit(&sample(&row)?);
    }
    Ok(())
}

pub(super) async fn visit_rollups(database: &Database, minute: i64, visit: VisitRollup<'_>) -> Result<(), StoreError> {
    let mut rows =
        sqlx::query("SELECT minute, method, route, status, simulated, sum, histogram FROM rollups WHERE minute >= ?")
            .bind(minute)
            .fetch(&database.read);
    while let Some(row) = rows.try_next().await? {
        let (key, tally) = rollup(&row)?;
        visit(&key, &tally);
    }
    Ok(())
}

/// Rows without any roll-up are those of a version that made none. All of them in one transaction.
pub(super) async fn roll_up_older_version(database: &Database) -> Result<u64, StoreError> {
    let needed: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM requests) AND NOT EXISTS (SELECT 1 FROM rollups)")
            .fetch_one(&database.read)
            .await?;
    if !needed {
        return Ok(0);
    }
    let mut rollups = BTreeMap::<OwnedKey, Tally>::new();
    let mut count = 0;
    visit_since(database, i64::MIN, &mut |sample| {
        count += 1;
        for (key, tally) in roll_up(std::iter::once(*sample)) {
            rollups.entry(owned(&key)).or_default().merge(&tally);
        }
    })
    .await?;
    let mut transaction = database.begin().await?;
    for ((minute, method, route, status, simulated), tally) in &rollups {
        let key = RollupKey { minute: *minute, method, route, status: *status, simulated: *simulated };
        write_rollup(&mut transaction, &key, tally).await?;
    }
    transaction.commit().await?;
    Ok(count)
}
