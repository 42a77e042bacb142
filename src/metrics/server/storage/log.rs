//! The pages of the request log in SQL.

use std::cmp::Reverse;
use std::ops::Range;

use sqlx::AssertSqlSafe;

use super::blocks::{BLOCK, Entry};
use super::rows::first_key;
use super::stored::{BLOCKS, KINDS, Kinds, ROWS, StoredBlock, StoredRow, parsed};
use crate::metrics::log_model::{FUTURE_COUNTED, LogPage, LogQuery, LoggedRequest, StatusClass, last_page};
use crate::metrics::model::Origins;
use crate::platform::database::{Database, StoreError};

/// A request is one of the future when it carries a time so long after the end of the log, in microseconds: those that
/// arrive while the log is read are none.
const FUTURE: i64 = 10_000_000;

/// The statement for a page. Its values: ?1 the first key, ?2 how many requests are on the page and ?3 how many before it, ?4
/// how many blocks surely hold as many, ?5 the run, ?6 and ?7 the statuses, ?8 method and ?9 route, ?10 the key after the
/// last, ?11 the first key of the future, and ?12 how many requests of the future are counted.
///
/// It finds the blocks that have a part in the first ?2 + ?3 requests: as the first ?4 blocks hold so many already, what comes
/// after all of theirs is not wanted. And it finds the requests with rows of their own, except for those at the front that
/// are before the page even when all requests of these blocks are before them.
///
/// `LIMIT ?`, without a sum, would make SQLite prepare the statement each time anew.
fn page_statement(query: &LogQuery) -> String {
    // The kinds are few, so that no request is looked at longer than needed.
    let mut kinds = String::new();
    if query.status.is_some() {
        kinds += " AND kind IN (SELECT id FROM kinds WHERE status BETWEEN ?6 AND ?7)";
    }
    if query.endpoint.is_some() {
        kinds += " AND kind IN (SELECT id FROM kinds WHERE method = ?8 AND route = ?9)";
    }
    // Those of which all requests are early enough.
    let few = |column: &str, order: &str, surely: &str| {
        let from = "FROM request_blocks WHERE last < ?10 AND";
        format!("FROM (SELECT {column} {from} {surely}{kinds} ORDER BY {order} DESC LIMIT ?4 + 0)")
    };
    // On the first page the rows say where it ends, too. The others would have to know the blocks before the rows.
    let by_rows = |column: &str| match query.page {
        // Without a filter, the last of them is as many steps back. With one it would be found twice, and so is taken from them.
        0 | 1 if query.origin == Origins::All && kinds.is_empty() && !query.slowest => {
            "ifnull((SELECT id FROM requests WHERE id >= ?1 AND id < ?10 ORDER BY id DESC LIMIT 1 OFFSET ?2 - 1), 0)"
                .to_owned()
        }
        0 | 1 => format!("(SELECT iif(count(*) = ?2, min({column}), 0) FROM rows)"),
        _ => "0".to_owned(),
    };
    let blocks = match (query.origin, query.slowest) {
        (Origins::Simulated | Origins::Run(_), _) => "FALSE".to_owned(),
        // Of each block one request took as long as its slowest one …
        (_, true) => {
            let by_rows = by_rows("duration");
            let surely = format!("last >= ?1 AND first >= ?1 AND slowest >= {by_rows}");
            let few = few("slowest", "slowest", &surely);
            format!(
                "last >= ?1 AND first < ?10 AND slowest >= max((SELECT iif(count(*) = ?4, min(slowest), 0) {few}), {by_rows}){kinds}"
            )
        }
        // … and none came before its first one. One bound and not two, or SQLite walks from the wrong one.
        (_, false) => {
            let by_rows = by_rows("id");
            let few = few("first", "last", &format!("last >= max(?1, {by_rows})"));
            format!(
                "last >= max(?1, (SELECT iif(count(*) = ?4, min(first), 0) {few}), {by_rows}) AND first < ?10{kinds}"
            )
        }
    };
    let origin = match query.origin {
        Origins::All => "",
        Origins::Real => " AND run IS NULL",
        Origins::Simulated => " AND run IS NOT NULL",
        Origins::Run(_) => " AND run = ?5",
    };
    let order = if query.slowest { "duration DESC, id DESC" } else { "id DESC" };
    // Nothing is before the first page.
    let in_blocks = if query.page > 1 { format!("{BLOCK} * (SELECT count(*) FROM blocks)") } else { "0".to_owned() };
    format!(
        "WITH blocks AS (SELECT * FROM request_blocks WHERE {blocks}), \
         rows AS (SELECT * FROM requests WHERE id >= ?1 AND id < ?10{origin}{kinds} ORDER BY {order} \
         LIMIT ?2 + min(?3, {in_blocks}) OFFSET max(0, ?3 - {in_blocks})) \
         SELECT ({KINDS}), ({BLOCKS} FROM blocks), ({ROWS} FROM rows), \
         (SELECT count(*) FROM (SELECT 1 FROM requests WHERE id >= ?11 LIMIT ?12 + 0)) + \
         {BLOCK} * (SELECT count(*) FROM (SELECT 1 FROM request_blocks WHERE last >= ?11 AND first >= ?11 LIMIT ?12 + 0))"
    )
}

