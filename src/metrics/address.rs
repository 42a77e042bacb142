//! What a page shows stands in its address: it can be shared, the browser's Back button works, and no JavaScript is
//! needed.

use super::log_form::LogForm;
use super::log_model::{StatusClass, last_page};
use super::model::{Origins, OverviewQuery, Range};
use crate::query::link;
use crate::wire_name::of_wire_name;

/// Reads range and origin from a query. Unknown values count as the default.
pub fn read_view(get: impl Fn(&str) -> Option<String>) -> OverviewQuery {
    OverviewQuery {
        range: get("range").and_then(|range| of_wire_name(&range)).unwrap_or_default(),
        origin: get("origin").and_then(|origin| origin.parse().ok()).unwrap_or_default(),
    }
}

/// The parts of a query that differ from the defaults.
fn pairs(view: &OverviewQuery) -> Vec<(&'static str, String)> {
    let range = (view.range != Range::default()).then(|| ("range", view.range.wire_name().to_owned()));
    let origin = (view.origin != Origins::default()).then(|| ("origin", view.origin.to_string()));
    range.into_iter().chain(origin).collect()
}

/// The address of `path` with this range and origin.
pub fn view_link(path: &str, view: &OverviewQuery) -> String {
    link(path, &pairs(view))
}

/// The query of the request log's page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogAddress {
    /// Range and origin.
    pub view: OverviewQuery,
    /// Only these answers.
    pub status: Option<StatusClass>,
    /// Only this endpoint, as `GET /api/v1/users`.
    pub endpoint: Option<String>,
    /// The slowest first.
    pub slowest: bool,
    /// Which page, from 1.
    pub page: u32,
}

impl LogAddress {
    /// Reads the query of the page. Unknown values count as the default.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let slowest = get("order").as_deref() == Some("slowest");
        let page = get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
        Self {
            view: read_view(&get),
            status: get("status").and_then(|status| of_wire_name(&status)),
            endpoint: get("endpoint").filter(|endpoint| endpoint.contains(' ')),
            slowest,
            page: page.clamp(1, last_page(slowest)),
        }
    }

    /// The form that the server function takes.
    pub fn form(&self) -> LogForm {
        LogForm {
            range: Some(self.view.range.wire_name().to_owned()),
            origin: Some(self.view.origin.to_string()),
            status: self.status.map(|status| status.wire_name().to_owned()),
            endpoint: self.endpoint.clone(),
            order: Some(if self.slowest { "slowest" } else { "newest" }.to_owned()),
            page: Some(self.page.to_string()),
        }
    }

    /// The address of the page.
    pub fn link(&self) -> String {
        let mut pairs = pairs(&self.view);
        pairs.extend(self.status.map(|status| ("status", status.wire_name().to_owned())));
        pairs.extend(self.endpoint.clone().map(|endpoint| ("endpoint", endpoint)));
        pairs.extend(self.slowest.then(|| ("order", "slowest".to_owned())));
        pairs.extend((self.page > 1).then(|| ("page", self.page.to_string())));
        link("/requests", &pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "019b76da-a800-7000-8000-000000000000";

    /// Reads a query as a browser does.
    fn of(query: &str) -> impl Fn(&str) -> Option<String> {
        let url = reqwest::Url::parse(&format!("http://localhost/?{query}")).expect("a URL");
        move |name| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    #[test]
    fn any_endpoint_survives_its_own_link() {
        for route in ["/a&b=c", "/a#b", "/a+b", "/100%", "/%20", "/é/日本", "/{id}", "/a?b", "/\"<>"] {
            let address = LogAddress { endpoint: Some(format!("GET {route}")), page: 1, ..LogAddress::default() };
            let link = address.link();
            let query = link.strip_prefix("/requests?").expect("a query");
            assert_eq!(LogAddress::read(of(query)), address, "{link}");
        }
    }

    #[test]
    fn a_view_survives_its_own_link_and_forgets_what_it_does_not_know() {
        for query in ["range=1h", "origin=real", "range=24h&origin=simulated", &format!("origin={RUN}")] {
            assert_eq!(view_link("/", &read_view(of(query))), format!("/?{query}"));
        }
        assert_eq!(view_link("/", &read_view(of("range=2h&origin='><x>"))), "/");
    }

    #[test]
    fn a_log_address_survives_its_own_link_and_is_valid() {
        let query =
            "range=1h&origin=real&status=5xx&endpoint=GET%20%2Fapi%2Fv1%2Fusers%2F%7Bid%7D&order=slowest&page=3";
        let address = LogAddress::read(of(query));
        assert_eq!(address.link(), format!("/requests?{query}"));
        assert!(crate::metrics::validation::log(address.form().fields()).is_ok());
        assert_eq!(LogAddress::read(|_| None).link(), "/requests");
        let nonsense = LogAddress::read(of("status=9xx&endpoint=x&order=up&page=0"));
        assert_eq!((nonsense.link(), nonsense.page), ("/requests".to_owned(), 1));
        for far in ["page=4000000000", "order=slowest&page=4000000000"] {
            assert!(crate::metrics::validation::log(LogAddress::read(of(far)).form().fields()).is_ok(), "{far}");
        }
    }
}
