//! Many requests of one kind in one row, as a busy server records them: what recording costs is first the number of rows and
//! values, and then the number of pages. Simulated requests, and real ones that are few, are rows of their own.

use futures_util::TryStreamExt;
use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, Row as _};

use super::rows::{Keyed, arrival, first_key, second_half};
use super::store::VisitSample;
use crate::metrics::engine::{Sample, Source};
use crate::platform::database::{Database, StoreError};

/// How many requests a block holds, each that was ever stored: another number needs a migration.
pub(crate) const BLOCK: usize = 32;
/// By less than so much the keys of a block's requests differ, which is some four seconds.
pub(crate) const SPAN: i64 = 1 << u32::BITS;

/// A request of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its key less that of the block's first one.
    pub(crate) after: u32,
    /// Its duration in microseconds.
    pub(crate) duration: u32,
    /// The second half of its id.
    pub(crate) low: i64,
}

impl Entry {
    /// How many bytes are stored of it.
    const BYTES: usize = 16;

    /// As it is stored: one number after the other, with the highest byte first.
    fn to_bytes(self) -> [u8; Self::BYTES] {
        let Self { after, duration, low } = self;
        let (after, duration, low) = (u128::from(after), u128::from(duration), u128::from(low.cast_unsigned()));
        (after << 96 | duration << 64 | low).to_be_bytes()
    }

    /// From the first and the last eight bytes of that.
    fn from_halves(front: u64, low: u64) -> Self {
        Self { after: (front >> 32) as u32, duration: front as u32, low: low.cast_signed() }
    }
}

/// The requests that `entries` of a block hold.
pub(crate) fn entries(bytes: &[u8]) -> Result<Vec<Entry>, StoreError> {
    let (halves, rest) = bytes.as_chunks();
    let (entries, half) = halves.as_chunks();
    let entry = |[front, low]: &[[u8; 8]; 2]| Entry::from_halves(u64::from_be_bytes(*front), u64::from_be_bytes(*low));
    let all = entries.iter().map(entry).collect();
    if rest.is_empty() && half.is_empty() {
        Ok(all)
    } else {
        Err(StoreError::Decode("a block ends within a request".into()))
    }
}

/// The same from their bytes in base 16.
pub(crate) fn entries_from_hex(text: &str) -> Result<Vec<Entry>, StoreError> {
    let invalid = || StoreError::Decode("a block is not in base 16".into());
    let number = |at: usize| -> Result<u64, StoreError> {
        let digits = text.get(at..at + Entry::BYTES).ok_or_else(invalid)?;
        u64::from_str_radix(digits, 16).map_err(|_| invalid())
    };
    let entry = |at| Ok(Entry::from_halves(number(at)?, number(at + Entry::BYTES)?));
    (0..text.len()).step_by(2 * Entry::BYTES).map(entry).collect()
}

/// [`BLOCK`] requests of one kind, as they are stored.
#[derive(Debug)]
pub(crate) struct Block {
    last: i64,
    first: i64,
    kind: i64,
    slowest: u32,
    entries: Vec<u8>,
}

impl Block {
    /// Where it is stored.
    pub(crate) const COLUMNS: &str = "last,first,kind,slowest,entries";

    /// Of requests of one kind. None of what is no request, or came over too long a time.
    fn of(rows: &[Keyed<'_>]) -> Option<Self> {
        // Not the outer ones: within a microsecond, keys are in no order.
        let keys = || rows.iter().map(|row| row.key);
        let (first, last, kind) = (keys().min()?, keys().max()?, rows.first()?.kind);
        let slowest = rows.iter().map(|row| row.row.duration).max()?;
        let mut entries = Vec::with_capacity(rows.len() * Entry::BYTES);
        for Keyed { key, row, .. } in rows {
            let after = u32::try_from(key - first).ok()?;
            entries.extend_from_slice(&Entry { after, duration: row.duration, low: second_half(row.id) }.to_bytes());
        }
        Some(Self { last, first, kind, slowest, entries })
    }

    /// Adds what it holds, in the order of the columns.
    pub(crate) fn values(&self, values: &mut SqliteArguments) -> Result<(), BoxDynError> {
        values.add(self.last)?;
        values.add(self.first)?;
        values.add(self.kind)?;
        values.add(self.slowest)?;
        values.add(self.entries.as_slice())
    }
}

/// Blocks of these real requests, which are in the order of their arrival, and what is too few of its kind for a block.
pub(crate) fn pack(rows: Vec<Keyed<'_>>) -> (Vec<Block>, Vec<Keyed<'_>>) {
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
            match Block::of(chunk) {
                Some(block) => blocks.push(block),
                None => few.extend_from_slice(chunk),
            }
        }
    }
    few.sort_unstable_by_key(|keyed| keyed.key);
    (blocks, few)
}

/// Shows the requests of blocks that arrived at `from` or later, in epoch microseconds.
pub(crate) async fn visit_since(database: &Database, from: i64, visit: VisitSample<'_>) -> Result<(), StoreError> {
    let from = first_key(from);
    let query = sqlx::query(
        "SELECT first, method, route, status, entries \
         FROM request_blocks CROSS JOIN kinds ON kinds.id = request_blocks.kind WHERE last >= ?",
    );
    let mut blocks = query.bind(from).fetch(&database.read);
    while let Some(block) = blocks.try_next().await? {
        let (first, status): (i64, u16) = (block.try_get("first")?, block.try_get("status")?);
        let (method, route): (&str, &str) = (block.try_get("method")?, block.try_get("route")?);
        for Entry { after, duration, .. } in entries(block.try_get("entries")?)? {
            let key = first + i64::from(after);
            if key >= from {
                visit(&Sample { at: arrival(key), method, route, status, duration, source: Source::Real });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::server::record::Row;
    use crate::origin::Origin;
    use crate::platform::request_id::RequestId;

    #[test]
    fn what_is_stored_is_what_is_read() {
        let ends = [(0, 0, 0), (u32::MAX, u32::MAX, -1), (1, 1 << 31, i64::MIN), (1 << 31, 1, i64::MAX)];
        let all = ends.map(|(after, duration, low)| Entry { after, duration, low });
        let bytes: Vec<u8> = all.iter().flat_map(|entry| entry.to_bytes()).collect();
        assert_eq!(entries(&bytes).expect("entries"), all);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(entries_from_hex(&hex).expect("entries"), all);
        for length in [1, 8, 15, 63] {
            assert!(entries(&bytes[..length]).is_err() && entries_from_hex(&hex[..2 * length]).is_err(), "{length}");
        }
        assert!(entries_from_hex(&hex.replace('F', "G")).is_err());
    }

    #[test]
    fn requests_of_too_long_a_time_stay_rows() {
        // Of the first one, how long before the others it came, in microseconds: in four bytes, keys go over 4,194,303.
        for (before, in_blocks) in [(1, 1), (4_194_000, 1), (4_194_304, 0), (3_600_000_000, 0)] {
            let (method, route, origin) = ("GET", "/x", Origin::Real);
            let row = |at| Row { id: RequestId::at(at, 0), method, route, status: 200, duration: 1, origin };
            let now = 1_767_225_600_000_000;
            let rows: Vec<Row> =
                (0..BLOCK as i64).map(|place| row(if place == 0 { now - before } else { now + place })).collect();
            let keyed = rows.iter().map(|row| Keyed { key: first_key(row.at()), kind: 1, row }).collect();
            let (blocks, few) = pack(keyed);
            assert_eq!((blocks.len(), few.len()), (in_blocks, BLOCK * (1 - in_blocks)), "{before}");
        }
    }
}
