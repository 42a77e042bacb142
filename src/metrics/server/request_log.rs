//! The request log: recorded requests, with the names of the runs that made them.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use uuid::Uuid;

use super::ports::RunNames;
use super::service::Metrics;
use crate::metrics::log_model::{LogChoices, LogPage, LogQuery, LoggedRequest, MOST_NEWER, NamedRun, RequestDetails};
use crate::metrics::model::{Origins, OverviewQuery};
use crate::origin::RunId;
use crate::platform::database::StoreError;
use crate::platform::wall_clock::epoch_micros;

/// How many runs the filter offers.
const RUNS_OFFERED: u32 = 20;

/// Answers queries about single requests. Cheap to clone.
#[derive(Clone)]
pub struct RequestLog {
    /// The recorded requests.
    pub metrics: Arc<Metrics>,
    /// The names of the runs.
    pub runs: Arc<dyn RunNames>,
}

/// The times of the requests that are wanted, in epoch microseconds. A run is listed completely, and a request is found,
/// however long ago it was.
fn times(query: &LogQuery, now: i64) -> Range<i64> {
    let ends_here = matches!(query.origin, Origins::Run(_)) || query.id.is_some();
    let from = if ends_here { 0 } else { now - query.range.seconds() * 1_000_000 };
    from..now + 1
}

impl RequestLog {
    /// One page of the log.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn page(&self, query: &LogQuery) -> Result<LogPage, StoreError> {
        let now = epoch_micros();
        let times = times(query, now);
        let page = self.metrics.store.log(query, times.clone()).await?;
        // Rows are written up to a quarter of a second after their requests arrived, so what is newest here decides, and
        // not the clock.
        let seen = match page.requests.first() {
            _ if query.slowest || query.page > 1 => now,
            Some(newest) => newest.at,
            None => times.start - 1,
        };
        self.with_names(LogPage { to: now, seen, ..page }).await
    }

    /// The newest requests of a period or of a run, not counted.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn newest(&self, view: &OverviewQuery) -> Result<LogPage, StoreError> {
        let now = epoch_micros();
        let query = LogQuery { range: view.range, origin: view.origin, ..LogQuery::default() };
        let page = self.metrics.store.newest_requests(&query, times(&query, now)).await?;
        self.with_names(LogPage { to: now, seen: now, ..page }).await
    }

    /// How many requests that match the filter arrived after a moment, in epoch microseconds; counted up to
    /// [`MOST_NEWER`].
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn newer(&self, query: &LogQuery, seen: i64) -> Result<u32, StoreError> {
        let times = times(query, epoch_micros());
        let from = times.start.max(seen.saturating_add(1));
        self.metrics.store.count_requests(query, from..times.end, MOST_NEWER).await
    }

    /// The request with this id.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn request(&self, id: Uuid) -> Result<Option<RequestDetails>, StoreError> {
        let Some(request) = self.metrics.store.request(id).await?.map(LoggedRequest::from) else { return Ok(None) };
        let run = match request.run {
            Some(run) => self.runs.name(run).await?,
            None => None,
        };
        Ok(Some(RequestDetails { request, run }))
    }

    /// What the filters offer.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn choices(&self) -> Result<LogChoices, StoreError> {
        let endpoints = self.metrics.numbers.endpoints();
        let mut endpoints: Vec<_> = endpoints.into_iter().map(|(method, route)| (route, method)).collect();
        endpoints.sort();
        let endpoints = endpoints.into_iter().map(|(route, method)| format!("{method} {route}")).collect();
        Ok(LogChoices { endpoints, runs: self.runs.newest(RUNS_OFFERED).await? })
    }

    async fn with_names(&self, page: LogPage) -> Result<LogPage, StoreError> {
        let runs: BTreeSet<RunId> = page.requests.iter().filter_map(|request| request.run).collect();
        let mut named: Vec<NamedRun> = Vec::with_capacity(runs.len());
        for run in runs {
            named.extend(self.runs.name(run).await?);
        }
        Ok(LogPage { runs: named, ..page })
    }
}
