//! A recorded request by its id. An index of ids would cost every insert; the id itself says when the request came in, and so
//! where among the keys it is.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::blocks::SPAN;
use super::rows::{first_key, second_half};
use super::stored::{BLOCKS, KINDS, Kinds, ROWS, StoredBlock, StoredRow, parsed};
use crate::metrics::log_model::LoggedRequest;
use crate::platform::database::{Database, StoreError};
use crate::platform::request_id::RequestId;

/// In a millisecond, and in a second.
const MILLI: i64 = 1000;
const MICROS: i64 = 1_000_000;

/// The request with this id.
pub(crate) async fn request(database: &Database, id: Uuid) -> Result<Option<LoggedRequest>, StoreError> {
    let id = RequestId(id);
    let (at, (high, low)) = (id.arrival(), (id.0.as_u64_pair().0, second_half(id)));
    let after = |micros| first_key(at.saturating_add(micros));
    // Of the given moment, or of an older version: its ids knew the millisecond in which they were drawn, and the key came a
    // little later.
    let rows = "WHERE request_id_low = ?1 AND \
                ((id >= ?2 AND id < ?3 AND request_id_high IS NULL) OR (id >= ?5 AND id < ?6 AND request_id_high = ?7))";
    let blocks = "WHERE last >= ?2 AND last < ?4 AND first < ?3";
    let statement = format!("SELECT ({KINDS}), ({BLOCKS} FROM request_blocks {blocks}), ({ROWS} FROM requests {rows})");
    let (kinds, blocks, rows): (String, String, String) = sqlx::query_as(AssertSqlSafe(statement))
        .bind(low)
        .bind(after(0))
        .bind(after(1))
        .bind(after(1).saturating_add(SPAN))
        .bind(after(-MILLI))
        .bind(after(5 * MICROS))
        .bind(high.cast_signed())
        .fetch_one(&database.read)
        .await?;
    let (kinds, blocks, rows): (Kinds<'_>, Vec<StoredBlock>, Vec<StoredRow>) =
        (parsed(&kinds)?, parsed(&blocks)?, parsed(&rows)?);
    let of_that_moment = RequestId::first_half(at) == high;
    let in_blocks = blocks.iter().flat_map(|block| block.entries.iter().map(|entry| block.row(*entry)));
    rows.into_iter()
        .chain(in_blocks.filter(|row| row.low == Some(low) && (after(0)..after(1)).contains(&row.key)))
        .find(|row| row.high.is_some() || of_that_moment)
        .map(|row| row.request(&kinds))
        .transpose()
}