/// One page of the log, of requests that arrived at these times.
pub(crate) async fn page(database: &Database, query: &LogQuery, times: Range<i64>) -> Result<LogPage, StoreError> {
    let keys = first_key(times.start)..first_key(times.end);
    let future = first_key(times.end.saturating_add(FUTURE));
    let before = i64::from(query.page.saturating_sub(1)) * i64::from(query.limit);
    // One more than the page holds, to know whether there is another one.
    let limit = i64::from(query.limit) + 1;
    let blocks = if query.slowest { before + limit } else { (before + limit) / BLOCK as i64 + 1 };
    let run = match query.origin {
        Origins::Run(run) => Some(run.0.as_bytes().to_vec()),
        _ => None,
    };
    let (lowest, highest) = query.status.map(StatusClass::bounds).unzip();
    let (method, route) = query.endpoint.as_ref().map(|(method, route)| (method.as_str(), route.as_str())).unzip();
    let statement = sqlx::query_as(AssertSqlSafe(page_statement(query)));
    let statement = statement.bind(keys.start).bind(limit).bind(before).bind(blocks);
    let statement = statement.bind(run).bind(lowest).bind(highest).bind(method).bind(route);
    let statement = statement.bind(keys.end).bind(future).bind(FUTURE_COUNTED);
    let (kinds, blocks, rows, future): (String, String, String, u32) = statement.fetch_one(&database.read).await?;
    let (kinds, blocks, rows): (Kinds<'_>, Vec<StoredBlock>, Vec<StoredRow>) =
        (parsed(&kinds)?, parsed(&blocks)?, parsed(&rows)?);
    // Of those that come before the page, the statement has left out the others.
    let before = before.min((BLOCK * blocks.len()) as i64);
    let (before, limit) = (before as usize, limit as usize);
    let found = in_order(&rows, &blocks, query.slowest, &keys, before + limit);
    let requests = found.into_iter().skip(before).map(|found| found.request(&kinds));
    let mut requests: Vec<LoggedRequest> = requests.collect::<Result<_, _>>()?;
    let more = requests.len() > query.limit as usize && query.page < last_page(query.slowest);
    requests.truncate(query.limit as usize);
    Ok(LogPage { requests, more, future: future.min(FUTURE_COUNTED) })
}

/// A request that may be on the page.
#[derive(Clone, Copy)]
enum Found<'a> {
    Row(&'a StoredRow),
    InBlock(&'a StoredBlock, Entry),
}

impl Found<'_> {
    fn request(self, kinds: &Kinds<'_>) -> Result<LoggedRequest, StoreError> {
        match self {
            Self::Row(row) => row.request(kinds),
            Self::InBlock(block, entry) => block.row(entry).request(kinds),
        }
    }

    /// Its duration and its key.
    fn place(self) -> (i64, i64) {
        match self {
            Self::Row(row) => (row.duration, row.key),
            Self::InBlock(block, Entry { after, duration, .. }) => {
                (i64::from(duration), block.first + i64::from(after))
            }
        }
    }
}

/// The first `wanted` of all these requests that have one of these keys.
fn in_order<'a>(
    rows: &'a [StoredRow],
    blocks: &'a [StoredBlock],
    slowest: bool,
    keys: &Range<i64>,
    wanted: usize,
) -> Vec<Found<'a>> {
    let mut found: Vec<Found<'a>> = rows.iter().map(Found::Row).collect();
    if blocks.is_empty() {
        return found;
    }
    for block in blocks {
        let requests = block.entries.iter().map(|entry| Found::InBlock(block, *entry));
        found.extend(requests.filter(|found| keys.contains(&found.place().1)));
    }
    let place = |found: &Found<'_>| {
        let (duration, key) = found.place();
        Reverse((if slowest { duration } else { 0 }, key))
    };
    if found.len() > wanted {
        found.select_nth_unstable_by_key(wanted, place);
        found.truncate(wanted);
    }
    found.sort_unstable_by_key(place);
    found
}
