//! The filter of the request log as a form, an address or a link gives it.

use serde::{Deserialize, Serialize};

use super::model::{Origins, Range};
use crate::query::link;
use crate::validation::{Fields, fields_of_texts};

/// The unchecked fields of a [`super::log_model::LogQuery`]; [`super::validation::log`] checks them. The names of the
/// fields are those in the address of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LogForm {
    /// How far back.
    pub range: Option<String>,
    /// Whose requests.
    pub origin: Option<String>,
    /// Only these statuses.
    pub status: Option<String>,
    /// Only this endpoint.
    pub endpoint: Option<String>,
    /// Only requests that took this long or longer, in milliseconds.
    pub min_duration: Option<String>,
    /// Only the request with this id.
    pub id: Option<String>,
    /// The newest or the slowest first.
    pub order: Option<String>,
    /// Which page.
    pub page: Option<String>,
}

impl LogForm {
    /// Reads the query of an address. An empty value counts as missing. `run` means the requests of one run, as in the
    /// address of the dashboard.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name| get(name).filter(|text| !text.is_empty());
        Self {
            range: get("range"),
            origin: get("run").or_else(|| get("origin")),
            status: get("status"),
            endpoint: get("endpoint"),
            min_duration: get("minDuration"),
            id: get("id"),
            order: get("order"),
            page: get("page"),
        }
    }

    fn texts(self) -> [(&'static str, Option<String>); 8] {
        [
            ("range", self.range),
            ("origin", self.origin),
            ("status", self.status),
            ("endpoint", self.endpoint),
            ("minDuration", self.min_duration),
            ("id", self.id),
            ("order", self.order),
            ("page", self.page),
        ]
    }

    /// The fields that were given.
    pub fn fields(self) -> Fields {
        fields_of_texts(self.texts())
    }

    /// The address of the page with this filter. It names only what differs from the defaults.
    pub fn link(&self) -> String {
        let origin = Origins::default().to_string();
        let defaults =
            [("range", Range::default().wire_name()), ("origin", origin.as_str()), ("order", "newest"), ("page", "1")];
        let differs = |name: &str, text: &String| !text.is_empty() && !defaults.contains(&(name, text.as_str()));
        let pairs: Vec<_> = self
            .clone()
            .texts()
            .into_iter()
            .filter_map(|(name, text)| Some((name, text.filter(|text| differs(name, text))?)))
            .collect();
        link("/requests", &pairs)
    }

    /// The address of a page of the same list.
    pub fn link_to_page(&self, page: u32) -> String {
        Self { page: Some(page.to_string()), ..self.clone() }.link()
    }

    /// Does it ask for anything but the first page of the default list?
    pub fn is_filtered(&self) -> bool {
        self.link_to_page(1) != Self::default().link()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a query as a browser does.
    fn of(query: &str) -> LogForm {
        let url = reqwest::Url::parse(&format!("http://localhost/?{query}")).expect("a URL");
        LogForm::read(|name| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()))
    }

    #[test]
    fn any_filter_survives_its_own_link_right_or_wrong() {
        for query in [
            "range=1h&origin=real&status=5xx&endpoint=GET%20%2Fapi%2Fv1%2Fusers%2F%7Bid%7D&order=slowest&page=3",
            "status=404&minDuration=12.5",
            "id=019b76da-a800-7000-8000-000000000000",
            "range=2h&origin=me&status=9xx&endpoint=x&minDuration=long&id=17&order=up&page=0",
        ] {
            assert_eq!(of(query).link(), format!("/requests?{query}"));
        }
        for route in ["/a&b=c", "/a#b", "/a+b", "/100%", "/%20", "/é/日本", "/{id}", "/a?b", "/\"<>"] {
            let form = LogForm { endpoint: Some(format!("GET {route}")), ..LogForm::default() };
            let link = form.link();
            assert_eq!(of(link.strip_prefix("/requests?").expect("a query")), form, "{link}");
        }
    }

    #[test]
    fn defaults_and_empty_fields_are_not_in_the_address() {
        let form = of("range=5m&origin=all&status=&endpoint=&minDuration=&id=&order=newest&page=1");
        assert_eq!((form.link().as_str(), form.is_filtered()), ("/requests", false));
        assert_eq!(of("page=7").link_to_page(8), "/requests?page=8");
        assert_eq!(of("run=7&origin=all").link(), "/requests?origin=7");
        assert!(!of("page=7").is_filtered());
        assert!(of("order=slowest").is_filtered());
    }
}
