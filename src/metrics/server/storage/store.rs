//! What the metrics need of a database.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::retention::{KeptRequests, Outdated, Removed};
use crate::metrics::engine::recorded_request::RecordedRequest;
use crate::metrics::engine::rollup::Rollups;
use crate::metrics::log_model::{LogPage, LogQuery};
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::retention::Ages;

/// Called with one stored request after the other, because there may be too many for a list.
pub type RequestVisitor<'a> = &'a mut (dyn FnMut(&RecordedRequest) + Send);

/// Where recorded requests are kept. One method is one use case and one transaction.
#[async_trait]
pub trait MetricsStore: Send + Sync + 'static {
    /// Inserts requests and adds them to the roll-ups of their minutes: all of them, or none.
    async fn insert(&self, requests: &[RecordedRequest]) -> Result<(), StoreError>;
    /// The requests of a run in the order of their arrival; a request as often as it was recorded.
    async fn requests_of_run(&self, run: RunId) -> Result<Vec<RecordedRequest>, StoreError>;
    /// What was recorded for one slot of a run.
    async fn requests_of_slot(&self, run: RunId, seq: u32) -> Result<Vec<RecordedRequest>, StoreError>;
    /// Visits the requests that arrived at `from` or later, in epoch microseconds.
    async fn visit_since(&self, from: i64, visit: RequestVisitor<'_>) -> Result<(), StoreError>;
    /// The roll-ups of `minute` and later, in minutes since the epoch.
    async fn rollups_since(&self, minute: i64) -> Result<Rollups, StoreError>;
    /// Adds to the numbers of requests that were not recorded, by minute since the epoch.
    async fn count_lost(&self, lost: &BTreeMap<i64, u32>) -> Result<(), StoreError>;
    /// How many requests were not recorded, by minute since the epoch, from `minute` on.
    async fn lost_since(&self, minute: i64) -> Result<Vec<(i64, u32)>, StoreError>;
    /// The earliest second since the epoch by which something is known to have been recorded.
    async fn oldest(&self) -> Result<Option<i64>, StoreError>;
    /// The time of the newest record, in epoch microseconds.
    async fn newest(&self) -> Result<Option<i64>, StoreError>;
    /// Rolls up the rows of a version that made no roll-ups, and returns how many there were.
    async fn roll_up_older_version(&self) -> Result<u64, StoreError>;
    /// One page of the request log, of requests that arrived at these times, in epoch microseconds.
    async fn log(&self, query: &LogQuery, times: Range<i64>) -> Result<LogPage, StoreError>;
    /// The newest requests that match the filter, whatever its page and order are, and how many are of the future.
    async fn newest_requests(&self, query: &LogQuery, times: Range<i64>) -> Result<LogPage, StoreError>;
    /// How many requests match the filter, counted up to `most`.
    async fn count_requests(&self, query: &LogQuery, times: Range<i64>, most: u32) -> Result<u32, StoreError>;
    /// The request with this id.
    async fn request(&self, id: Uuid) -> Result<Option<RecordedRequest>, StoreError>;
    /// What is no longer kept.
    async fn outdated(&self, kept: &KeptRequests, ages: &Ages) -> Result<Outdated, StoreError>;
    /// Removes a chunk of what is outdated, except for requests of the run that is `open`, and returns how much that
    /// was: nothing if all of it is gone.
    async fn prune(&self, outdated: &mut Outdated, open: Option<RunId>) -> Result<Removed, StoreError>;
    /// How long a write has to wait for the database now.
    async fn wait(&self) -> Result<Duration, StoreError>;
}
