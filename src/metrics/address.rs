//! What a page shows stands in its address: it can be shared, the browser's Back button works, and no JavaScript is
//! needed.

use super::log_form::LogForm;
use super::log_model::StatusFilter;
use super::model::OverviewQuery;
use crate::wire_name::of_wire_name;

/// Reads range and origin from a query. Unknown values count as the default.
pub fn read_view(get: impl Fn(&str) -> Option<String>) -> OverviewQuery {
    OverviewQuery {
        range: get("range").and_then(|range| of_wire_name(&range)).unwrap_or_default(),
        origin: get("origin").and_then(|origin| origin.parse().ok()).unwrap_or_default(),
    }
}

/// What a link to the request log asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogAddress {
    /// Range and origin.
    pub view: OverviewQuery,
    /// Only these statuses.
    pub status: Option<StatusFilter>,
    /// Only this endpoint, as `GET /api/v1/users`.
    pub endpoint: Option<String>,
    /// The slowest first.
    pub slowest: bool,
}

impl LogAddress {
    /// The filter of the page.
    pub fn form(&self) -> LogForm {
        LogForm {
            range: Some(self.view.range.wire_name().to_owned()),
            origin: Some(self.view.origin.to_string()),
            status: self.status.map(StatusFilter::name),
            endpoint: self.endpoint.clone(),
            order: self.slowest.then(|| "slowest".to_owned()),
            ..LogForm::default()
        }
    }

    /// The address of the page.
    pub fn link(&self) -> String {
        self.form().link()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::log_model::StatusClass;
    use crate::metrics::model::{Origins, Range};

    const RUN: &str = "019b76da-a800-7000-8000-000000000000";

    /// Reads a query as a browser does.
    fn of(query: &str) -> impl Fn(&str) -> Option<String> {
        let url = reqwest::Url::parse(&format!("http://localhost/?{query}")).expect("a URL");
        move |name| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    #[test]
    fn what_is_not_known_is_the_default() {
        let run = Origins::Run(RUN.parse().expect("an id"));
        let rows = [
            ("", Range::Minutes5, Origins::All),
            ("range=1h", Range::Hour, Origins::All),
            ("range=24h&origin=simulated", Range::Day, Origins::Simulated),
            (&format!("range=1m&origin={RUN}"), Range::Minute, run),
            ("range=2h&origin='><x>", Range::Minutes5, Origins::All),
        ];
        for (query, range, origin) in rows {
            assert_eq!(read_view(of(query)), OverviewQuery { range, origin }, "{query}");
        }
    }

    #[test]
    fn a_link_to_the_log_is_a_valid_filter() {
        let address = LogAddress {
            view: OverviewQuery { range: Range::Hour, origin: Origins::Real },
            status: Some(StatusFilter::Class(StatusClass::Server)),
            endpoint: Some("GET /api/v1/users/{id}".to_owned()),
            slowest: true,
        };
        let query = "range=1h&origin=real&status=5xx&endpoint=GET%20%2Fapi%2Fv1%2Fusers%2F%7Bid%7D&order=slowest";
        assert_eq!(address.link(), format!("/requests?{query}"));
        assert!(crate::metrics::validation::log(address.form().fields()).is_ok());
        assert_eq!(LogAddress::default().link(), "/requests");
    }
}
