//! What is kept, and for how long.

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

/// Removes a chunk of each, in transactions of their own, and says how many rows that were.
pub(super) async fn prune(database: &Database, kept: &Kept, now: i64) -> Result<u64, StoreError> {
    let mut removed = 0;
    let chunks = [
        (
            "DELETE FROM requests WHERE id IN (SELECT id FROM requests WHERE at < ? ORDER BY at LIMIT ?)",
            now - kept.rows_for,
        ),
        // Ids are given in rising order without gaps, so this leaves no more than may be.
        (
            "DELETE FROM requests WHERE id IN \
             (SELECT id FROM requests WHERE id <= (SELECT max(id) FROM requests) - ? ORDER BY id LIMIT ?)",
            kept.most_rows,
        ),
        (
            "DELETE FROM rollups WHERE (minute, method, route, status, simulated) IN \
             (SELECT minute, method, route, status, simulated FROM rollups WHERE minute < ? LIMIT ?)",
            now.div_euclid(60_000_000) - kept.rollups_for,
        ),
    ];
    for (statement, bound) in chunks {
        let mut transaction = database.begin().await?;
        removed += sqlx::query(statement).bind(bound).bind(CHUNK).execute(&mut *transaction).await?.rows_affected();
        transaction.commit().await?;
    }
    Ok(removed)
}
