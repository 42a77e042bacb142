//! Removes recorded requests and roll-ups that are no longer kept, in SQL.

use std::ops::Range;

use sqlx::AssertSqlSafe;

use crate::origin::RunId;
use crate::platform::database::{Database, StoreError};
use crate::platform::retention::Ages;

/// How many rows one transaction removes. It takes a few milliseconds, in which requests that write have to wait.
const CHUNK: i64 = 1000;

/// How long and how many requests are kept. Of two limits, the one that is reached first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Args)]
pub struct KeptRequests {
    /// For how many days a recorded request is kept
    #[arg(long, env = "KEEP_REQUESTS_DAYS", value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub keep_requests_days: u32,
    /// How many recorded requests are kept, those of the simulator not counted
    #[arg(long, env = "KEEP_REQUESTS", value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1000..=100_000_000))]
    pub keep_requests: u32,
    /// For how many days requests are kept as sums by minute
    #[arg(long, env = "KEEP_ROLLUPS_DAYS", value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(2..=3650))]
    pub keep_rollups_days: u32,
}

impl Default for KeptRequests {
    fn default() -> Self {
        Self { keep_requests_days: 7, keep_requests: 1_000_000, keep_rollups_days: 30 }
    }
}

/// What is no longer kept, and not removed yet. Times are in epoch microseconds, minutes since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outdated {
    /// Times of real requests.
    real: Vec<Range<i64>>,
    /// Times of simulated requests.
    simulated: Vec<Range<i64>>,
    /// Minutes of roll-ups.
    minutes: Vec<Range<i64>>,
    /// Minutes of the numbers of requests that were not recorded, which are kept as long as roll-ups.
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
    pub(crate) fn plus(self, before: Self) -> Self {
        Self {
            real: self.real + before.real,
            simulated: self.simulated + before.simulated,
            rollups: self.rollups + before.rollups,
        }
    }
}

/// The minutes of which all is within these times.
fn minutes(times: &Range<i64>) -> Range<i64> {
    const MINUTE: i64 = 60_000_000;
    -(times.start.saturating_neg().div_euclid(MINUTE))..times.end.div_euclid(MINUTE)
}

/// Finds what is no longer kept, on a read-only connection, so that no writer waits for it.
pub(super) async fn outdated(database: &Database, kept: &KeptRequests, ages: &Ages) -> Result<Outdated, StoreError> {
    let simulated = ages.older_than(kept.keep_requests_days);
    let mut real = simulated.clone();
    real.extend(too_many(database, i64::from(kept.keep_requests), ages).await?);
    let minutes: Vec<_> = ages.older_than(kept.keep_rollups_days).iter().map(minutes).collect();
    Ok(Outdated { real, simulated, lost: minutes.clone(), minutes })
}

/// The times of the real requests beyond the newest `most`, by the order in which they were stored.
async fn too_many(database: &Database, most: i64, ages: &Ages) -> Result<Vec<Range<i64>>, StoreError> {
    let mut found = Vec::new();
    let mut surplus = real_requests(database, &(i64::MIN..i64::MAX)).await? - most;
    for times in ages.in_order() {
        if surplus <= 0 {
            break;
        }
        let requests = real_requests(database, &times).await?;
        let end = if requests > surplus { end_of_first(database, &times, surplus).await? } else { times.end };
        found.push(times.start..end);
        surplus -= requests;
    }
    Ok(found)
}

/// Requests that belong to no run. Those that named an unknown run are among them, because anybody can send these.
const OF_NO_RUN: &str = "(run IS NULL OR run = x'00000000000000000000000000000000')";

/// How many real requests arrived at these times. Counted in two parts, because each has an index and both together have
/// none.
async fn real_requests(database: &Database, times: &Range<i64>) -> Result<i64, StoreError> {
    let statement = "SELECT \
         (SELECT count(*) FROM recorded_requests WHERE arrived_at >= ?1 AND arrived_at < ?2 AND run IS NULL) + \
         (SELECT count(*) FROM recorded_requests WHERE arrived_at >= ?1 AND arrived_at < ?2 AND run = zeroblob(16))";
    sqlx::query_scalar(statement).bind(times.start).bind(times.end).fetch_one(&database.read).await
}

/// The time just after the first `count` real requests that arrived at these times.
async fn end_of_first(database: &Database, times: &Range<i64>, count: i64) -> Result<i64, StoreError> {
    let statement = format!(
        "SELECT arrived_at + 1 FROM recorded_requests WHERE arrived_at >= ? AND arrived_at < ? AND {OF_NO_RUN} \
         ORDER BY arrived_at LIMIT 1 OFFSET ?"
    );
    let statement = sqlx::query_scalar(AssertSqlSafe(statement)).bind(times.start).bind(times.end).bind(count - 1);
    statement.fetch_one(&database.read).await
}

/// Removes a chunk of each kind, in a transaction of its own, except for requests of the run that is `open`. What is
/// left in `outdated` is still to be removed.
pub(super) async fn prune(
    database: &Database,
    outdated: &mut Outdated,
    open: Option<RunId>,
) -> Result<Removed, StoreError> {
    let open = open.map_or("NULL".to_owned(), |run| format!("x'{}'", run.0.simple()));
    let of_closed_runs = format!("run IS NOT NULL AND NOT {OF_NO_RUN} AND run IS NOT {open}");
    // These are few, and no rows of requests, so they are not counted.
    chunk(database, ["lost_requests", "minute", "TRUE"], &mut outdated.lost).await?;
    Ok(Removed {
        real: chunk(database, ["recorded_requests", "arrived_at", OF_NO_RUN], &mut outdated.real).await?,
        simulated: chunk(database, ["recorded_requests", "arrived_at", &of_closed_runs], &mut outdated.simulated)
            .await?,
        rollups: chunk(database, ["rollups", "minute", "TRUE"], &mut outdated.minutes).await?,
    })
}

/// Removes the first rows of a table that have one of these keys and meet a condition, and takes their keys out of
/// `keys`. A read-only connection finds them, so that no writer waits for that.
async fn chunk(
    database: &Database,
    [table, key, condition]: [&str; 3],
    keys: &mut Vec<Range<i64>>,
) -> Result<u64, StoreError> {
    while let Some(first) = keys.first_mut() {
        let last = format!(
            "SELECT max({key}) FROM (SELECT {key} FROM {table} \
             WHERE {key} >= ? AND {key} < ? AND {condition} ORDER BY {key} LIMIT ?)"
        );
        let last = sqlx::query_scalar(AssertSqlSafe(last)).bind(first.start).bind(first.end).bind(CHUNK);
        let Some(last): Option<i64> = last.fetch_one(&database.read).await? else {
            keys.remove(0);
            continue;
        };
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
