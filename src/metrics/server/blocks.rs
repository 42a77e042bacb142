//! Many requests of one kind in one row, as a busy server records them: what recording costs is the number of rows and
//! values, and hardly what is in them. Simulated requests, and real ones that are few, are rows of their own.

use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, Row as _};

use super::rows::{Keyed, arrival, first_key, second_half};
use super::store::VisitSample;
use crate::metrics::engine::{Sample, Source};
use crate::server::database::{Database, StoreError};

/// How many requests a block holds, each that was ever stored: another number needs a migration.
pub(super) const BLOCK: usize = 32;
/// How many seconds after its first request a block's last one came at most.
pub(super) const SPAN: i64 = 10;

/// So many bytes is a usual entry as text at most.
const LONGEST_ENTRY: usize = 44;

/// A request of a block: its key less that of the first one, its duration in microseconds, the second half of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry(pub(super) i64, pub(super) u32, pub(super) i64);

/// [`BLOCK`] requests of one kind, as they are stored.
#[derive(Debug)]
pub(super) struct Block {
    last: i64,
    first: i64,
    kind: i64,
    slowest: u32,
    entries: String,
}

impl Block {
    /// Where it is stored.
    pub(super) const COLUMNS: &str = "last,first,kind,slowest,entries";

    /// Of requests of one kind. None of what is no request, or came over too long a time.
    fn of(rows: &[Keyed<'_>]) -> Result<Option<Self>, StoreError> {
        // Not the outer ones: within a microsecond, keys are in no order.
        let keys = || rows.iter().map(|row| row.key);
        let (Some(first), Some(last), Some(kind)) = (keys().min(), keys().max(), rows.first().map(|row| row.kind))
        else {
            return Ok(None);
        };
        if arrival(last) - arrival(first) > SPAN * 1_000_000 {
            return Ok(None);
        }
        let entry = |of: &Keyed<'_>| Entry(of.key - first, of.row.duration, second_half(of.row.id));
        let entries: Vec<Entry> = rows.iter().map(entry).collect();
        let slowest = entries.iter().map(|entry| entry.1).max().unwrap_or(0);
        let mut text = Vec::with_capacity(rows.len() * LONGEST_ENTRY);
        serde_json::to_writer(&mut text, &entries).map_err(|error| StoreError::Encode(error.into()))?;
        let entries = String::from_utf8(text).map_err(|error| StoreError::Encode(error.into()))?;
        Ok(Some(Self { last, first, kind, slowest, entries }))
    }

    /// Adds what it holds, in the order of the columns.
    pub(super) fn values(&self, values: &mut SqliteArguments) -> Result<(), BoxDynError> {
        values.add(self.last)?;
        values.add(self.first)?;
        values.add(self.kind)?;
        values.add(self.slowest)?;
        values.add(self.entries.as_str())
    }
}

/// The requests that `entries` of a block hold.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Decode(error.into()))
}

/// Blocks of these real requests, which are in the order of their arrival, and what is too few of its kind for a block.
pub(super) fn pack(rows: Vec<Keyed<'_>>) -> Result<(Vec<Block>, Vec<Keyed<'_>>), StoreError> {
    // Kinds are few, and memory is asked for once: to let it grow costs more than all the rest.
    let mut kinds = Vec::<(i64, usize)>::new();
    for row in &rows {
        match kinds.iter_mut().find(|(kind, _)| *kind == row.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((row.kind, 1)),
        }
    }
    let is_few = |row: &Keyed<'_>| kinds.iter().any(|(kind, count)| *kind == row.kind && *count < BLOCK);
    let mut few: Vec<Keyed<'_>> = rows.iter().copied().filter(is_few).collect();
    let mut blocks = Vec::with_capacity(rows.len() / BLOCK);
    for (kind, count) in kinds.iter().filter(|(_, count)| *count >= BLOCK) {
        let mut of_kind = Vec::with_capacity(*count);
        of_kind.extend(rows.iter().copied().filter(|row| row.kind == *kind));
        let chunks = of_kind.chunks_exact(BLOCK);
        few.extend_from_slice(chunks.remainder());
        for chunk in chunks {
            match Block::of(chunk)? {
                Some(block) => blocks.push(block),
                None => few.extend_from_slice(chunk),
            }
        }
    }
    few.sort_unstable_by_key(|keyed| keyed.key);
    Ok((blocks, few))
}

/// Shows the requests of blocks that arrived at `from` or later, in epoch microseconds.
pub(super) async fn visit_since(database: &Database, from: i64, visit: VisitSample<'_>) -> Result<(), StoreError> {
    let from = first_key(from);
    let query = sqlx::query(
        "SELECT first, method, route, status, entries \
         FROM request_blocks CROSS JOIN kinds ON kinds.id = request_blocks.kind WHERE last >= ?",
    );
    let mut blocks = query.bind(from).fetch(&database.read);
    while let Some(block) = blocks.try_next().await? {
        let (first, status): (i64, u16) = (block.try_get("first")?, block.try_get("status")?);
        let (method, route): (&str, &str) = (block.try_get("method")?, block.try_get("route")?);
        for Entry(after, duration, _) in entries(block.try_get("entries")?)? {
            if first + after >= from {
                visit(&Sample { at: arrival(first + after), method, route, status, duration, source: Source::Real });
            }
        }
    }
    Ok(())
}
