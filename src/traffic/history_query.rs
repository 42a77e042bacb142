//! The query of the history: filter, order and page. It comes as the address of the page, so that it can be shared and
//! works without JavaScript, from a server function, or from the REST route.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::engine::scenario::Scenario;
use super::model::{LONGEST_NAME, Run, Status};
use crate::origin::RunId;
use crate::query::{decoded, link};
use crate::validation::{Checker, Fields, Invalid, Value, fields_of_texts, read_numbers};
use crate::wire_name::wire_name;

/// The number of runs on a page if the query has no limit.
const DEFAULT_LIMIT: u32 = 20;

/// The names of the fields that choose runs, in the order of [`HistoryForm`].
const FIELDS: [&str; 7] = ["cursor", "limit", "scenario", "status", "name", "order", "ascending"];

/// What the history is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The start of the run.
    #[default]
    Started,
    /// How long the run lasted.
    Duration,
    /// Requests that left.
    Sent,
    /// Requests that failed.
    Failed,
    /// 95th percentile of the service time of the ok requests.
    P95,
}

impl Order {
    /// All orders, in the order of the columns.
    pub const ALL: [Self; 5] = [Self::Started, Self::Duration, Self::Sent, Self::Failed, Self::P95];

    /// The name on the wire.
    pub fn wire_name(self) -> &'static str {
        wire_name(&self)
    }

    /// The heading of its column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Duration => "Duration",
            Self::Sent => "Sent",
            Self::Failed => "Failed",
            Self::P95 => "p95",
        }
    }

    /// What a run is ordered by, as a whole number, so that it survives the way through an address. Runs of the same
    /// rank are ordered by their start, so in the order by start all runs have the rank 0. A duration is in
    /// milliseconds, a p95 in microseconds, and -1 if the run has none.
    pub fn rank(self, run: &Run) -> i64 {
        match self {
            Self::Started => 0,
            Self::Duration => run.end_time.map_or(run.stats.elapsed.into(), |end| end - run.start_time),
            Self::Sent => run.stats.sent.into(),
            Self::Failed => run.stats.failed_requests.into(),
            Self::P95 => run.stats.service.ok.p95.map_or(-1, |p95| (p95 * 1000.0) as i64),
        }
    }
}

/// The last run of a page. The next page begins after it, even if that run was deleted in the meantime. On the wire it
/// is the run's id, preceded by its rank and a tilde if the rank is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The run's rank: see [`Order::rank`].
    pub rank: i64,
    /// The run's id.
    pub id: RunId,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rank {
            0 => self.id.fmt(f),
            rank => write!(f, "{rank}~{}", self.id),
        }
    }
}

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let (rank, id) = text.split_once('~').unwrap_or(("0", text));
        let digits = rank.strip_prefix('-').unwrap_or(rank);
        if digits.len() > 15 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoCursor);
        }
        Ok(Self { rank: rank.parse().map_err(|_| NoCursor)?, id: id.parse().map_err(|_| NoCursor)? })
    }
}

/// Which stored runs to list, and in what order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Only runs after this one, in the same order.
    pub cursor: Option<Cursor>,
    /// The most runs to list: 1 to 100.
    pub limit: u32,
    /// Only runs of this scenario.
    pub scenario: Option<Scenario>,
    /// Only runs in this state.
    pub status: Option<Status>,
    /// Only runs with this text in their names. Capital and small letters of ASCII are the same.
    pub name: Option<String>,
    /// What the whole history is ordered by, not only one page of it. Runs of the same rank are ordered by their start.
    pub order: Order,
    /// Whether the smallest, or the oldest, comes first.
    pub ascending: bool,
    /// The run that is to be compared with another one. It has no influence on the list.
    pub a: Option<RunId>,
}

/// The newest runs of all scenarios.
impl Default for HistoryQuery {
    fn default() -> Self {
        Self {
            cursor: None,
            limit: DEFAULT_LIMIT,
            scenario: None,
            status: None,
            name: None,
            order: Order::default(),
            ascending: false,
            a: None,
        }
    }
}

/// The query of the history as a server function receives it. All fields are texts, and all may be missing or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HistoryForm {
    /// The `next` of an earlier page.
    pub cursor: Option<String>,
    /// The most runs to list.
    pub limit: Option<String>,
    /// The wire name of a scenario.
    pub scenario: Option<String>,
    /// The wire name of a state.
    pub status: Option<String>,
    /// A part of a run's name.
    pub name: Option<String>,
    /// The wire name of an order.
    pub order: Option<String>,
    /// `true` if the smallest comes first.
    pub ascending: Option<String>,
}

impl HistoryForm {
    /// Checks the form.
    ///
    /// # Errors
    /// [`Invalid`] with every fault.
    pub fn check(self) -> Result<HistoryQuery, Invalid> {
        let Self { cursor, limit, scenario, status, name, order, ascending } = self;
        let texts = [cursor, limit, scenario, status, name, order, ascending];
        HistoryQuery::check(fields_of_texts(FIELDS.into_iter().zip(texts)))
    }
}

