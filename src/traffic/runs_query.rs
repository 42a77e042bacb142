//! The address of the history: filter, order and page, all in the query, so that it can be shared
//! and works without JavaScript.

use std::cmp::Ordering;

use super::engine::scenario::Scenario;
use super::form::RunsForm;
use super::model::{RunSummary, Status};
use crate::origin::RunId;

/// By what a page of the history is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// When it was started.
    #[default]
    Started,
    /// Requests that left.
    Sent,
    /// Requests that failed.
    Failed,
    /// 95th percentile of the latency.
    P95,
}

impl Order {
    /// All of them, in the order of the columns.
    pub const ALL: [Self; 4] = [Self::Started, Self::Sent, Self::Failed, Self::P95];

    fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::P95 => "p95",
        }
    }

    /// The head of its column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Sent => "Sent",
            Self::Failed => "Failed",
            Self::P95 => "p95",
        }
    }

    fn compare(self, a: &RunSummary, b: &RunSummary) -> Ordering {
        match self {
            Self::Started => a.start_time.cmp(&b.start_time),
            Self::Sent => a.sent.cmp(&b.sent),
            Self::Failed => a.failed_requests.cmp(&b.failed_requests),
            Self::P95 => a.p95.partial_cmp(&b.p95).unwrap_or(Ordering::Equal),
        }
    }
}

/// What the address asks for. What it does not know, it leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunsAddress {
    /// Only runs of this scenario.
    pub scenario: Option<Scenario>,
    /// Only runs in this state.
    pub status: Option<Status>,
    /// Only runs that started before this one.
    pub cursor: Option<RunId>,
    /// The order of the page.
    pub order: Order,
    /// Smallest first.
    pub ascending: bool,
    /// The run that is to be compared with another one.
    pub a: Option<RunId>,
}

impl RunsAddress {
    /// Reads the query of `/runs`.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let id = |name: &str| get(name).and_then(|text| text.parse().ok());
        let (scenario, status, order) = (get("scenario"), get("status"), get("order"));
        Self {
            scenario: Scenario::ALL.into_iter().find(|one| Some(one.wire_name()) == scenario.as_deref()),
            status: Status::ALL.into_iter().find(|one| Some(one.wire_name()) == status.as_deref()),
            cursor: id("cursor"),
            order: Order::ALL.into_iter().find(|one| Some(one.name()) == order.as_deref()).unwrap_or_default(),
            ascending: get("ascending").is_some(),
            a: id("a"),
        }
    }

    /// As the server function wants it.
    pub fn form(&self) -> RunsForm {
        RunsForm {
            cursor: self.cursor.map(|id| id.to_string()),
            limit: None,
            scenario: self.scenario.map(|scenario| scenario.wire_name().to_owned()),
            status: self.status.map(|status| status.wire_name().to_owned()),
        }
    }

    /// As an address. Every value is one of our own words or an id: nothing needs to be encoded.
    pub fn link(&self) -> String {
        let mut pairs = Vec::new();
        let mut add = |name: &str, value: Option<String>| pairs.extend(value.map(|value| format!("{name}={value}")));
        add("scenario", self.scenario.map(|scenario| scenario.wire_name().to_owned()));
        add("status", self.status.map(|status| status.wire_name().to_owned()));
        add("cursor", self.cursor.map(|id| id.to_string()));
        add("order", (self.order != Order::default()).then(|| self.order.name().to_owned()));
        add("ascending", self.ascending.then(|| "true".to_owned()));
        add("a", self.a.map(|id| id.to_string()));
        if pairs.is_empty() { "/runs".to_owned() } else { format!("/runs?{}", pairs.join("&")) }
    }

    /// The address of the same page ordered by another column, or the other way round.
    pub fn ordered_by(&self, order: Order) -> Self {
        Self { order, ascending: self.order == order && !self.ascending, ..self.clone() }
    }

    /// Puts a page, which comes newest first, into the order asked for.
    pub fn sort(&self, runs: &mut [RunSummary]) {
        runs.sort_by(|a, b| {
            let order = self.order.compare(a, b);
            if self.ascending { order } else { order.reverse() }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_its_own_link_and_forgets_what_it_does_not_know() {
        let query = "scenario=peak&status=completed&order=sent&ascending=true&cursor=nonsense&else=x";
        let pairs: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let address =
            RunsAddress::read(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned()));
        assert_eq!(address.link(), "/runs?scenario=peak&status=completed&order=sent&ascending=true");
        assert_eq!(RunsAddress::default().link(), "/runs");
        assert_eq!(
            RunsAddress::read(|_| Some("'\"><x>".to_owned())),
            RunsAddress { ascending: true, ..RunsAddress::default() }
        );
    }

    #[test]
    fn the_same_head_again_turns_the_order_round() {
        let by_sent = RunsAddress::default().ordered_by(Order::Sent);
        assert_eq!((by_sent.order, by_sent.ascending), (Order::Sent, false), "most first");
        assert!(by_sent.ordered_by(Order::Sent).ascending);
        assert!(!by_sent.ordered_by(Order::Failed).ascending);
    }
}
