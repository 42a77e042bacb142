//! Roll-ups in SQL.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::rows::visit_since;
use super::store::VisitRollup;
use crate::metrics::engine::histogram::Histogram;
use crate::metrics::engine::rollup::{RollupKey, SecondKey, Seconds, Tally, roll_up};
use crate::platform::database::{Database, StoreError};

/// A key that owns its texts.
type OwnedKey = (i64, String, String, u16, bool);

fn owned(key: &RollupKey<'_>) -> OwnedKey {
    (key.minute, key.method.to_owned(), key.route.to_owned(), key.status, key.simulated)
}

/// Merges these requests into the roll-ups of their minutes. In the transaction that adds their
/// rows, so that no request is counted twice or never, however late it comes.
pub(crate) async fn count(connection: &mut SqliteConnection, seconds: &Seconds<'_>) -> Result<(), StoreError> {
    let fresh = roll_up(seconds);
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

pub(crate) async fn visit_since_minute(
    database: &Database,
    minute: i64,
    visit: VisitRollup<'_>,
) -> Result<(), StoreError> {
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
pub(crate) async fn roll_up_older_version(database: &Database) -> Result<u64, StoreError> {
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
        rollups.entry(owned(&SecondKey::of(sample).rollup())).or_default().record(sample.duration);
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