impl HistoryQuery {
    /// Checks the fields of a query, all of which are texts.
    ///
    /// # Errors
    /// [`Invalid`] with every fault.
    pub fn check(mut fields: Fields) -> Result<Self, Invalid> {
        read_numbers(&mut fields, &["limit"]);
        let mut check = Checker::new(&fields, &FIELDS);
        let query = Self::read(&mut check);
        check.finish(Some(query))
    }

    /// Reads the query of `/runs`. What is faulty or unknown in it is left out.
    pub fn of_address(get: impl Fn(&str) -> Option<String>) -> Self {
        // The page always shows the default number of runs.
        let names = FIELDS.into_iter().filter(|name| *name != "limit");
        let fields = fields_of_texts(names.map(|name| (name, get(name))));
        let query = Self::read(&mut Checker::new(&fields, &FIELDS));
        Self { a: get("a").and_then(|id| id.parse().ok()), ..query }
    }

    /// Reads a text that [`Self::query`] has written. In any other text, what is faulty or unknown is left out.
    pub fn of_query(query: &str) -> Self {
        let pairs: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        Self::of_address(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| decoded(value)))
    }

    /// Reads the fields one by one. A field with a fault has its default.
    fn read(check: &mut Checker<'_>) -> Self {
        let default = Self::default();
        let order = check.optional("order").and_then(|value| check.variant("order", value, &Order::ALL));
        let ascending = check
            .optional("ascending")
            .and_then(|value| check.choice("ascending", value, &[("true", true), ("false", false)]));
        let cursor = check.optional("cursor").and_then(|value| cursor(check, value));
        let limit = check.optional("limit").and_then(|value| check.integer("limit", value, 1, 100));
        Self {
            cursor,
            limit: limit.unwrap_or(default.limit),
            scenario: check.optional("scenario").and_then(|value| check.variant("scenario", value, &Scenario::ALL)),
            status: check.optional("status").and_then(|value| check.variant("status", value, &Status::ALL)),
            name: check.optional("name").and_then(|value| check.text("name", value, LONGEST_NAME)),
            order: order.unwrap_or(default.order),
            ascending: ascending.unwrap_or(default.ascending),
            a: None,
        }
    }

    /// The query as a server function receives it.
    pub fn form(&self) -> HistoryForm {
        HistoryForm {
            cursor: self.cursor.map(|cursor| cursor.to_string()),
            limit: Some(self.limit.to_string()),
            scenario: self.scenario.map(|scenario| scenario.wire_name().to_owned()),
            status: self.status.map(|status| status.wire_name().to_owned()),
            name: self.name.clone(),
            order: Some(self.order.wire_name().to_owned()),
            ascending: Some(self.ascending.to_string()),
        }
    }

    /// The names and values in the query of the page's address, without those that have their default.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        let mut add = |name, value: Option<String>| pairs.extend(value.map(|value| (name, value)));
        add("scenario", self.scenario.map(|scenario| scenario.wire_name().to_owned()));
        add("status", self.status.map(|status| status.wire_name().to_owned()));
        add("name", self.name.clone());
        add("cursor", self.cursor.map(|cursor| cursor.to_string()));
        add("order", (self.order != Order::default()).then(|| self.order.wire_name().to_owned()));
        add("ascending", self.ascending.then(|| "true".to_owned()));
        add("a", self.a.map(|id| id.to_string()));
        pairs
    }

    /// The query of the page's address, without the question mark.
    pub fn query(&self) -> String {
        self.link().split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default()
    }

    /// The address of the page.
    pub fn link(&self) -> String {
        link("/runs", &self.pairs())
    }

    /// The address of the page, with more in its query.
    pub fn link_with(&self, more: Vec<(&'static str, String)>) -> String {
        let mut pairs = self.pairs();
        pairs.extend(more);
        link("/runs", &pairs)
    }

    /// The address of the same page, with the outcome of the deletion of the run `of`, which may be still there.
    pub fn after_deletion(&self, outcome: &str, of: RunId, still_there: bool) -> String {
        let kept = Self { a: self.a.filter(|a| still_there || *a != of), ..self.clone() };
        let of = still_there.then(|| ("of", of.to_string()));
        kept.link_with([("deletion", outcome.to_owned())].into_iter().chain(of).collect())
    }

    /// The first page of the history in another order; or in the opposite direction, if it is already in that order.
    pub fn ordered_by(&self, order: Order) -> Self {
        Self { order, ascending: self.order == order && !self.ascending, cursor: None, ..self.clone() }
    }
}

fn cursor(check: &mut Checker<'_>, value: &Value) -> Option<Cursor> {
    let cursor = if let Value::Text(text) = value { text.parse().ok() } else { None };
    cursor.or_else(|| {
        let detail = "is not a cursor; give the `next` of an earlier page of the same order, or leave it out";
        check.malformed("cursor", detail)
    })
}

#[cfg(test)]
mod tests;
