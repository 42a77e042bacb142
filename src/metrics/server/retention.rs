//! What is kept, and for how long.

use super::rows::first_key;
use crate::server::database::{Database, StoreError};

/// How many rows one transaction removes: a few milliseconds, for which requests that write have to wait.
const CHUNK: i64 = 1000;

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How long rows are, in microseconds.
    pub rows_for: i64,
    /// How many rows are, at most.
    pub most_rows: i64,
    /// How long roll-ups are, in minutes.
    pub rollups_for: i64,
}

impl Default for Kept {
    /// Rows for 7 days and at most a million of them, roll-ups for 30 days.
    fn default() -> Self {
        Self { rows_for: 7 * 86_400 * 1_000_000, most_rows: 1_000_000, rollups_for: 30 * 1440 }
    }
}

/// What is no longer kept, as bounds that stay the same for all chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outdated {
    /// Rows with a smaller key.
    key: i64,
    /// Roll-ups of earlier minutes.
    minute: i64,
}

/// What is no longer kept at `now`, in epoch microseconds. One walk over the keys, by a connection that
/// keeps nobody waiting.
pub(super) async fn outdated(database: &Database, kept: &Kept, now: i64) -> Result<Outdated, StoreError> {
    let by_age = first_key(now - kept.rows_for);
    let by_number: Option<i64> = sqlx::query_scalar("SELECT id FROM requests ORDER BY id DESC LIMIT 1 OFFSET ?")
        .bind(kept.most_rows - 1)
        .fetch_optional(&database.read)
        .await?;
    Ok(Outdated { key: by_number.unwrap_or(by_age).max(by_age), minute: now.div_euclid(60_000_000) - kept.rollups_for })
}

/// Removes a chunk of each, in transactions of their own, and says how many rows that were.
pub(super) async fn prune(database: &Database, outdated: &Outdated) -> Result<u64, StoreError> {
    let mut removed = 0;
    let chunks = [
        // Up to a key, because keys one by one take up to twice as long.
        (
            "DELETE FROM requests WHERE id <= \
             (SELECT max(id) FROM (SELECT id FROM requests WHERE id < ? ORDER BY id LIMIT ?))",
            outdated.key,
        ),
        (
            "DELETE FROM rollups WHERE (minute, method, route, status, simulated) IN \
             (SELECT minute, method, route, status, simulated FROM rollups WHERE minute < ? LIMIT ?)",
            outdated.minute,
        ),
    ];
    for (statement, bound) in chunks {
        let mut transaction = database.begin().await?;
        removed += sqlx::query(statement).bind(bound).bind(CHUNK).execute(&mut *transaction).await?.rows_affected();
        transaction.commit().await?;
    }
    Ok(removed)
}
