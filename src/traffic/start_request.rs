//! The start form as it is sent, and as it comes back in a query when it was refused.

use serde::{Deserialize, Serialize};

use super::engine::scenario::{Delay, Scenario};
use super::model::{Endpoints, Settings};
use super::validation::form_fields;
use crate::query::link;
use crate::validation::{Fields, Value};

/// The filter of the history, as it is sent: texts, all of which may be missing or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunsForm {
    /// The `next` of an earlier page.
    pub cursor: Option<String>,
    /// Runs on a page.
    pub limit: Option<String>,
    /// Wire name of a scenario.
    pub scenario: Option<String>,
    /// Wire name of a state.
    pub status: Option<String>,
    /// Wire name of an order.
    pub order: Option<String>,
    /// `true`: the smallest first.
    pub ascending: Option<String>,
}

impl RunsForm {
    /// What the validator checks.
    pub fn fields(self) -> Fields {
        let texts = [
            ("cursor", self.cursor),
            ("limit", self.limit),
            ("scenario", self.scenario),
            ("status", self.status),
            ("order", self.order),
            ("ascending", self.ascending),
        ];
        let given = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), Value::Text(text.filter(|text| !text.is_empty())?))));
        given.collect()
    }
}

/// The form as it is sent: texts, all of which may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StartForm {
    /// Wire name of the scenario.
    pub scenario: Option<String>,
    /// Seconds.
    pub duration: Option<String>,
    /// Requests per second.
    pub max_rps: Option<String>,
    /// `all`, or one operation.
    pub endpoints: Option<String>,
    /// Where Latency Degradation waits.
    pub delay: Option<String>,
    /// The page's seed.
    pub seed: Option<String>,
    /// `true` when "I understand this generates load" is ticked.
    pub acknowledged: Option<String>,
}

impl StartForm {
    /// Was the acknowledgement ticked?
    pub fn is_acknowledged(&self) -> bool {
        self.acknowledged.as_deref() == Some("true")
    }

    /// What the validator checks. The form always carries a choice of where to wait; it counts for
    /// Latency Degradation alone.
    pub fn fields(&self) -> Fields {
        let waits = self.scenario.as_deref() == Some(Scenario::LatencyDegradation.wire_name());
        let checked = |name: &str| name != "acknowledged" && (name != "delay" || waits);
        form_fields(self.pairs().into_iter().filter(|(name, _)| checked(name)).map(|(name, text)| (name, text.clone())))
    }

    /// The fields by their names.
    pub(super) fn pairs(&self) -> [(&'static str, &Option<String>); 7] {
        [
            ("scenario", &self.scenario),
            ("duration", &self.duration),
            ("maxRps", &self.max_rps),
            ("endpoints", &self.endpoints),
            ("delay", &self.delay),
            ("seed", &self.seed),
            ("acknowledged", &self.acknowledged),
        ]
    }

    /// The address of the dashboard with this form in it, so that one that was refused comes back with its input.
    /// `why` is the word for the reason.
    pub fn refused(&self, why: &str) -> String {
        self.link("refused", why)
    }

    /// The address of the dashboard with the form filled in as this run was started, to run it again.
    pub fn again(settings: &Settings) -> String {
        let names: Vec<&str> = settings.endpoints.list().iter().map(|endpoint| endpoint.wire_name()).collect();
        let endpoints = if settings.endpoints == Endpoints::all() { "all".to_owned() } else { names.join(",") };
        let form = Self {
            scenario: Some(settings.scenario.wire_name().to_owned()),
            duration: Some(settings.duration.to_string()),
            max_rps: Some(settings.max_rps.to_string()),
            endpoints: Some(endpoints),
            delay: (settings.delay == Delay::Server).then(|| "server".to_owned()),
            seed: Some(settings.seed.to_string()),
            acknowledged: None,
        };
        form.link("again", "true")
    }

    fn link(&self, why: &str, word: &str) -> String {
        let given = self.pairs().into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
        // No value of the form is that long; an address has its limits.
        let fields = given.map(|(name, text)| (name, text.chars().take(60).collect()));
        let pairs: Vec<_> = std::iter::once((why, word.to_owned())).chain(fields).collect();
        link("/", &pairs)
    }

    /// The form that a query of `/` carries: a refused one, or one to run again.
    pub fn from_query(get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        get("refused").or_else(|| get("again"))?;
        Some(Self {
            scenario: get("scenario"),
            duration: get("duration"),
            max_rps: get("maxRps"),
            endpoints: get("endpoints"),
            delay: get("delay"),
            seed: get("seed"),
            acknowledged: get("acknowledged"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::engine::mix::Endpoint;
    use super::*;

    #[test]
    fn a_refused_form_survives_the_way_through_the_query() {
        let form = StartForm {
            scenario: Some("peak".into()),
            duration: Some("ten & a half\r\n".into()),
            acknowledged: Some("true".into()),
            ..StartForm::default()
        };
        let address = form.refused("input");
        assert_eq!(address, "/?refused=input&scenario=peak&duration=ten%20%26%20a%20half%0D%0A&acknowledged=true");
    }

    #[test]
    fn a_run_can_be_set_up_again_from_its_settings() {
        let settings = Settings {
            scenario: Scenario::LatencyDegradation,
            duration: 45,
            max_rps: 7,
            endpoints: Endpoints::some(&[Endpoint::List, Endpoint::Get]).expect("two"),
            seed: 9,
            delay: Delay::Server,
        };
        let address = StartForm::again(&settings);
        assert_eq!(
            address,
            "/?again=true&scenario=latency-degradation&duration=45&maxRps=7&endpoints=list%2Cget&delay=server&seed=9"
        );
        let pairs: Vec<(&str, String)> = address[2..]
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(k, v)| (k, v.replace("%2C", ",")))
            .collect();
        let get = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
        let form = StartForm::from_query(get).expect("carried");
        assert_eq!(super::validation::settings(&form.fields(), 20, || 0), Ok(settings));
    }
}
