//! Roll-ups in SQL.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::rows::visit_since;
use crate::metrics::engine::histogram::Histogram;
use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::metrics::engine::rollup::{RollupKey, Rollups, Tally, roll_up};
use crate::platform::database::{Database, StoreError};

/// Adds requests to the roll-ups of their minutes. It belongs into the transaction that inserts their rows, so that
/// every request counts once, however late it comes.
pub(super) async fn add(connection: &mut SqliteConnection, requests: &[RecordedRequest]) -> Result<(), StoreError> {
    for (key, mut tally) in roll_up(requests) {
        let stored = sqlx::query(
            "SELECT sum, histogram FROM rollups \
             WHERE minute = ? AND method = ? AND route = ? AND status = ? AND simulated = ?",
        )
        .bind(key.minute)
        .bind(key.method.as_ref())
        .bind(key.route.as_ref())
        .bind(key.status)
        .bind(key.simulated)
        .fetch_optional(&mut *connection)
        .await?;
        if let Some(row) = stored {
            tally.merge(&tally_of(&row)?);
        }
        replace(&mut *connection, &key, &tally).await?;
    }
    Ok(())
}

async fn replace(connection: &mut SqliteConnection, key: &RollupKey, tally: &Tally) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO rollups (minute, method, route, status, simulated, requests, sum, histogram) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(key.minute)
    .bind(key.method.as_ref())
    .bind(key.route.as_ref())
    .bind(key.status)
    .bind(key.simulated)
    .bind(tally.histogram.count() as i64)
    .bind(tally.sum as i64)
    .bind(tally.histogram.to_bytes())
    .execute(connection)
    .await?;
    Ok(())
}

fn tally_of(row: &SqliteRow) -> Result<Tally, StoreError> {
    let histogram = Histogram::from_bytes(row.try_get("histogram")?)
        .ok_or_else(|| StoreError::Decode("a roll-up holds no histogram".into()))?;
    Ok(Tally { sum: row.try_get::<i64, _>("sum")? as u64, histogram })
}

/// The roll-ups of `minute` and later, in minutes since the epoch.
pub(super) async fn since(database: &Database, minute: i64) -> Result<Rollups, StoreError> {
    let rows = sqlx::query("SELECT * FROM rollups WHERE minute >= ?").bind(minute).fetch_all(&database.read).await?;
    let rollup = |row: &SqliteRow| {
        let key = RollupKey {
            minute: row.try_get("minute")?,
            method: row.try_get::<String, _>("method")?.into(),
            route: row.try_get::<String, _>("route")?.into(),
            status: row.try_get("status")?,
            simulated: row.try_get("simulated")?,
        };
        Ok((key, tally_of(row)?))
    };
    rows.iter().map(rollup).collect()
}

/// Rolls up the rows of a version that made no roll-ups: all of them in one transaction.
pub(super) async fn roll_up_older_version(database: &Database) -> Result<u64, StoreError> {
    let needed: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM recorded_requests) AND NOT EXISTS (SELECT 1 FROM rollups)")
            .fetch_one(&database.read)
            .await?;
    if !needed {
        return Ok(0);
    }
    let mut rollups = Rollups::new();
    let mut count = 0;
    visit_since(database, i64::MIN, &mut |request| {
        count += 1;
        rollups.entry(RollupKey::of(request)).or_default().record(request.duration_us);
    })
    .await?;
    let mut transaction = database.begin().await?;
    for (key, tally) in &rollups {
        replace(&mut transaction, key, tally).await?;
    }
    transaction.commit().await?;
    Ok(count)
}
