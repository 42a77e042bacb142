//! Recorded requests in SQL.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::TryStreamExt;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Row as _, SqliteConnection};
use uuid::Uuid;

use super::blocks;
use super::blocks::{Block, pack};
use super::store::VisitSample;
use crate::metrics::engine::{Sample, Source};
use crate::metrics::server::record::Row;
use crate::origin::{Origin, RunId};
use crate::platform::database::{Database, StoreError};
use crate::platform::request_id::RequestId;

/// How many keys there are for one microsecond.
const PER_MICRO: i64 = 1024;

/// The smallest key of a request that arrived at `at`, in epoch microseconds, or later.
pub(crate) fn first_key(at: i64) -> i64 {
    at.saturating_mul(PER_MICRO)
}

/// When the request with this key arrived, in epoch microseconds.
pub(crate) fn arrival(key: i64) -> i64 {
    key.div_euclid(PER_MICRO)
}

/// The second half of a request's id, as it is stored: a number needs no memory of its own on its way
/// into the database. The first half is the arrival, and so in the key.
pub(crate) fn second_half(id: RequestId) -> i64 {
    id.0.as_u64_pair().1.cast_signed()
}

/// The id of the request with this key, from `request_id_high` and `request_id_low`. Only rows of an older version, whose
/// ids knew milliseconds, have a first half of their own.
pub(crate) fn id_of(key: i64, high: Option<i64>, low: Option<i64>) -> Option<Uuid> {
    let high = high.map_or_else(|| RequestId::first_half(arrival(key)), i64::cast_unsigned);
    low.map(|low| Uuid::from_u64_pair(high, low.cast_unsigned()))
}

/// How many rows one statement inserts: few sizes, so that each is prepared once. Six values a
/// row at most, far below SQLite's limit of 32,766.
const STATEMENT_SIZES: [usize; 4] = [512, 64, 8, 1];

/// The statements of each size. Two sorts for requests, because a value that is absent costs as much as one that is there.
type Statements = LazyLock<[String; STATEMENT_SIZES.len()]>;
static INSERT_REAL: Statements = LazyLock::new(|| inserts("requests", "id,kind,duration,request_id_low"));
static INSERT_SIMULATED: Statements = LazyLock::new(|| inserts("requests", "id,kind,duration,request_id_low,run,seq"));
static INSERT_BLOCKS: Statements = LazyLock::new(|| inserts("request_blocks", Block::COLUMNS));

fn inserts(table: &str, columns: &str) -> [String; STATEMENT_SIZES.len()] {
    let row = format!("({})", vec!["?"; columns.split(',').count()].join(","));
    STATEMENT_SIZES.map(|size| format!("INSERT INTO {table} ({columns}) VALUES {}", vec![row.as_str(); size].join(",")))
}

impl Keyed<'_> {
    /// Adds what it holds, in the order of the columns.
    fn values(&self, values: &mut SqliteArguments) -> Result<(), BoxDynError> {
        values.add(self.key)?;
        values.add(self.kind)?;
        values.add(self.row.duration)?;
        values.add(second_half(self.row.id))?;
        if let Origin::Simulated { run, seq } = self.row.origin {
            values.add(run.0.as_bytes().as_slice())?;
            values.add(seq)?;
        }
        Ok(())
    }
}

/// Method, route and status.
type Kind = (&'static str, &'static str, u16);

/// A row on its way into the database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyed<'a> {
    pub(crate) key: i64,
    pub(crate) kind: i64,
    pub(crate) row: &'a Row,
}

/// These rows in the order of their arrival, each with its key and the number of its kind.
async fn keyed<'a>(connection: &mut SqliteConnection, rows: &'a [Row]) -> Result<Vec<Keyed<'a>>, StoreError> {
    static NEXT: AtomicI64 = AtomicI64::new(0);
    // So few that to look through them takes less time than to hash.
    let mut kinds = Vec::<(Kind, i64)>::new();
    let mut keyed = Vec::with_capacity(rows.len());
    for row in rows {
        let of_row = (row.method, row.route, row.status);
        let known = kinds.iter().find(|(kind, _)| *kind == of_row).map(|(_, number)| *number);
        let kind = match known {
            Some(number) => number,
            None => {
                let number = kind_number(&mut *connection, of_row).await?;
                kinds.push((of_row, number));
                number
            }
        };
        keyed.push(Keyed { key: first_key(row.at()), kind, row });
    }
    // Neighbours in time are neighbours in the table, and have different numbers within one microsecond.
    keyed.sort_unstable_by_key(|keyed| keyed.key);
    // Where a key was taken already, the next attempt has others: no step leads to the same numbers again.
    let step = rows.len() as i64 + 1;
    let first = NEXT.fetch_add(step + i64::from(step % PER_MICRO == 0), Ordering::Relaxed);
    keyed.iter_mut().zip(first..).for_each(|(keyed, number)| keyed.key += number.rem_euclid(PER_MICRO));
    Ok(keyed)
}

