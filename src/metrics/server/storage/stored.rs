//! Recorded requests as they come out of the database: kinds, blocks and rows, each as one text. A row of its own costs a
//! request more on its way between the threads than finding it.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use super::blocks::{Entry, entries_from_hex};
use super::rows::{arrival, id_of};
use crate::metrics::log_model::LoggedRequest;
use crate::origin::RunId;
use crate::platform::database::StoreError;

/// All kinds, for [`Kinds`].
pub(crate) const KINDS: &str = "SELECT json_group_array(json_array(id, method, route, status)) FROM kinds";
/// Of columns of `request_blocks`, for [`StoredBlock`]s.
pub(crate) const BLOCKS: &str = "SELECT json_group_array(json_array(first, kind, hex(entries)))";
/// Of columns of `requests`, for [`StoredRow`]s.
pub(crate) const ROWS: &str = "SELECT json_group_array(json_array(id, request_id_high, request_id_low, kind, duration, \
                               iif(run IS NULL, NULL, hex(run)), seq))";

/// What one of these texts says.
pub(crate) fn parsed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Decode(error.into()))
}

/// Number, method, route and status.
#[derive(Deserialize)]
struct Kind<'a>(i64, #[serde(borrow)] Cow<'a, str>, #[serde(borrow)] Cow<'a, str>, u16);

/// All kinds of requests.
#[derive(Deserialize)]
pub(crate) struct Kinds<'a>(#[serde(borrow)] Vec<Kind<'a>>);

/// A row of `requests`.
#[derive(Deserialize)]
pub(crate) struct StoredRow {
    pub(crate) key: i64,
    pub(crate) high: Option<i64>,
    pub(crate) low: Option<i64>,
    pub(crate) kind: i64,
    pub(crate) duration: i64,
    pub(crate) run: Option<Uuid>,
    pub(crate) seq: Option<u32>,
}

impl StoredRow {
    pub(crate) fn request(&self, kinds: &Kinds<'_>) -> Result<LoggedRequest, StoreError> {
        let Kind(_, method, route, status) = kinds
            .0
            .iter()
            .find(|kind| kind.0 == self.kind)
            .ok_or_else(|| StoreError::Decode("a request is of a kind that is not there".into()))?;
        Ok(LoggedRequest {
            request_id: id_of(self.key, self.high, self.low),
            at: arrival(self.key),
            method: method.to_string(),
            route: route.to_string(),
            status: *status,
            duration: self.duration as f64 / 1000.0,
            run: self.run.map(RunId),
            seq: self.seq,
        })
    }
}

/// A block.
#[derive(Deserialize)]
pub(crate) struct StoredBlock {
    pub(crate) first: i64,
    pub(crate) kind: i64,
    #[serde(deserialize_with = "entries")]
    pub(crate) entries: Vec<Entry>,
}

fn entries<'a, D: Deserializer<'a>>(text: D) -> Result<Vec<Entry>, D::Error> {
    entries_from_hex(<&str>::deserialize(text)?).map_err(D::Error::custom)
}

impl StoredBlock {
    /// A request of this block, as if it had a row of its own.
    pub(crate) fn row(&self, Entry { after, duration, low }: Entry) -> StoredRow {
        let (key, duration) = (self.first + i64::from(after), i64::from(duration));
        StoredRow { key, high: None, low: Some(low), kind: self.kind, duration, run: None, seq: None }
    }
}
