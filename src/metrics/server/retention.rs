//! What is kept, and for how long: rows for 7 days and at most a million of them, roll-ups for 30 days.

use crate::server::database::{Database, StoreError};

/// How long rows are kept, in microseconds.
const ROWS_KEPT: i64 = 7 * 86_400 * 1_000_000;
/// How many rows are kept.
pub const MOST_ROWS: i64 = 1_000_000;
/// How long roll-ups are kept, in minutes.
const ROLLUPS_KEPT: i64 = 30 * 1440;
/// How many rows one transaction removes: a few milliseconds, for which requests that write have to wait.
const CHUNK: i64 = 1000;

/// Removes a chunk of each, in transactions of their own, and says how many rows that were.
pub(super) async fn prune(database: &Database, now: i64) -> Result<u64, StoreError> {
    let mut removed = 0;
    let chunks = [
        (
            "DELETE FROM requests WHERE id IN (SELECT id FROM requests WHERE at < ? ORDER BY at LIMIT ?)",
            now - ROWS_KEPT,
        ),
        // Ids are given in rising order without gaps, so this leaves no more than a million.
        (
            "DELETE FROM requests WHERE id IN \
             (SELECT id FROM requests WHERE id <= (SELECT max(id) FROM requests) - ? ORDER BY id LIMIT ?)",
            MOST_ROWS,
        ),
        (
            "DELETE FROM rollups WHERE (minute, method, route, status, simulated) IN \
             (SELECT minute, method, route, status, simulated FROM rollups WHERE minute < ? LIMIT ?)",
            now.div_euclid(60_000_000) - ROLLUPS_KEPT,
        ),
    ];
    for (statement, bound) in chunks {
        let mut transaction = database.begin().await?;
        removed += sqlx::query(statement).bind(bound).bind(CHUNK).execute(&mut *transaction).await?.rows_affected();
        transaction.commit().await?;
    }
    Ok(removed)
}