async fn kind_number(connection: &mut SqliteConnection, (method, route, status): Kind) -> Result<i64, StoreError> {
    // An update that changes nothing, because only what is written is returned.
    let statement = "INSERT INTO kinds (method, route, status) VALUES (?, ?, ?) \
                     ON CONFLICT DO UPDATE SET status = excluded.status RETURNING id";
    sqlx::query_scalar(statement).bind(method).bind(route).bind(status).fetch_one(connection).await
}

/// Adds rows.
pub(crate) async fn insert(connection: &mut SqliteConnection, rows: &[Row]) -> Result<(), StoreError> {
    let mut real = keyed(&mut *connection, rows).await?;
    let simulated: Vec<_> = real.extract_if(.., |keyed| keyed.row.origin != Origin::Real).collect();
    let (blocks, few) = pack(real);
    insert_all(&mut *connection, &INSERT_BLOCKS, &blocks, Block::values).await?;
    insert_all(&mut *connection, &INSERT_REAL, &few, Keyed::values).await?;
    insert_all(&mut *connection, &INSERT_SIMULATED, &simulated, Keyed::values).await
}

async fn insert_all<T>(
    connection: &mut SqliteConnection,
    statements: &'static Statements,
    mut rows: &[T],
    add: fn(&T, &mut SqliteArguments) -> Result<(), BoxDynError>,
) -> Result<(), StoreError> {
    for (size, statement) in STATEMENT_SIZES.into_iter().zip(statements.iter()) {
        while rows.len() >= size {
            let (chunk, rest) = rows.split_at(size);
            let mut values = SqliteArguments::default();
            values.reserve(size * 6, 0);
            chunk.iter().try_for_each(|row| add(row, &mut values)).map_err(StoreError::Encode)?;
            sqlx::query_with(statement.as_str(), values).execute(&mut *connection).await?;
            rows = rest;
        }
    }
    Ok(())
}

/// The columns that [`sample`] reads. Each request leads to its kind, and never the other way.
macro_rules! select_samples {
    ($rest:literal) => {
        concat!(
            "SELECT requests.id, method, route, status, duration, run \
             FROM requests CROSS JOIN kinds ON kinds.id = requests.kind ",
            $rest
        )
    };
}

fn sample(row: &SqliteRow) -> Result<Sample<'_>, StoreError> {
    let source = match row.try_get::<Option<&[u8]>, _>("run")? {
        None => Source::Real,
        Some(run) => Source::Simulated(Uuid::from_slice(run).ok().map(RunId)),
    };
    Ok(Sample {
        at: arrival(row.try_get("id")?),
        method: row.try_get("method")?,
        route: row.try_get("route")?,
        status: row.try_get("status")?,
        duration: row.try_get("duration")?,
        source,
    })
}

pub(crate) async fn visit_since(database: &Database, from: i64, visit: VisitSample<'_>) -> Result<(), StoreError> {
    let mut rows = sqlx::query(select_samples!("WHERE requests.id >= ?")).bind(first_key(from)).fetch(&database.read);
    while let Some(row) = rows.try_next().await? {
        visit(&sample(&row)?);
    }
    blocks::visit_since(database, from, visit).await
}

pub(crate) async fn visit_run(
    database: &Database,
    run: RunId,
    from: i64,
    visit: VisitSample<'_>,
) -> Result<(), StoreError> {
    let query = sqlx::query(select_samples!("WHERE run = ? AND requests.id >= ?"));
    let mut rows = query.bind(run.0.as_bytes().as_slice()).bind(first_key(from)).fetch(&database.read);
    while let Some(row) = rows.try_next().await? {
        visit(&sample(&row)?);
    }
    Ok(())
}

/// A second since the epoch by which there were records already.
pub(crate) async fn oldest(database: &Database) -> Result<Option<i64>, StoreError> {
    let (row, block, minute): (Option<i64>, Option<i64>, Option<i64>) = sqlx::query_as(
        "SELECT (SELECT min(id) FROM requests), (SELECT min(last) FROM request_blocks), (SELECT min(minute) FROM rollups)",
    )
    .fetch_one(&database.read)
    .await?;
    let second = |key: i64| arrival(key).div_euclid(1_000_000);
    // Somewhere in that minute; surely by its end.
    let of_minute = minute.map(|minute| (minute + 1) * 60);
    Ok([row.map(second), block.map(second), of_minute].into_iter().flatten().min())
}

/// The time of the newest record, in epoch microseconds.
pub(crate) async fn newest(database: &Database) -> Result<Option<i64>, StoreError> {
    let (row, block, minute): (Option<i64>, Option<i64>, Option<i64>) = sqlx::query_as(
        "SELECT (SELECT max(id) FROM requests), (SELECT max(last) FROM request_blocks), (SELECT max(minute) FROM rollups)",
    )
    .fetch_one(&database.read)
    .await?;
    let of_minute = minute.map(|minute| minute.saturating_mul(60_000_000));
    Ok([row.map(arrival), block.map(arrival), of_minute].into_iter().flatten().max())
}
