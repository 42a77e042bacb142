//! What is no longer kept of recorded requests and roll-ups, in SQL.

use std::ops::Range;

use sqlx::AssertSqlSafe;

use super::blocks::BLOCK;
use super::rows::first_key;
use crate::origin::RunId;
use crate::platform::database::{Database, StoreError};
use crate::platform::retention::{Ages, Kept};

/// How many rows (requests, blocks, or roll-ups) one transaction removes: a few milliseconds, for which requests that write have to wait.
const CHUNK: i64 = 1000;

/// What is no longer kept, and not removed yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outdated {
    /// Keys of real requests with rows of their own.
    rows: Vec<Range<i64>>,
    /// Keys of blocks, which hold real requests only.
    blocks: Vec<Range<i64>>,
    /// Keys of simulated requests.
    simulated: Vec<Range<i64>>,
    /// Minutes of roll-ups.
    minutes: Vec<Range<i64>>,
    /// Minutes of the numbers of requests that were not recorded: as long as roll-ups.
    lost: Vec<Range<i64>>,
}

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Real requests.
    pub real: u64,
    /// Simulated requests.
    pub simulated: u64,
    /// Roll-ups.
    pub rollups: u64,
}

impl Removed {
    /// Together with what was removed before.
    pub(crate) fn and(self, before: Self) -> Self {
        Self {
            real: self.real + before.real,
            simulated: self.simulated + before.simulated,
            rollups: self.rollups + before.rollups,
        }
    }
}

/// The keys of requests of these times, in epoch microseconds.
fn keys(times: &Range<i64>) -> Range<i64> {
    first_key(times.start)..first_key(times.end)
}

/// The minutes that are within these times from their begin to their end.
fn minutes(times: &Range<i64>) -> Range<i64> {
    const MINUTE: i64 = 60_000_000;
    -(times.start.saturating_neg().div_euclid(MINUTE))..times.end.div_euclid(MINUTE)
}

/// What is no longer kept. Looked for by a connection that keeps nobody waiting.
pub(crate) async fn outdated(database: &Database, kept: &Kept, ages: &Ages) -> Result<Outdated, StoreError> {
    let old = ages.older_than(kept.keep_requests_days);
    let mut real: Vec<_> = old.iter().map(keys).collect();
    real.extend(too_many(database, i64::from(kept.keep_requests), ages).await?);
    let minutes: Vec<_> = ages.older_than(kept.keep_rollups_days).iter().map(minutes).collect();
    Ok(Outdated {
        rows: real.clone(),
        blocks: real,
        simulated: old.iter().map(keys).collect(),
        lost: minutes.clone(),
        minutes,
    })
}

/// The keys of the real requests that are more than `most`: of those that were stored first.
async fn too_many(database: &Database, most: i64, ages: &Ages) -> Result<Vec<Range<i64>>, StoreError> {
    let (mut found, mut surplus) = (Vec::new(), real_requests(database, &(i64::MIN..i64::MAX)).await? - most);
    for times in ages.in_order() {
        if surplus <= 0 {
            break;
        }
        let keys = keys(&times);
        let requests = real_requests(database, &keys).await?;
        let end = if requests > surplus { key_after(database, &keys, surplus).await? } else { keys.end };
        found.push(keys.start..end);
        surplus -= requests;
    }
    Ok(found)
}

/// Requests that belong to no run. Those that named a run that nobody knew are among them: anybody can send such ones.
const OF_NO_RUN: &str = "(run IS NULL OR run = x'00000000000000000000000000000000')";

/// How many real requests have one of these keys, a block's last one counting for all of them.
async fn real_requests(database: &Database, keys: &Range<i64>) -> Result<i64, StoreError> {
    let statement = format!(
        "SELECT (SELECT count(*) FROM requests WHERE id >= ?1 AND id < ?2 AND {OF_NO_RUN}) + \
         {BLOCK} * (SELECT count(*) FROM request_blocks WHERE last >= ?1 AND last < ?2)"
    );
    sqlx::query_scalar(AssertSqlSafe(statement)).bind(keys.start).bind(keys.end).fetch_one(&database.read).await
}

