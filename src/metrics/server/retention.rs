//! What is kept, and for how long.

use sqlx::AssertSqlSafe;

use super::blocks::BLOCK;
use super::rows::first_key;
use crate::server::database::{Database, StoreError};

/// How many rows (requests, blocks, or roll-ups) one transaction removes: a few milliseconds, for which requests that write have to wait.
const CHUNK: i64 = 1000;

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How long requests are, in microseconds; those of a block as long as its last one.
    pub rows_for: i64,
    /// How many requests are, at most, and at least as many less those of a block.
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

/// What is no longer kept at `now`, in epoch microseconds. Looked for by a connection that keeps nobody waiting.
pub(super) async fn outdated(database: &Database, kept: &Kept, now: i64) -> Result<Outdated, StoreError> {
    let by_age = first_key(now - kept.rows_for);
    let rows = format!("SELECT (SELECT count(*) FROM requests) + {BLOCK} * (SELECT count(*) FROM request_blocks)");
    let rows: i64 = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_one(&database.read).await?;
    let by_number = match rows - kept.most_rows {
        ..=0 => None,
        too_many => Some(key_after(database, too_many).await?),
    };
    Ok(Outdated { key: by_number.unwrap_or(by_age).max(by_age), minute: now.div_euclid(60_000_000) - kept.rollups_for })
}

/// The key before which there are so many of the oldest requests, a block's last one counting for all of them.
async fn key_after(database: &Database, requests: i64) -> Result<i64, StoreError> {
    let statement = format!(
        "WITH oldest (id, requests) AS (\
         SELECT * FROM (SELECT id, 1 FROM requests ORDER BY id LIMIT ?1 + 0) UNION ALL \
         SELECT * FROM (SELECT last, {BLOCK} FROM request_blocks ORDER BY last LIMIT ?1 / {BLOCK} + 1)) \
         SELECT min(id) + 1 FROM (SELECT id, sum(requests) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS before FROM oldest) \
         WHERE before >= ?1"
    );
    sqlx::query_scalar(AssertSqlSafe(statement)).bind(requests).fetch_one(&database.read).await
}

/// Removes a chunk of each, in transactions of their own, and says how many requests and roll-ups that were.
pub(super) async fn prune(database: &Database, outdated: &Outdated) -> Result<u64, StoreError> {
    // Requests up to a key, because keys one by one take up to twice as long. `LIMIT ?`, without a sum, would make SQLite
    // prepare the statement for each chunk.
    let chunks = [
        (
            "DELETE FROM requests WHERE id <= \
             (SELECT max(id) FROM (SELECT id FROM requests WHERE id < ? ORDER BY id LIMIT ? + 0))",
            outdated.key,
            1,
        ),
        (
            "DELETE FROM request_blocks WHERE last <= \
             (SELECT max(last) FROM (SELECT last FROM request_blocks WHERE last < ? ORDER BY last LIMIT ? + 0))",
            outdated.key,
            BLOCK as u64,
        ),
        (
            "DELETE FROM rollups WHERE (minute, method, route, status, simulated) IN \
             (SELECT minute, method, route, status, simulated FROM rollups WHERE minute < ? LIMIT ? + 0)",
            outdated.minute,
            1,
        ),
    ];
    let mut removed = 0;
    for (statement, bound, requests) in chunks {
        let mut transaction = database.begin().await?;
        let chunk = sqlx::query(statement).bind(bound).bind(CHUNK).execute(&mut *transaction).await?;
        transaction.commit().await?;
        removed += chunk.rows_affected() * requests;
    }
    Ok(removed)
}
