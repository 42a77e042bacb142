//! The address of the history: filter, order and page, all in the query, so that it can be shared
//! and works without JavaScript.

use super::engine::scenario::Scenario;
use super::model::Status;
use super::run_order::{Cursor, Order};
use super::start_request::RunsForm;
use crate::origin::RunId;
use crate::query::link;

/// What the address asks for. What it does not know, it leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunsAddress {
    /// Only runs of this scenario.
    pub scenario: Option<Scenario>,
    /// Only runs in this state.
    pub status: Option<Status>,
    /// Only runs behind this one.
    pub cursor: Option<Cursor>,
    /// By what the history is ordered.
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
        let order = Order::ALL.into_iter().find(|one| Some(one.wire_name()) == order.as_deref()).unwrap_or_default();
        Self {
            scenario: Scenario::ALL.into_iter().find(|one| Some(one.wire_name()) == scenario.as_deref()),
            status: Status::ALL.into_iter().find(|one| Some(one.wire_name()) == status.as_deref()),
            cursor: get("cursor").and_then(|text| text.parse().ok()),
            order,
            ascending: get("ascending").as_deref() == Some("true"),
            a: id("a"),
        }
    }

    /// Reads a query that [`Self::query`] has written; in any other, what is unknown is left out.
    pub fn of_query(query: &str) -> Self {
        let pairs: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        Self::read(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    /// As the server function wants it.
    pub fn form(&self) -> RunsForm {
        RunsForm {
            cursor: self.cursor.map(|cursor| cursor.to_string()),
            limit: None,
            scenario: self.scenario.map(|scenario| scenario.wire_name().to_owned()),
            status: self.status.map(|status| status.wire_name().to_owned()),
            order: Some(self.order.wire_name().to_owned()),
            ascending: Some(self.ascending.to_string()),
        }
    }

    /// The names and values of its query. Each value is one of our own words, an id or a cursor, which come through a
    /// query as they are.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        let mut add = |name, value: Option<String>| pairs.extend(value.map(|value| (name, value)));
        add("scenario", self.scenario.map(|scenario| scenario.wire_name().to_owned()));
        add("status", self.status.map(|status| status.wire_name().to_owned()));
        add("cursor", self.cursor.map(|cursor| cursor.to_string()));
        add("order", (self.order != Order::default()).then(|| self.order.wire_name().to_owned()));
        add("ascending", self.ascending.then(|| "true".to_owned()));
        add("a", self.a.map(|id| id.to_string()));
        pairs
    }

    /// Its query.
    pub fn query(&self) -> String {
        self.link().split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default()
    }

    /// As an address.
    pub fn link(&self) -> String {
        link("/runs", &self.pairs())
    }

    /// The same page, with what came of the deletion of run `of`, which may be still there.
    pub fn after_deletion(&self, outcome: &str, of: RunId, still_there: bool) -> String {
        let kept = Self { a: self.a.filter(|a| still_there || *a != of), ..self.clone() };
        let mut pairs = kept.pairs();
        pairs.push(("deletion", outcome.to_owned()));
        pairs.extend(still_there.then(|| ("of", of.to_string())));
        link("/runs", &pairs)
    }

    /// The address of the history ordered by another column, or the other way round, from its first page on.
    pub fn ordered_by(&self, order: Order) -> Self {
        Self { order, ascending: self.order == order && !self.ascending, cursor: None, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_its_own_link_and_forgets_what_it_does_not_know() {
        let query = "scenario=peak&status=completed&order=sent&ascending=true&cursor=nonsense&else=x";
        let address = RunsAddress::of_query(query);
        assert_eq!(address.link(), "/runs?scenario=peak&status=completed&order=sent&ascending=true");
        assert_eq!(RunsAddress::default().link(), "/runs");
        assert_eq!(RunsAddress::read(|_| Some("'\"><x>".to_owned())), RunsAddress::default());
    }

    #[test]
    fn every_address_survives_its_own_query() {
        let id: RunId = "019b76da-a800-7000-8000-000000000000".parse().expect("an id");
        for order in Order::ALL {
            let rank = if order == Order::Started { 0 } else { -1 };
            let cursor = Some(Cursor { rank, id });
            let address = RunsAddress { cursor, order, ascending: true, a: Some(id), ..RunsAddress::default() };
            assert_eq!(RunsAddress::of_query(&address.query()), address);
            assert_eq!(address.ordered_by(Order::Sent).cursor, None, "a cursor is one of its order");
            assert!(super::validation::runs_query(address.form().fields()).is_ok());
        }
        assert_eq!(RunsAddress::of_query("//evil.example/?a=1&x"), RunsAddress::default());
    }

    #[test]
    fn a_deletion_comes_back_to_the_same_page() {
        let id: RunId = "019b76da-a800-7000-8000-000000000000".parse().expect("an id");
        let address = RunsAddress { order: Order::Sent, a: Some(id), ..RunsAddress::default() };
        assert_eq!(address.after_deletion("deleted", id, false), "/runs?order=sent&deletion=deleted");
        let failed = format!("/runs?order=sent&a={id}&deletion=unavailable&of={id}");
        assert_eq!(address.after_deletion("unavailable", id, true), failed);
    }

    #[test]
    fn the_same_head_again_turns_the_order_round() {
        let by_sent = RunsAddress::default().ordered_by(Order::Sent);
        assert_eq!((by_sent.order, by_sent.ascending), (Order::Sent, false), "most first");
        assert!(by_sent.ordered_by(Order::Sent).ascending);
        assert!(!by_sent.ordered_by(Order::Failed).ascending);
    }
}