/// The key before which there are so many of the real requests with one of these keys, a block's last one counting for
/// all of them.
async fn key_after(database: &Database, keys: &Range<i64>, requests: i64) -> Result<i64, StoreError> {
    let statement = format!(
        "WITH oldest (id, requests) AS (\
         SELECT * FROM (SELECT id, 1 FROM requests WHERE id >= ?2 AND id < ?3 AND {OF_NO_RUN} ORDER BY id LIMIT ?1 + 0) UNION ALL \
         SELECT * FROM (SELECT last, {BLOCK} FROM request_blocks WHERE last >= ?2 AND last < ?3 ORDER BY last LIMIT ?1 / {BLOCK} + 1)) \
         SELECT min(id) + 1 FROM (SELECT id, sum(requests) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS before FROM oldest) \
         WHERE before >= ?1"
    );
    let statement = sqlx::query_scalar(AssertSqlSafe(statement)).bind(requests).bind(keys.start).bind(keys.end);
    statement.fetch_one(&database.read).await
}

/// Removes a chunk of each, in transactions of their own, but for requests of the run that is `open`. What is left of
/// `outdated` is still to be removed.
pub(crate) async fn prune(
    database: &Database,
    outdated: &mut Outdated,
    open: Option<RunId>,
) -> Result<Removed, StoreError> {
    let open = open.map_or("NULL".to_owned(), |run| format!("x'{}'", run.0.simple()));
    let simulated = format!("NOT {OF_NO_RUN} AND run IS NOT {open}");
    let Outdated { rows, blocks, simulated: of_runs, minutes, lost } = outdated;
    // Few, and no rows of requests.
    chunk(database, ["lost_requests", "minute", "TRUE"], lost).await?;
    let rows = chunk(database, ["requests", "id", OF_NO_RUN], rows).await?;
    let blocks = chunk(database, ["request_blocks", "last", "TRUE"], blocks).await?;
    Ok(Removed {
        real: rows + blocks * BLOCK as u64,
        simulated: chunk(database, ["requests", "id", &simulated], of_runs).await?,
        rollups: chunk(database, ["rollups", "minute", "TRUE"], minutes).await?,
    })
}

/// Removes the first rows of a table that have one of these keys and meet a condition, and takes their keys out of
/// `keys`. Which ones they are is looked for by a connection that keeps nobody waiting.
async fn chunk(
    database: &Database,
    [table, key, condition]: [&str; 3],
    keys: &mut Vec<Range<i64>>,
) -> Result<u64, StoreError> {
    while let Some(first) = keys.first_mut() {
        // `LIMIT ?`, without a sum, would make SQLite prepare the statement for each chunk.
        let last = format!(
            "SELECT max({key}) FROM (SELECT {key} FROM {table} \
             WHERE {key} >= ? AND {key} < ? AND {condition} ORDER BY {key} LIMIT ? + 0)"
        );
        let last = sqlx::query_scalar(AssertSqlSafe(last)).bind(first.start).bind(first.end).bind(CHUNK);
        let Some(last): Option<i64> = last.fetch_one(&database.read).await? else {
            keys.remove(0);
            continue;
        };
        // Up to a key, because keys one by one take up to twice as long.
        let removal = format!("DELETE FROM {table} WHERE {key} >= ? AND {key} <= ? AND {condition}");
        let mut transaction = database.begin().await?;
        let removal = sqlx::query(AssertSqlSafe(removal)).bind(first.start).bind(last);
        let removed = removal.execute(&mut *transaction).await?.rows_affected();
        transaction.commit().await?;
        first.start = last + 1;
        return Ok(removed);
    }
    Ok(0)
}
